//! The payload of Secrets: which keys differ, never how.

use std::collections::BTreeMap;

use gitops_core::{Secret, Value};

use super::walk::Walk;
use crate::owners;
use crate::path::Step;

/// The values that the API server stores of a Secret, `stringData` folded into `data`.
pub(super) type Payload = BTreeMap<String, Secret<Value>>;

/// Compares two payloads; those of other kinds are empty.
pub(super) fn compare<'a>(walk: &mut Walk<'a>, want: &'a Payload, have: &'a Payload) {
    for (key, value) in want {
        let live = have.get(key);
        let same = live.is_some_and(|live| live == value || (is_empty(live) && is_empty(value)));
        if !same {
            at(walk, key, (live.is_some(), true));
        }
    }
    for key in have.keys().filter(|key| !want.contains_key(*key)) {
        if walk.context.predicted.is_some() || is_ours(walk, key) {
            at(walk, key, (true, false));
        }
    }
}

/// Null is stored as no bytes.
fn is_empty(value: &Secret<Value>) -> bool {
    *value == Secret::new(Value::Null) || *value == Secret::new("".into())
}

fn at<'a>(walk: &mut Walk<'a>, key: &'a str, (is_live, is_wanted): (bool, bool)) {
    if !walk.ignored.has_secret(key) {
        walk.below(Step::Field("data"), |walk| {
            walk.below(Step::Field(key), |walk| walk.report_secret(is_live, is_wanted));
        });
    }
}

/// Whether the engine set the key and nobody else did. Who owns it in `stringData` owns nothing that is stored: an apply that
/// leaves it out leaves it where it is.
fn is_ours(walk: &Walk<'_>, key: &str) -> bool {
    let place = [Step::Field("data"), Step::Field(key)];
    let owners = walk.owners.entries().filter(|entry| owners::share(entry.fields, &place).is_some());
    let mut owners = owners.peekable();
    owners.peek().is_some() && owners.all(|owner| owner.own)
}
