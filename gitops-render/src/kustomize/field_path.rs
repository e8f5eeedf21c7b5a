//! Paths of `replacements`: parts between dots, with `[key=value]`, indexes and `*` for items of lists.

use gitops_core::{Map, Value};
use gitops_yaml::Resolver;
use regex::Regex;

/// The parts of a path. A dot inside brackets or behind a backslash parts nothing.
pub(super) fn split(path: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut depth, mut escaped) = (0usize, false);
    for letter in path.chars() {
        match letter {
            _ if escaped => {
                if letter != '.' {
                    part.push('\\');
                }
                part.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                depth = match letter {
                    '[' => depth + 1,
                    ']' => depth.saturating_sub(1),
                    _ => depth,
                };
                part.push(letter);
            }
        }
    }
    parts.push(part);
    // Brackets keep a key's dots together, and are no part of it.
    let bare = |part: &String| part.starts_with('[') && part.ends_with(']') && !part.contains('=');
    for part in parts.iter_mut().filter(|part| bare(part)) {
        *part = part.trim_matches(['[', ']']).into();
    }
    parts
}

/// The value at a path, where there is one.
pub(super) fn find<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, part| match value {
        Value::Object(map) => map.get(part),
        Value::Array(items) => items.get(place(items, part)?),
        _ => None,
    })
}

/// The same, to be changed.
pub(super) fn find_mut<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, part| match value {
        Value::Object(map) => map.get_mut(part),
        Value::Array(items) => {
            let place = place(items, part)?;
            items.get_mut(place)
        }
        _ => None,
    })
}

/// Where in a list the item is that a part of a path names: by a key and its value, by its number, or as the last one.
fn place(items: &[Value], part: &str) -> Option<usize> {
    match key_and_value(part) {
        Some((key, wanted)) => items.iter().position(|item| texts(item, key).as_deref() == Some(wanted)),
        None if part == "-" => items.len().checked_sub(1),
        None => part.parse().ok(),
    }
}

/// What is changed at the end of a path.
pub(super) enum End<'a> {
    /// A value that was there.
    There(&'a mut Value),
    /// A null that was made.
    Made(&'a mut Value),
}

type Change<'a> = &'a mut dyn FnMut(End<'_>) -> Result<(), String>;

/// Changes every value at a path and says how many there are. With `create`, maps, fields and items are made where they are
/// missing: an item by its key and value, or by the number behind the last one. The values of keys are patterns, which an
/// item's text has to hold somewhere.
pub(super) fn change(
    value: &mut Value,
    path: &[String],
    create: bool,
    change_one: Change<'_>,
) -> Result<usize, String> {
    walk(End::There(value), path, create, change_one)
}

fn walk(end: End<'_>, path: &[String], create: bool, change_one: Change<'_>) -> Result<usize, String> {
    let Some((part, rest)) = path.split_first() else { return change_one(end).map(|()| 1) };
    let (End::There(value) | End::Made(value)) = end;
    let number = part.parse::<usize>().ok();
    let pair = key_and_value(part);
    if create && value.is_null() {
        *value = if pair.is_some() || number.is_some() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
    }
    match value {
        Value::Object(map) if number.is_none() => match map.get_mut(part) {
            Some(field) => walk(End::There(field), rest, create, change_one),
            None if create => walk(End::Made(map.entry(part.clone()).or_insert(Value::Null)), rest, create, change_one),
            None => Ok(0),
        },
        Value::Array(items) => match (pair, number) {
            (Some((key, pattern)), _) => {
                let wanted = Regex::new(pattern).map_err(|error| format!("`{pattern}`: {error}"))?;
                let holds = |item: &Value| texts(item, key).is_some_and(|text| wanted.is_match(&text));
                if create && !items.iter().any(holds) {
                    items.push(item(key, pattern));
                    if key.is_empty() {
                        return items.last_mut().map_or(Ok(0), |item| walk(End::Made(item), rest, create, change_one));
                    }
                }
                all(items.iter_mut().filter(|item| holds(item)), rest, create, change_one)
            }
            (None, Some(at)) => {
                if create && at == items.len() {
                    items.push(Value::Null);
                    return items.last_mut().map_or(Ok(0), |item| walk(End::Made(item), rest, create, change_one));
                }
                items.get_mut(at).map_or(Ok(0), |item| walk(End::There(item), rest, create, change_one))
            }
            _ if part == "*" => all(items.iter_mut(), rest, create, change_one),
            _ => Ok(0),
        },
        _ => Ok(0),
    }
}

fn all<'a>(
    values: impl Iterator<Item = &'a mut Value>,
    path: &[String],
    create: bool,
    change_one: Change<'_>,
) -> Result<usize, String> {
    let mut count = 0;
    for value in values {
        count += walk(End::There(value), path, create, change_one)?;
    }
    Ok(count)
}

/// A new item of a list.
fn item(key: &str, text: &str) -> Value {
    let value = gitops_yaml::plain(text, Resolver::Kyaml);
    if key.is_empty() { value } else { Value::Object(Map::from_iter([(key.into(), value)])) }
}

/// The key and value of `[key=value]`; the key is empty for lists of scalars.
fn key_and_value(part: &str) -> Option<(&str, &str)> {
    part.strip_prefix('[')?.strip_suffix(']')?.split_once('=')
}

/// The text that an item is told apart by.
fn texts(item: &Value, key: &str) -> Option<String> {
    let found = if key.is_empty() { Some(item) } else { item.get(key) };
    found.and_then(scalar)
}

/// A scalar's text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_split_and_followed() {
        let path = split(r"spec.containers.[name=a.b].env.0.x\.y");
        assert_eq!(path, ["spec", "containers", "[name=a.b]", "env", "0", "x.y"]);
        let value = json!({"spec": {"containers": [{"name": "a.b", "env": [{"x.y": 1}]}]}});
        assert_eq!(find(&value, &path), Some(&json!(1)));
        assert_eq!(find(&value, &split("spec.containers.-.name")), Some(&json!("a.b")));
    }

    #[test]
    fn values_are_changed_and_made() {
        let mut value = json!({"a": [{"n": "x"}, {"n": "y"}]});
        let mut set = |end: End<'_>| {
            let (End::There(value) | End::Made(value)) = end;
            *value = 1.into();
            Ok(())
        };
        assert_eq!(change(&mut value, &split("a.*.v"), true, &mut set), Ok(2));
        assert_eq!(change(&mut value, &split("a.[n=x].w"), false, &mut set), Ok(0));
        assert_eq!(change(&mut value, &split("b.[n=z].c"), true, &mut set), Ok(1));
        assert_eq!(change(&mut value, &split("b.1.d"), true, &mut set), Ok(1));
        assert_eq!(change(&mut value, &split("a.[n=.].v"), false, &mut set), Ok(2));
        assert_eq!(change(&mut value, &split("b.5.d"), true, &mut set), Ok(0));
        let made = json!([{"n": "z", "c": 1}, {"d": 1}]);
        assert_eq!(value, json!({"a": [{"n": "x", "v": 1}, {"n": "y", "v": 1}], "b": made}));
    }
}
