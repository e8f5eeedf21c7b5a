//! Where a rule reads a value.

use gitops_core::{Object, Value};

/// A value's place.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) base: Base,
    pub(super) keys: Vec<Key>,
}

#[derive(Debug)]
pub(super) enum Base {
    Object,
    /// The item of the n-th `each` from the inside.
    Item(usize),
    /// The first condition of a type.
    Condition(String),
}

#[derive(Debug)]
pub(super) enum Key {
    Name(String),
    First,
    Last,
}

/// What a test compares.
#[derive(Debug)]
pub(super) enum Operand {
    Value(Path),
    Length(Path),
    Sum(Vec<Path>),
    Number(f64),
}

/// What paths are read from.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) object: &'a Object,
    /// The items of the blocks around, the innermost last.
    pub(super) items: Vec<&'a Value>,
}

impl Path {
    /// The value; none where it is absent or null.
    pub(super) fn read<'a>(&self, scope: &Scope<'a>) -> Option<&'a Value> {
        let (start, keys) = match &self.base {
            Base::Object => {
                let (first, rest) = self.keys.split_first()?;
                let Key::Name(first) = first else { return None };
                (scope.object.body().get(first)?, rest)
            }
            Base::Item(depth) => {
                let index = scope.items.len().checked_sub(depth + 1)?;
                (*scope.items.get(index)?, self.keys.as_slice())
            }
            Base::Condition(kind) => (condition(scope.object, kind)?, self.keys.as_slice()),
        };
        keys.iter().try_fold(start, |value, key| key.read(value)).filter(|value| !value.is_null())
    }

    /// The path read as what is compared: of a condition without a field, its status.
    pub(super) fn compared<'a>(&self, scope: &Scope<'a>) -> Option<&'a Value> {
        match self.base {
            Base::Condition(_) if self.keys.is_empty() => self.read(scope)?.get("status"),
            _ => self.read(scope),
        }
    }
}

impl Key {
    fn read<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Name(name) => value.get(name),
            Self::First => value.as_array()?.first(),
            Self::Last => value.as_array()?.last(),
        }
    }
}

impl Operand {
    /// The value of a plain path.
    pub(super) fn value<'a>(&self, scope: &Scope<'a>) -> Option<&'a Value> {
        match self {
            Self::Value(path) => path.compared(scope),
            _ => None,
        }
    }

    /// The number; 0 where it is absent.
    pub(super) fn number(&self, scope: &Scope<'_>) -> f64 {
        let read = |path: &Path| path.read(scope).and_then(Value::as_f64).unwrap_or(0.0);
        match self {
            Self::Value(path) => read(path),
            Self::Length(path) => path.read(scope).map_or(0.0, |value| length(value) as f64),
            Self::Sum(paths) => paths.iter().map(read).sum(),
            Self::Number(number) => *number,
        }
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        Value::String(text) => text.len(),
        _ => 0,
    }
}

fn condition<'a>(object: &'a Object, kind: &str) -> Option<&'a Value> {
    let conditions = object.get(&["status", "conditions"])?.as_array()?;
    conditions.iter().find(|condition| condition.get("type").is_some_and(|found| found == kind))
}
