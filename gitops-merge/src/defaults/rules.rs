//! Reading the table, and the paths in it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One line of the table.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) action: Action,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug)]
pub(super) enum Action {
    Set { path: Path, fill: Fill, force: bool },
    Special(&'static str),
}

#[derive(Debug)]
pub(super) enum Fill {
    Value(Value),
    Field(Path),
}

#[derive(Debug)]
pub(super) enum Condition {
    Equal(Path, Value),
    Unequal(Path, Value),
    Present(Path),
    Absent(Path),
    Special(&'static str),
}

/// Names from the type's own fields downwards.
pub(super) type Path = Vec<&'static str>;

/// None where a line has another form than the table's head describes.
pub(super) fn parse(table: &'static str) -> Option<BTreeMap<&'static str, Vec<Rule>>> {
    let mut out: BTreeMap<&str, Vec<Rule>> = BTreeMap::new();
    let mut current = None;
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('\t') {
            None => current = Some(out.entry(line).or_default()),
            Some(text) => current.as_mut()?.push(rule(text)?),
        }
    }
    Some(out)
}

fn rule(text: &'static str) -> Option<Rule> {
    let (action, conditions) = match text.split_once(" if ") {
        Some((action, conditions)) => (action, conditions.split(" && ").map(condition).collect::<Option<_>>()?),
        None => (text, Vec::new()),
    };
    if let Some(name) = action.strip_prefix('@') {
        return Some(Rule { action: Action::Special(name), conditions });
    }
    let (target, value, force) = match action.split_once(" := ") {
        Some((target, value)) => (target, value, true),
        None => action.split_once(" = ").map(|(target, value)| (target, value, false))?,
    };
    let fill = match value.strip_prefix('$') {
        Some(from) => Fill::Field(path(from)),
        None => Fill::Value(serde_json::from_str(value).ok()?),
    };
    Some(Rule { action: Action::Set { path: path(target), fill, force }, conditions })
}

fn condition(text: &'static str) -> Option<Condition> {
    if let Some(name) = text.strip_prefix('@') {
        return Some(Condition::Special(name));
    }
    if let Some((target, value)) = text.split_once(" == ") {
        return Some(Condition::Equal(path(target), serde_json::from_str(value).ok()?));
    }
    if let Some((target, value)) = text.split_once(" != ") {
        return Some(Condition::Unequal(path(target), serde_json::from_str(value).ok()?));
    }
    Some(match text.strip_prefix('!') {
        Some(target) => Condition::Absent(path(target)),
        None => Condition::Present(path(text)),
    })
}

/// `a.b` or, for names with dots in them, `a.[b.c/d]`.
fn path(text: &'static str) -> Path {
    match text.split_once(".[") {
        Some((head, last)) => head.split('.').chain([last.trim_end_matches(']')]).collect(),
        None => text.split('.').collect(),
    }
}

pub(super) fn get<'a>(object: &'a Map<String, Value>, path: &[&str]) -> Option<&'a Value> {
    match path {
        [] => None,
        [last] => object.get(*last),
        [first, rest @ ..] => get(object.get(*first)?.as_object()?, rest),
    }
}

pub(super) fn set(object: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => {
            object.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let below = object.entry(*first).or_insert(Value::Null);
            if below.is_null() {
                *below = Value::Object(Map::new());
            }
            if let Value::Object(below) = below {
                set(below, rest, value);
            }
        }
    }
}

pub(super) fn remove(object: &mut Map<String, Value>, path: &[&str]) {
    match path {
        [] => {}
        [last] => {
            object.remove(*last);
        }
        [first, rest @ ..] => {
            if let Some(Value::Object(below)) = object.get_mut(*first) {
                remove(below, rest);
            }
        }
    }
}
