//! Reading of status fields.

use gitops_core::{Object, Value};

/// An integer; 0 where it is absent.
pub(super) fn integer(object: &Object, path: &[&str]) -> i64 {
    integer_at(object, path).unwrap_or(0)
}

/// An integer where there is one.
pub(super) fn integer_at(object: &Object, path: &[&str]) -> Option<i64> {
    object.get(path).and_then(Value::as_i64)
}

/// One condition of a status.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition<'a> {
    pub(super) kind: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

impl<'a> Condition<'a> {
    pub(super) fn is_true(&self) -> bool {
        self.status == "True"
    }

    pub(super) fn read(value: &'a Value) -> Self {
        let text = |field| value.get(field).and_then(Value::as_str).unwrap_or_default();
        Self { kind: text("type"), status: text("status"), reason: text("reason"), message: text("message") }
    }
}

/// The conditions of a status, in their order.
pub(super) fn conditions(object: &Object) -> impl Iterator<Item = Condition<'_>> {
    let list = object.get(&["status", "conditions"]).and_then(Value::as_array);
    list.into_iter().flatten().map(Condition::read)
}

/// The condition of a type.
pub(super) fn condition<'a>(object: &'a Object, kind: &str) -> Option<Condition<'a>> {
    conditions(object).find(|condition| condition.kind == kind)
}

/// The values of a list.
pub(super) fn list<'a>(object: &'a Object, path: &[&str]) -> impl Iterator<Item = &'a Value> {
    object.get(path).and_then(Value::as_array).into_iter().flatten()
}
