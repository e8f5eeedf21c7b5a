//! Keeping the number of updaters small.

use jiff::Timestamp;

use crate::managed::{Managed, Manager, Operation};

/// More updaters than this are merged, the oldest first.
const MAX_UPDATERS: usize = 10;
const BUCKET: &str = "ancient-changes";

/// Merges the oldest updaters, version by version, into one named `ancient-changes`.
pub(super) fn cap(managed: &mut Managed) {
    let mut updaters: Vec<(i64, Manager)> = managed
        .iter()
        .filter(|(manager, _)| manager.operation == Operation::Update)
        .map(|(manager, entry)| (entry.time.map_or(0, Timestamp::as_second), manager.clone()))
        .collect();
    let mut count = updaters.len();
    if count <= MAX_UPDATERS {
        return;
    }
    updaters.sort();
    let mut firsts: Vec<Manager> = Vec::new();
    for (_, manager) in updaters {
        if count <= MAX_UPDATERS {
            return;
        }
        let Some(first) = firsts.iter().find(|first| first.api_version == manager.api_version) else {
            firsts.push(manager);
            continue;
        };
        let bucket = Manager::updater(BUCKET, &manager.api_version, "");
        let (Some(entry), Some(mut gathered)) =
            (managed.remove(&manager), managed.remove(&bucket).or_else(|| managed.remove(first)))
        else {
            continue;
        };
        gathered.set.extend(&entry.set);
        gathered.time = entry.time;
        managed.insert(bucket, gathered);
        count -= 1;
    }
}
