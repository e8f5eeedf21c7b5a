//! One step of a path into an object.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use crate::value;

/// The keys of an item in a list-map, sorted by name.
#[derive(Debug, Clone)]
pub struct Keys(Vec<(String, Value)>);

impl Keys {
    /// Keys from names and values in any order.
    #[must_use]
    pub fn new(mut pairs: Vec<(String, Value)>) -> Self {
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        Self(pairs)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The value of one key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// How one child is chosen from what holds it.
#[derive(Debug, Clone)]
pub enum PathElement {
    /// A field of a map.
    Field(String),
    /// The item of a list-map with these keys.
    Key(Keys),
    /// The item of a set with this value.
    Value(Value),
    /// The item of a list at this index.
    Index(i64),
}

impl PathElement {
    /// A field by its name.
    #[must_use]
    pub fn field(name: impl Into<String>) -> Self {
        Self::Field(name.into())
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => compare_keys(&a.0, &b.0),
            (Self::Value(a), Self::Value(b)) => value::compare(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn compare_keys(left: &[(String, Value)], right: &[(String, Value)]) -> Ordering {
    for (a, b) in left.iter().zip(right) {
        let order = a.0.cmp(&b.0).then_with(|| value::compare(&a.1, &b.1));
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for PathElement {}

impl fmt::Display for PathElement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(formatter, ".{name}"),
            Self::Key(keys) => {
                formatter.write_str("[")?;
                for (position, (name, value)) in keys.iter().enumerate() {
                    let comma = if position > 0 { "," } else { "" };
                    write!(formatter, "{comma}{name}={}", value::display(value))?;
                }
                formatter.write_str("]")
            }
            Self::Value(value) => write!(formatter, "[={}]", value::display(value)),
            Self::Index(index) => write!(formatter, "[{index}]"),
        }
    }
}
