use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Text, Value};

/// A map with text keys, sorted by their bytes. Clones share the entries: what is set through one is seen by all.
#[derive(Clone)]
pub struct Map {
    entries: Rc<RefCell<BTreeMap<Text, Value>>>,
    kind: MapKind,
    nil: bool,
}

/// Go's type of a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapKind {
    /// `map[string]interface {}`.
    #[default]
    Any,
    /// `map[string]string`.
    Text,
    /// A type of this name that is defined as `map[string]interface {}`, and may stand where that is asked for.
    Named(&'static str),
}

impl MapKind {
    /// The name of the type.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Any => "map[string]interface {}",
            Self::Text => "map[string]string",
            Self::Named(name) => name,
        }
    }

    /// What an absent key gives.
    pub fn zero(self) -> Value {
        match self {
            Self::Any | Self::Named(_) => Value::Nil,
            Self::Text => Value::Text(Text::default()),
        }
    }
}

impl Map {
    /// A map of the kind `map[string]interface {}`.
    pub fn new(entries: BTreeMap<Text, Value>) -> Self {
        Self::of_kind(MapKind::Any, entries)
    }

    /// A map of some kind.
    pub fn of_kind(kind: MapKind, entries: BTreeMap<Text, Value>) -> Self {
        Self { entries: Rc::new(RefCell::new(entries)), kind, nil: false }
    }

    /// A nil map, which is empty and is written as `null` where JSON is written.
    pub fn nil() -> Self {
        Self { nil: true, ..Self::default() }
    }

    /// Whether it is a nil map.
    pub fn is_nil(&self) -> bool {
        self.nil
    }

    /// Its kind.
    pub fn kind(&self) -> MapKind {
        self.kind
    }

    /// The same entries, under another name of their type.
    pub fn named(&self, kind: MapKind) -> Self {
        Self { entries: Rc::clone(&self.entries), kind, nil: self.nil }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.entries.borrow().get(key).cloned()
    }

    /// Whether a key is there.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.entries.borrow().contains_key(key)
    }

    /// Sets a key for everybody who has this map.
    pub fn set(&self, key: Text, value: Value) {
        // What was there before is dropped after the borrow has ended.
        let _before = self.entries.borrow_mut().insert(key, value);
    }

    /// Removes a key for everybody who has this map.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.entries.borrow_mut().remove(key)
    }

    /// Removes all.
    pub fn clear(&self) {
        let _before = std::mem::take(&mut *self.entries.borrow_mut());
    }

    /// The keys in order.
    pub fn keys(&self) -> Vec<Text> {
        self.entries.borrow().keys().cloned().collect()
    }

    /// The entries in order.
    pub fn entries(&self) -> Vec<(Text, Value)> {
        self.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Whether both are one map, not only equal.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.entries, &other.entries)
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

impl FromIterator<(Text, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(entries: I) -> Self {
        Self::new(entries.into_iter().collect())
    }
}
