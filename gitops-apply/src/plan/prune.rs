//! What may be deleted: only what is listed, owned, the same object, agreed to, and not too much at once.

use gitops_core::annotations::HELM_RESOURCE_POLICY;
use gitops_core::{Object, ObjectId};

use super::{KeptRule, PlanOptions, PlanTarget};
use crate::hook;
use crate::inventory::Entry;
use crate::tracking::Owner;

/// Kinds whose deletion takes more with it than the object, and so needs explicit consent.
const CONSENT: [(&str, &str); 3] =
    [("", "Namespace"), ("", "PersistentVolume"), ("apiextensions.k8s.io", "CustomResourceDefinition")];

/// What was agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Consent {
    /// Namespaces, PersistentVolumes and CustomResourceDefinitions may be deleted.
    pub cluster_kinds: bool,
    /// Deletions that are marked `Prune=confirm` were confirmed.
    pub confirmed: bool,
}

/// How much may be deleted in one sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// Objects.
    pub count: usize,
    /// Hundredths of what the inventory lists.
    pub percent: usize,
    /// Below so many objects, the share does not count.
    pub percent_from: usize,
}

impl Default for Budget {
    /// 100 objects, and of more than 10 at most half of the inventory.
    fn default() -> Self {
        Self { count: 100, percent: 50, percent_from: 10 }
    }
}

impl Budget {
    /// A budget of so many objects, whatever their share.
    pub fn of(count: usize) -> Self {
        Self { count, percent: 100, percent_from: usize::MAX }
    }

    /// Why deleting `deletions` of `listed` objects is too much; none where it is not.
    pub fn refuses(&self, deletions: usize, listed: usize) -> Option<String> {
        if deletions > self.count {
            return Some(format!("{deletions} objects would be deleted, more than the {} allowed", self.count));
        }
        if deletions > self.percent_from && deletions * 100 > listed * self.percent {
            let share = format!("more than the {} % allowed", self.percent);
            return Some(format!("{deletions} of {listed} objects would be deleted, {share}"));
        }
        None
    }
}

/// What is to be judged: one listed object that the source no longer has.
pub(super) struct Judged<'a> {
    pub(super) target: &'a PlanTarget,
    pub(super) entry: &'a Entry,
    pub(super) live: &'a Object,
    pub(super) options: &'a PlanOptions,
}

/// What becomes of an object that the source no longer has.
pub(super) enum Verdict {
    /// It is deleted, where it has this UID.
    Delete {
        /// The UID.
        uid: String,
        /// Whether that waits for a confirmation.
        unconfirmed: bool,
    },
    /// It stays, by this rule and for this reason.
    Keep(KeptRule, String),
}

/// Whether a listed object that the source no longer has may be deleted: its UID, or why it stays.
pub(super) fn judge(judged: &Judged<'_>) -> Verdict {
    let Judged { target, entry, live, options } = *judged;
    let option = if options.deletion { "Delete" } else { "Prune" };
    if let Some(reason) = options.forbidden.get(&live.id()) {
        return Verdict::Keep(KeptRule::NotOurs, reason.clone());
    }
    let owned = owned(target, entry, live, options.deletion);
    let uid = match owned {
        Err(reason) => return Verdict::Keep(KeptRule::NotOurs, reason),
        Ok(uid) => uid.to_owned(),
    };
    if !options.prune {
        return Verdict::Keep(KeptRule::PruningOff, "pruning is off".into());
    }
    let own = hook::option(live, option);
    let value = own.or_else(|| options.sync_options.value(option));
    if value == Some("false") {
        let whose = if own.is_some() { "its annotation says" } else { "the application's sync options say" };
        return Verdict::Keep(KeptRule::Option, format!("{whose} that it is not deleted (`{option}=false`)"));
    }
    if needs_consent(&live.id()) && !options.consent.cluster_kinds {
        return Verdict::Keep(KeptRule::NotOurs, format!("deleting a {} needs explicit consent", live.kind()));
    }
    let unconfirmed = value == Some("confirm") && !options.consent.confirmed;
    if unconfirmed && !options.await_confirmation {
        let reason = format!("its deletion waits for confirmation (`{option}=confirm`)");
        return Verdict::Keep(KeptRule::Unconfirmed, reason);
    }
    Verdict::Delete { uid, unconfirmed }
}

/// Whether nothing protects an object, looked at again before it is deleted: an object can change hands without changing
/// its UID, and be protected after the plan was made.
pub(crate) fn unprotected(target: &PlanTarget, entry: &Entry, live: &Object, deletion: bool) -> Result<(), String> {
    owned(target, entry, live, deletion)?;
    let option = if deletion { "Delete=false" } else { "Prune=false" };
    match hook::has_option(live, option) {
        true => Err(format!("its annotation says that it is not deleted (`{option}`)")),
        false => Ok(()),
    }
}

/// What has to be true of the object itself, whatever was agreed to: this application owns it, it is the one that was
/// applied, and it is no hook; what hooks left goes with their application. Gives the UID, or why the object stays.
fn owned<'a>(target: &PlanTarget, entry: &Entry, live: &'a Object, deletion: bool) -> Result<&'a str, String> {
    match target.owner_of(live) {
        Owner::Ours => {}
        Owner::Nobody => return Err("it no longer carries this application's mark".into()),
        Owner::Other(other) => return Err(format!("it belongs to the application `{other}`")),
    }
    let Some(uid) = live.uid() else { return Err("it has no UID".into()) };
    if entry.uid.as_deref().is_some_and(|known| known != uid) {
        return Err("it is another object than the one that was applied: the UID differs".into());
    }
    if !deletion && hook::role(live) != hook::Role::Resource {
        return Err("it is a hook, and hooks are deleted by their own policy only".into());
    }
    if live.annotation(HELM_RESOURCE_POLICY) == Some("keep") {
        return Err("its Helm resource policy is `keep`".into());
    }
    Ok(uid)
}

fn needs_consent(id: &ObjectId) -> bool {
    CONSENT.iter().any(|(group, kind)| id.group == *group && id.kind == *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_bound_count_and_share() {
        let budget = Budget::default();
        assert_eq!(budget.refuses(5, 5), None);
        assert_eq!(budget.refuses(50, 100), None);
        assert!(budget.refuses(51, 100).is_some_and(|words| words.contains("50 %")));
        assert!(budget.refuses(101, 1_000).is_some_and(|words| words.contains("101")));
        assert_eq!(Budget::of(3).refuses(3, 3), None);
        assert_eq!(Budget::of(3).refuses(3, 0), None, "the share of nothing does not count");
        assert!(Budget::of(3).refuses(4, 100).is_some());
    }
}
