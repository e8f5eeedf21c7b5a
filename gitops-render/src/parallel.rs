//! Work on many independent items, spread over the machine's cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads beyond which rendering gains nothing.
const MAX_THREADS: usize = 16;

/// Applies a function to every item and gives the results in the items' order. Few items are done on this thread.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], worth_a_thread: usize, apply: impl Fn(&T) -> R + Sync) -> Vec<R> {
    // How many cores there are is read from several files: it is asked only where it matters.
    let useful = (items.len() / worth_a_thread.max(1)).min(MAX_THREADS);
    let threads = if useful > 1 { thread::available_parallelism().map_or(1, NonZero::get).min(useful) } else { 1 };
    if threads == 1 {
        return items.iter().map(apply).collect();
    }
    let next = AtomicUsize::new(0);
    let chunk = (items.len() / (threads * 8)).max(1);
    let work = || {
        let mut done = Vec::new();
        loop {
            let start = next.fetch_add(chunk, Ordering::Relaxed);
            let Some(batch) = items.get(start..items.len().min(start.saturating_add(chunk))).filter(|b| !b.is_empty())
            else {
                return done;
            };
            done.push((start, batch.iter().map(&apply).collect::<Vec<R>>()));
        }
    };
    let mut batches = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut batches = work();
        for worker in workers {
            match worker.join() {
                Ok(done) => batches.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        batches
    });
    batches.sort_by_key(|(start, _)| *start);
    batches.into_iter().flat_map(|(_, results)| results).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(super::map(&items, 10, |item| item * 2), (0..1000).map(|item| item * 2).collect::<Vec<_>>());
        assert_eq!(super::map(&[0usize; 0], 10, |item| *item), Vec::<usize>::new());
    }
}
