//! The tables of a document while it is read, and which of them were only named on the way to others.

use std::collections::{HashMap, HashSet};

use super::joined_key;
use crate::value::{Element, List, Map, Text, Value};

/// Go's name of the elements of an array of tables.
const TABLES: Element = Element::Named("map[string]interface {}");

/// What keys hold, as far as it decides whether they may be set again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Array,
    Other,
}

#[derive(Default)]
pub(super) struct Tables {
    pub(super) root: Map,
    /// The key of the table that is being filled.
    pub(super) context: Vec<Text>,
    holds: HashMap<Vec<u8>, Holds>,
    implicit: HashSet<Vec<u8>>,
}

fn shown(key: &[Text]) -> String {
    String::from_utf8_lossy(&joined_key(key)).into_owned()
}

/// The table in a value: the last one of an array of them.
fn table(value: &Value) -> Option<Map> {
    match value {
        Value::Map(map) => Some(map.clone()),
        Value::List(list) if list.element() == TABLES => list.last()?.as_map().cloned(),
        _ => None,
    }
}

impl Tables {
    pub(super) fn hold(&mut self, key: Option<&Text>, holds: Holds) {
        let key: Vec<Text> = self.context.iter().chain(key).cloned().collect();
        self.holds.insert(joined_key(&key), holds);
    }

    pub(super) fn name(&mut self, key: &[Text]) {
        self.implicit.insert(joined_key(key));
    }

    /// Opens a table, one more of an array of tables if it is one, and those on the way to it.
    pub(super) fn open(&mut self, key: &[Text], array: bool) -> Result<(), String> {
        let Some((last, parents)) = key.split_last() else { return Ok(()) };
        let mut into = self.root.clone();
        for (index, part) in parents.iter().enumerate() {
            let way = key.get(..=index).unwrap_or_default();
            let found = into.get(part).unwrap_or_else(|| {
                self.name(way);
                let made = Value::Map(Map::default());
                into.set(part.clone(), made.clone());
                made
            });
            into = table(&found).ok_or_else(|| format!("Key '{}' was already created as a hash.", shown(way)))?;
        }
        self.context = parents.to_vec();
        if array {
            let mut tables = match into.remove(last) {
                None => Vec::new(),
                Some(Value::List(list)) if list.element() == TABLES => list.into_vec(),
                Some(_) => {
                    let key = shown(key);
                    return Err(format!("Key '{key}' was already created and cannot be used as an array."));
                }
            };
            tables.push(Value::Map(Map::default()));
            into.set(last.clone(), Value::List(List::of(TABLES, tables)));
        } else {
            self.set(last, Value::Map(Map::default()))?;
        }
        self.context.push(last.clone());
        Ok(())
    }

    /// Sets a key of the table that is being filled.
    pub(super) fn set(&mut self, key: &Text, value: Value) -> Result<(), String> {
        let mut into = self.root.clone();
        for (index, part) in self.context.iter().enumerate() {
            let found = into.get(part).and_then(|found| table(&found));
            into = found.ok_or_else(|| {
                let way = self.context.get(..=index).unwrap_or_default();
                format!("Key '{}' has already been defined.", shown(way))
            })?;
        }
        if into.contains(key) {
            let full: Vec<Text> = self.context.iter().chain([key]).cloned().collect();
            let name = joined_key(&full);
            if !self.implicit.remove(&name) {
                return Err(format!("Key '{}' has already been defined.", shown(&full)));
            }
            if self.holds.get(&name) != Some(&Holds::Array) {
                return Ok(());
            }
        }
        into.set(key.clone(), value);
        Ok(())
    }
}
