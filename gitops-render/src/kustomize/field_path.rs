//! Paths of `replacements`: parts between dots, with `[key=value]`, indexes and `*` for items of lists.

use gitops_core::{Map, Value};

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
        Value::Array(items) => match key_and_value(part) {
            Some((key, wanted)) => items.iter().find(|item| holds(item, key, wanted)),
            None => items.get(part.parse::<usize>().ok()?),
        },
        _ => None,
    })
}

/// Changes every value at a path and says how many there are. With `create`, maps, fields and items named by a key are
/// made where they are missing, and the last of them is null before it is changed.
pub(super) fn change(
    value: &mut Value,
    path: &[String],
    create: bool,
    change_one: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<usize, String> {
    let Some((part, rest)) = path.split_first() else { return change_one(value).map(|()| 1) };
    if create && value.is_null() {
        *value = if key_and_value(part).is_some() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
    }
    match value {
        Value::Object(map) if part == "*" => all(map.values_mut(), rest, create, change_one),
        Value::Object(map) => {
            let field = if create { Some(map.entry(part.clone()).or_insert(Value::Null)) } else { map.get_mut(part) };
            field.map_or(Ok(0), |field| change(field, rest, create, change_one))
        }
        Value::Array(items) if part == "*" => all(items.iter_mut(), rest, create, change_one),
        Value::Array(items) => match key_and_value(part) {
            Some((key, wanted)) => {
                if create && !items.iter().any(|item| holds(item, key, wanted)) {
                    items.push(Value::Object(Map::from_iter([(key.into(), wanted.into())])));
                }
                all(items.iter_mut().filter(|item| holds(item, key, wanted)), rest, create, change_one)
            }
            None => {
                let item = part.parse::<usize>().ok().and_then(|index| items.get_mut(index));
                item.map_or(Ok(0), |item| change(item, rest, create, change_one))
            }
        },
        _ => Ok(0),
    }
}

fn all<'a>(
    values: impl Iterator<Item = &'a mut Value>,
    path: &[String],
    create: bool,
    change_one: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<usize, String> {
    let mut count = 0;
    for value in values {
        count += change(value, path, create, change_one)?;
    }
    Ok(count)
}

/// The key and value of `[key=value]`; the key is empty for lists of scalars.
fn key_and_value(part: &str) -> Option<(&str, &str)> {
    part.strip_prefix('[')?.strip_suffix(']')?.split_once('=')
}

fn holds(item: &Value, key: &str, wanted: &str) -> bool {
    let found = if key.is_empty() { Some(item) } else { item.get(key) };
    found.and_then(scalar).is_some_and(|text| text == wanted)
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
    }

    #[test]
    fn values_are_changed_and_made() {
        let mut value = json!({"a": [{"n": "x"}, {"n": "y"}]});
        let mut set = |value: &mut Value| {
            *value = 1.into();
            Ok(())
        };
        assert_eq!(change(&mut value, &split("a.*.v"), true, &mut set), Ok(2));
        assert_eq!(change(&mut value, &split("a.[n=x].w"), false, &mut set), Ok(0));
        assert_eq!(change(&mut value, &split("b.[n=z].c"), true, &mut set), Ok(1));
        assert_eq!(value, json!({"a": [{"n": "x", "v": 1}, {"n": "y", "v": 1}], "b": [{"n": "z", "c": 1}]}));
    }
}
