//! Between JSON values and jaq's.

use std::ops::Range;

use gitops_core::{Map, Value};
use jaq_json::{Num, Val};

/// A document as jaq's value.
pub(super) fn from_map(map: &Map) -> Val {
    Val::obj(map.iter().map(|(key, value)| (text(key), from_value(value))).collect())
}

/// A value as jaq's.
pub(super) fn from_value(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(flag) => Val::Bool(*flag),
        Value::Number(number) => match number.as_i64().and_then(|number| isize::try_from(number).ok()) {
            Some(whole) => Val::Num(Num::Int(whole)),
            None => Val::Num(Num::Float(number.as_f64().unwrap_or_default())),
        },
        Value::String(value) => text(value),
        Value::Array(items) => items.iter().map(from_value).collect(),
        Value::Object(map) => from_map(map),
    }
}

fn text(text: &str) -> Val {
    Val::utf8_str(text.to_owned())
}

/// A path into a document.
pub(crate) type ValuePath = Vec<Step>;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A key of a map.
    Key(String),
    /// An item of a list, counted from its end where negative.
    Index(i64),
    /// Items of a list, from one (included) to another (excluded), as [`Step::Index`] counts.
    Range(Option<i64>, Option<i64>),
}

impl Step {
    /// The items that the token means in a list of this length. A key that is a number is an index there, as in a
    /// JSON pointer.
    pub(crate) fn items(&self, len: usize) -> Range<usize> {
        match self {
            Self::Key(key) => key.parse().map_or(0..0, |index| Self::Index(index).items(len)),
            Self::Index(index) => {
                let place = if *index < 0 { index.saturating_add(whole_len(len)) } else { *index };
                match usize::try_from(place) {
                    Ok(place) if place < len => place..place + 1,
                    _ => 0..0,
                }
            }
            Self::Range(from, to) => {
                let clamp = |bound: i64| {
                    let place = if bound < 0 { bound.saturating_add(whole_len(len)) } else { bound };
                    usize::try_from(place.clamp(0, whole_len(len))).unwrap_or(len)
                };
                let (from, to) = (from.map_or(0, clamp), to.map_or(len, clamp));
                from..to.max(from)
            }
        }
    }
}

fn whole_len(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// A path as jq gives it; none where it has a step that no JSON document has.
pub(super) fn path(value: &Val) -> Option<ValuePath> {
    let Val::Arr(steps) = value else { return None };
    steps.iter().map(token).collect()
}

fn token(step: &Val) -> Option<Step> {
    match step {
        Val::TStr(key) => Some(Step::Key(String::from_utf8(key.to_vec()).ok()?)),
        Val::Num(_) => Some(Step::Index(whole(step)?)),
        Val::Obj(range) => {
            let bound = |name: &str| match range.get(&text(name)) {
                None | Some(Val::Null) => Some(None),
                Some(bound) => whole(bound).map(Some),
            };
            Some(Step::Range(bound("start")?, bound("end")?))
        }
        _ => None,
    }
}

fn whole(value: &Val) -> Option<i64> {
    match value {
        Val::Num(Num::Int(index)) => i64::try_from(*index).ok(),
        Val::Num(Num::Float(index)) if index.is_finite() => Some(index.floor() as i64),
        _ => None,
    }
}
