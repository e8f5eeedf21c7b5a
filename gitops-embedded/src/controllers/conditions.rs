//! Conditions in a status.

use gitops_core::Value;
use serde_json::json;

use crate::server::text;

/// The status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Yes,
    No,
    Unknown,
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// A condition as a stand-in wants it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition<'a> {
    pub(super) kind: &'a str,
    pub(super) holds: Holds,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

impl<'a> Condition<'a> {
    pub(super) fn new(kind: &'a str, holds: impl Into<Holds>, reason: &'a str, message: &'a str) -> Self {
        Self { kind, holds: holds.into(), reason, message }
    }

    /// The condition with its times: the one of the last transition stays while the status stays, and the field
    /// `stamp`, where the kind has one, while the reason does too.
    pub(super) fn write(self, object: &Value, now: &str, stamp: Option<&str>) -> Value {
        let status = match self.holds {
            Holds::Yes => "True",
            Holds::No => "False",
            Holds::Unknown => "Unknown",
        };
        let held = find(object, self.kind);
        let same = held.filter(|held| text(held, "/status") == status);
        let moved = same.map_or(now, |held| text(held, "/lastTransitionTime"));
        let mut out = json!({"type": self.kind, "status": status, "lastTransitionTime": moved});
        let Some(map) = out.as_object_mut() else { return out };
        for (field, value) in [("reason", self.reason), ("message", self.message)] {
            if !value.is_empty() {
                map.insert(field.to_owned(), Value::from(value));
            }
        }
        if let Some(stamp) = stamp {
            let unmoved = same.filter(|held| text(held, "/reason") == self.reason);
            let time = unmoved.and_then(|held| held.get(stamp)).cloned().unwrap_or_else(|| Value::from(now));
            map.insert(stamp.to_owned(), time);
        }
        out
    }
}

/// A condition of an object.
pub(super) fn find<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array)?;
    conditions.iter().find(|condition| text(condition, "/type") == kind)
}

/// Whether a condition of an object holds.
pub(super) fn holds(object: &Value, kind: &str) -> bool {
    find(object, kind).is_some_and(|condition| text(condition, "/status") == "True")
}
