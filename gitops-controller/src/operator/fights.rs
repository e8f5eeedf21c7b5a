//! Fields that somebody else sets again each time that they are put right: pure bookkeeping over times that are given.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use gitops_core::{ObjectId, Timestamp};
use gitops_diff::{DiffKind, ObjectDiff, Reason};
use jiff::SignedDuration;

use super::queue::Key;

/// So many reversals of one field are a fight,
const REVERSALS: usize = 3;
/// where they lie within this time.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// An object that is fought over is written once in this time.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// Fields of one Application that are remembered; those beyond are not watched.
const MAX_FIELDS: usize = 10_000;

/// What was put right of each Application.
#[derive(Debug, Default)]
pub(super) struct Fights {
    applications: HashMap<Key, BTreeMap<Field, Reversals>>,
}

/// A field of an object.
type Field = (ObjectId, String);

#[derive(Debug, Default)]
struct Reversals {
    /// The last ones, at most as many as make a fight.
    times: VecDeque<Timestamp>,
    /// When they became too many.
    onset: Option<Timestamp>,
    managers: BTreeSet<String>,
}

impl Fights {
    /// Fields that others have set are put right now.
    pub(super) fn note<'a>(
        &mut self,
        application: &Key,
        diffs: impl IntoIterator<Item = &'a ObjectDiff>,
        now: Timestamp,
    ) {
        let known = self.applications.entry(application.clone()).or_default();
        for (field, managers) in diffs.into_iter().flat_map(drifted) {
            if known.len() >= MAX_FIELDS && !known.contains_key(&field) {
                continue;
            }
            let reversals = known.entry(field).or_default();
            reversals.managers.extend(managers.iter().cloned());
            reversals.times.push_back(now);
            if reversals.times.len() > REVERSALS {
                reversals.times.pop_front();
            }
            if reversals.times.len() == REVERSALS && reversals.times.front().is_some_and(|first| recent(*first, now)) {
                reversals.onset.get_or_insert(now);
            }
        }
    }

    /// What is fought over, in words: the field, the manager, and since when.
    pub(super) fn words(&mut self, application: &Key, now: Timestamp) -> Vec<String> {
        let Some(known) = self.applications.get_mut(application) else { return Vec::new() };
        known.retain(|_, reversals| reversals.times.back().is_some_and(|last| recent(*last, now)));
        let fought = known.iter().filter_map(|((object, field), reversals)| {
            let onset = reversals.onset?.strftime("%Y-%m-%dT%H:%M:%SZ");
            let managers = reversals.managers.iter().map(String::as_str).collect::<Vec<_>>().join("`, `");
            Some(format!(
                "`{managers}` keeps setting `{field}` of `{object}` since {onset}: it is put right once a minute"
            ))
        });
        fought.collect()
    }

    /// When an object that is fought over may be written next; none where it may be now.
    pub(super) fn pause(&self, application: &Key, object: &ObjectId, now: Timestamp) -> Option<Timestamp> {
        let known = self.applications.get(application)?;
        let fought = known.iter().filter(|((of, _), reversals)| of == object && reversals.onset.is_some());
        let last = fought.filter_map(|(_, reversals)| reversals.times.back()).max()?;
        last.checked_add(PAUSE).ok().filter(|next| *next > now)
    }

    /// An Application is gone.
    pub(super) fn forget(&mut self, application: &Key) {
        self.applications.remove(application);
    }
}

/// The fields of an object that others have set, and who did.
fn drifted(diff: &ObjectDiff) -> impl Iterator<Item = (Field, &Vec<String>)> {
    let fields = diff.fields.iter().filter(|_| diff.kind == DiffKind::Update);
    fields.filter_map(|field| match &field.reason {
        Reason::Drifted { managers } => Some(((diff.id.id.clone(), field.path.to_string()), managers)),
        _ => None,
    })
}

fn recent(time: Timestamp, now: Timestamp) -> bool {
    now.duration_since(time) <= WINDOW
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn diff() -> ObjectDiff {
        serde_json::from_value(json!({
            "id": ObjectId::new("apps", "Deployment", Some("shop"), "web").at_version("v1"),
            "kind": "Update",
            "fields": [
                {"path": {"pointer": "/spec/replicas", "text": ".spec.replicas"}, "change": "Changed", "owner": "scaler", "reason": {"drifted": {"managers": ["scaler"]}}},
                {"path": {"pointer": "/spec/paused", "text": ".spec.paused"}, "change": "Added", "reason": "changedInSource"},
            ],
        }))
        .unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn three_reversals_within_ten_minutes_are_a_fight() {
        let (mut fights, web, diff) = (Fights::default(), Key::new("argocd", "web"), diff());
        fights.note(&web, [&diff], at(0));
        fights.note(&web, [&diff], at(590));
        assert_eq!((fights.words(&web, at(595)).len(), fights.pause(&web, &diff.id.id, at(595))), (0, None));
        fights.note(&web, [&diff], at(600));
        let words = fights.words(&web, at(601));
        assert_eq!(words.len(), 1);
        assert!(
            words[0].contains("`scaler` keeps setting `.spec.replicas` of")
                && words[0].contains("1970-01-01T00:10:00Z")
        );
        assert_eq!(fights.pause(&web, &diff.id.id, at(610)), Some(at(660)));
        assert_eq!(fights.pause(&web, &diff.id.id, at(660)), None);
        // Ten minutes of peace end it.
        assert_eq!(fights.words(&web, at(1201)), Vec::<String>::new());
        assert_eq!(fights.pause(&web, &diff.id.id, at(1201)), None);
    }

    #[test]
    fn reversals_that_lie_far_apart_are_none() {
        let (mut fights, web, diff) = (Fights::default(), Key::new("argocd", "web"), diff());
        for second in [0, 400, 800, 1200, 1600] {
            fights.note(&web, [&diff], at(second));
        }
        assert_eq!(fights.words(&web, at(1601)), Vec::<String>::new());
        fights.forget(&web);
        assert_eq!(fights.pause(&web, &diff.id.id, at(1601)), None);
    }
}
