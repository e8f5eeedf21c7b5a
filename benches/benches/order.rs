//! Ordering, in a process of its own: what other work leaves in the allocator decides how the items lie in memory, and of a hundred
//! thousand no cache holds all.

#![expect(clippy::unwrap_used, reason = "a bench that cannot make its input fails")]

use criterion::{Criterion, criterion_group, criterion_main};
use gitops_apply::order::order;
use gitops_benches::items;
use mimalloc::MiMalloc;

/// The allocator of `gitops`, whose work this is.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn ordering(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("order");
    group.sample_size(10);
    for count in [10_000, 100_000] {
        let items = items(count, 100);
        group.bench_function(format!("{count} resources over 100 waves"), |bencher| {
            bencher.iter(|| order(&items).unwrap())
        });
    }
    group.finish();
}

criterion_group!(benches, ordering);
criterion_main!(benches);
