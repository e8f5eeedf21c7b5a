//! What is written down of a difference: values, owner and reason.

use gitops_core::Value;

use super::reach;
use super::walk::Walk;
use crate::owners::{self, Entry, Share};
use crate::path::Step;
use crate::{FieldDiff, FieldPath, Reason, Shown};

impl<'a> Walk<'a> {
    /// Notes that the field at hand differs.
    pub(super) fn report(&mut self, old: Option<&Value>, new: Option<&Value>) {
        let shown = |value: &Value| Shown::Value(value.clone());
        self.report_shown(old.is_some(), new.is_some(), || (old.map(shown), new.map(shown)));
    }

    /// Notes that a value of a Secret differs.
    pub(super) fn report_secret(&mut self, is_live: bool, is_wanted: bool) {
        let shown = |is_there: bool| is_there.then_some(Shown::Secret);
        self.report_shown(is_live, is_wanted, || (shown(is_live), shown(is_wanted)));
    }

    fn report_shown(&mut self, is_live: bool, is_wanted: bool, shown: impl FnOnce() -> (Option<Shown>, Option<Shown>)) {
        if self.found.len() >= self.context.budget.fields {
            self.left_out += 1;
            return;
        }
        let owners = self.owners.of(&self.steps);
        if owners.iter().any(|owner| self.ignored.is_trusted(owner.manager)) {
            return;
        }
        let reason = self.reason(&owners, is_live, is_wanted);
        if reason == Reason::Server && !self.context.server_changes {
            return;
        }
        let (old, new) = shown();
        let mut field = FieldDiff::new(FieldPath::of(&self.steps), reason, old, new);
        if is_live {
            field.owner = joined(&owners);
        }
        self.found.push(field);
    }

    fn reason(&self, owners: &[Entry<'_>], is_live: bool, is_wanted: bool) -> Reason {
        let own = owners.iter().any(|owner| owner.own);
        let predicted = self.context.predicted.is_some();
        let by_server = self.context.predicted_by_server;
        let from_server = predicted && by_server && !self.is_desired();
        match (is_live, is_wanted) {
            (true, false) if own || predicted && !by_server => Reason::NoLongerInSource,
            _ if from_server => Reason::Server,
            (false, _) => Reason::Missing,
            (true, _) if own => Reason::ChangedInSource,
            (true, _) if owners.is_empty() => Reason::Unowned,
            (true, _) => Reason::Drifted { managers: names(owners) },
        }
    }

    /// Whether the source says something of the field at hand.
    fn is_desired(&self) -> bool {
        match self.steps.as_slice() {
            [Step::Field("data"), Step::Field(key)] if self.desired.is_secret() => {
                self.desired.secret_data().contains_key(*key)
            }
            [Step::Field(first), rest @ ..] => {
                let value = self.desired.body().get(*first);
                value.and_then(|value| reach::value(value, rest)).is_some_and(|value| !value.is_null())
            }
            _ => self.steps.is_empty(),
        }
    }
}

fn names(owners: &[Entry<'_>]) -> Vec<String> {
    let mut names: Vec<String> = owners.iter().map(|owner| owner.manager.to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

fn joined(owners: &[Entry<'_>]) -> Option<String> {
    (!owners.is_empty()).then(|| names(owners).join(", "))
}

impl Walk<'_> {
    /// Whether another manager owns at least so much of the field at hand.
    pub(super) fn is_shared(&self, least: Share) -> bool {
        let others = self.owners.entries().filter(|entry| !entry.own);
        others.filter_map(|entry| owners::share(entry.fields, &self.steps)).any(|share| share >= least)
    }
}
