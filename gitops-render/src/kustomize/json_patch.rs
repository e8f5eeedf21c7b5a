//! JSON Patch (RFC 6902) as kustomize applies it: with the extensions of evanphx/json-patch, such as negative indexes.

use gitops_core::Value;
use serde::Deserialize;

/// One operation.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Operation {
    op: String,
    path: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default, deserialize_with = "present")]
    value: Option<Value>,
}

/// Tells a value that is null from one that is not there.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Applies operations in turn.
pub(super) fn apply(target: &mut Value, operations: &[Operation]) -> Result<(), String> {
    for (index, operation) in operations.iter().enumerate() {
        apply_one(target, operation)
            .map_err(|error| format!("operation {}, `{}` of `{}`: {error}", index + 1, operation.op, operation.path))?;
    }
    Ok(())
}

fn apply_one(target: &mut Value, operation: &Operation) -> Result<(), String> {
    let path = pointer(&operation.path)?;
    let value = || operation.value.clone().ok_or_else(|| "`value` is missing".to_owned());
    let from = || operation.from.as_deref().ok_or_else(|| "`from` is missing".to_owned()).and_then(pointer);
    match operation.op.as_str() {
        // An addition without a value adds null, as in kustomize.
        "add" => add(target, &path, operation.value.clone().unwrap_or_default()),
        "remove" => remove(target, &path).map(drop),
        "replace" => {
            let value = operation.value.clone().unwrap_or_default();
            replace(target, &path, value)
        }
        "move" => {
            let moved = remove(target, &from()?)?;
            add(target, &path, moved)
        }
        "copy" => {
            let from = from()?;
            let copied = find(target, &from).ok_or_else(|| missing(&from))?.clone();
            add(target, &path, copied)
        }
        "test" => {
            let (found, wanted) = (find(target, &path).cloned().unwrap_or_default(), value().unwrap_or_default());
            if found == wanted { Ok(()) } else { Err("another value is there".into()) }
        }
        other => Err(format!("unknown operation `{other}`")),
    }
}

/// The parts of a JSON pointer.
fn pointer(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(parts) = text.strip_prefix('/') else { return Err(format!("`{text}` does not start with `/`")) };
    Ok(parts.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

fn missing(path: &[String]) -> String {
    format!("`/{}` does not exist", path.join("/"))
}

fn find<'a>(target: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(target, |value, part| match value {
        Value::Object(map) => map.get_mut(part),
        Value::Array(items) => {
            let index = index(part, items.len())?;
            items.get_mut(index)
        }
        _ => None,
    })
}

/// A list's index; a negative one counts from the end.
fn index(part: &str, length: usize) -> Option<usize> {
    let index: i64 = part.parse().ok()?;
    let index = if index < 0 { index + i64::try_from(length).ok()? } else { index };
    usize::try_from(index).ok()
}

fn add(target: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Ok(());
    };
    match find(target, parents).ok_or_else(|| missing(parents))? {
        Value::Object(map) => drop(map.insert(last.clone(), value)),
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            // A negative index counts from behind the last item.
            let at = index(last, items.len() + 1).filter(|at| *at <= items.len());
            items.insert(at.ok_or_else(|| format!("the list has no place `{last}`"))?, value);
        }
        _ => return Err(missing(parents)),
    }
    Ok(())
}

/// Sets what is there. A key that a map lacks is added, as evanphx/json-patch does it.
fn replace(target: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Ok(());
    };
    if let Some(Value::Object(map)) = find(target, parents) {
        map.insert(last.clone(), value);
        return Ok(());
    }
    *find(target, path).ok_or_else(|| missing(path))? = value;
    Ok(())
}

fn remove(target: &mut Value, path: &[String]) -> Result<Value, String> {
    let Some((last, parents)) = path.split_last() else { return Ok(target.take()) };
    let removed = match find(target, parents) {
        Some(Value::Object(map)) => map.remove(last),
        Some(Value::Array(items)) => index(last, items.len()).filter(|at| *at < items.len()).map(|at| items.remove(at)),
        _ => None,
    };
    removed.ok_or_else(|| missing(path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(mut target: Value, operations: Value) -> Result<Value, String> {
        let operations: Vec<Operation> = serde_json::from_value(operations).unwrap();
        apply(&mut target, &operations).map(|()| target)
    }

    #[test]
    fn operations_do_what_they_say() {
        let target = json!({"a": [1, 2], "b": {"c/d": 3}});
        let operations = json!([
            {"op": "add", "path": "/a/1", "value": 9}, {"op": "add", "path": "/a/-", "value": 8},
            {"op": "remove", "path": "/b/c~1d"}, {"op": "copy", "from": "/a/0", "path": "/b/x"},
            {"op": "move", "from": "/a/-1", "path": "/y"}, {"op": "replace", "path": "/a/0", "value": null},
            {"op": "test", "path": "/y", "value": 8},
        ]);
        assert_eq!(patched(target, operations).unwrap(), json!({"a": [null, 9, 2], "b": {"x": 1}, "y": 8}));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |operation| patched(json!({"a": []}), json!([operation])).unwrap_err();
        assert_eq!(
            error(json!({"op": "replace", "path": "/b/c", "value": 1})),
            "operation 1, `replace` of `/b/c`: `/b/c` does not exist"
        );
        assert!(error(json!({"op": "remove", "path": "/a/0"})).contains("does not exist"));
        assert!(error(json!({"op": "add", "path": "/a/5", "value": 1})).contains("no place"));
        assert!(error(json!({"op": "test", "path": "/a", "value": 1})).contains("another value"));
        assert!(error(json!({"op": "jump", "path": "/a"})).contains("unknown operation"));
        assert!(error(json!({"op": "add", "path": "a"})).contains("does not start"));
    }
}
