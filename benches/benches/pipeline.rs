//! Render, diff, apply and the whole way to a plan, at the sizes that the project promises figures for.

#![expect(clippy::unwrap_used, reason = "a bench that cannot make its input fails")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use gitops_benches::{carried_out, cluster, desired, live, planned, rendered, tree};
use gitops_diff::{DiffContext, diff};
use gitops_merge::schema::Kinds;
use mimalloc::MiMalloc;

/// The allocator of `gitops`, whose work this is.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const OBJECTS: usize = 10_000;

fn render(criterion: &mut Criterion) {
    let tree = Arc::new(tree(OBJECTS));
    let mut group = criterion.benchmark_group("render");
    group.sample_size(10).throughput(Throughput::Elements(OBJECTS as u64));
    group.bench_function("10k Deployments of a directory", |bencher| bencher.iter(|| rendered(&tree).unwrap()));
    group.finish();
}

fn differences(criterion: &mut Criterion) {
    let kinds = Kinds::builtin().unwrap();
    let context = DiffContext::new().with_kinds(&kinds);
    let wanted = desired(rendered(&Arc::new(tree(1_000))).unwrap()).unwrap();
    let mut group = criterion.benchmark_group("diff");
    group.sample_size(20).throughput(Throughput::Elements(1_000));
    for (name, changed) in [("in sync", false), ("one field differs", true)] {
        let live = live(&wanted, |_| changed).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for (id, one) in &wanted.resources {
                    black_box(diff(&one.object, live.get(id), &context).unwrap());
                }
            });
        });
    }
    group.finish();
}

fn pipeline(criterion: &mut Criterion) {
    let kinds = Kinds::builtin().unwrap();
    let context = DiffContext::new().with_kinds(&kinds);
    let tree = Arc::new(tree(OBJECTS));
    let seen = live(&desired(rendered(&tree).unwrap()).unwrap(), |number| number % 10 == 0).unwrap();
    let mut group = criterion.benchmark_group("pipeline");
    group.sample_size(10).throughput(Throughput::Elements(OBJECTS as u64));
    group.bench_function("render, diff and plan 10k Deployments", |bencher| {
        bencher.iter_batched(
            || (),
            |()| {
                let wanted = desired(rendered(&tree).unwrap()).unwrap();
                planned(&wanted, &seen, &context).unwrap()
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Planning and executing on an embedded cluster in memory: created from nothing, then nothing to do.
fn apply(criterion: &mut Criterion) {
    const APPLIED: usize = 500;
    let kinds = Kinds::builtin().unwrap();
    let context = DiffContext::new().with_kinds(&kinds);
    let wanted = desired(rendered(&Arc::new(tree(APPLIED))).unwrap()).unwrap();
    let mut group = criterion.benchmark_group("apply");
    group.sample_size(10).throughput(Throughput::Elements(APPLIED as u64));
    group.bench_function("create 500 Deployments", |bencher| {
        bencher.iter_batched(
            || cluster().unwrap(),
            |cluster| assert_eq!(carried_out(&wanted, &cluster, &context).unwrap(), APPLIED),
            BatchSize::PerIteration,
        );
    });
    let applied = cluster().unwrap();
    carried_out(&wanted, &applied, &context).unwrap();
    group.bench_function("find nothing to do for 500 Deployments", |bencher| {
        bencher.iter(|| assert_eq!(carried_out(&wanted, &applied, &context).unwrap(), 0));
    });
    group.finish();
}

criterion_group!(benches, render, differences, pipeline, apply);
criterion_main!(benches);
