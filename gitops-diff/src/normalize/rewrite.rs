//! Objects with what is ignored taken out: for those who show or store normalized objects. Comparisons need it not.

use gitops_core::{Map, Object, Value};

use super::ignore::{IgnoreRules, Rule};
use super::jq::{Step, ValuePath};

/// An object without the fields that the rules name, and what went wrong on the way (see
/// [`ObjectDiff::warnings`](crate::ObjectDiff::warnings)).
///
/// As in Argo CD, the rules are applied one after another, each to what the one before left, and a rule that does not
/// fit the object changes nothing. Rules by field manager need two objects and have no effect here, and the payload of
/// a Secret is left as it is.
pub fn normalized(object: &Object, rules: &IgnoreRules) -> (Object, Vec<String>) {
    let mut out = object.clone();
    let mut warnings = Vec::new();
    for rule in rules.matching(object) {
        out.edit(|body| apply(rule, body, &mut warnings));
    }
    (out, warnings)
}

pub(super) fn apply(rule: &Rule, body: &mut Map, warnings: &mut Vec<String>) {
    rule.pointers.iter().for_each(|pointer| pointer.remove(body));
    for compiled in &rule.expressions {
        match compiled.paths(body) {
            Ok(paths) => remove_all(body, paths),
            Err(warning) => warnings.push(warning),
        }
    }
}

/// Takes out many paths at once, from the last to the first, so that no removal moves what another one names. A path
/// that leads nowhere is left alone.
fn remove_all(body: &mut Map, mut paths: Vec<ValuePath>) {
    paths.sort();
    paths.dedup();
    for path in paths.iter().rev() {
        match path.split_first() {
            Some((Step::Key(key), [])) => drop(body.remove(key)),
            Some((Step::Key(key), rest)) => body.get_mut(key).into_iter().for_each(|value| remove(value, rest)),
            _ => {}
        }
    }
}

fn remove(value: &mut Value, path: &[Step]) {
    let Some((step, rest)) = path.split_first() else { return };
    match (value, step) {
        (Value::Object(map), Step::Key(key)) if rest.is_empty() => drop(map.remove(key)),
        (Value::Object(map), Step::Key(key)) => {
            map.get_mut(key).into_iter().for_each(|value| remove(value, rest));
        }
        (Value::Array(items), step) => {
            let range = step.items(items.len());
            if rest.is_empty() {
                drop(items.drain(range));
            } else {
                items.get_mut(range).into_iter().flatten().for_each(|item| remove(item, rest));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn without(expressions: &[&str], object: Value) -> Value {
        let rule = json!([{"group": "*", "kind": "*", "jqPathExpressions": expressions}]);
        let rules: Vec<gitops_core::api::ResourceIgnoreDifferences> = serde_json::from_value(rule).unwrap();
        let object = Object::from_value(object).unwrap();
        let (out, _) = normalized(&object, &IgnoreRules::compile(&rules).unwrap());
        out.body()["spec"].clone()
    }

    fn widget(spec: Value) -> Value {
        json!({"apiVersion": "x/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec})
    }

    #[test]
    fn deleting_is_gojqs() {
        let spec = json!({"a": [1, 2, 3, 4], "b": [{"x": 1, "y": 2}, {"y": 3}], "c": null});
        let left = |text: &str| without(&[text], widget(spec.clone()));
        assert_eq!(left(".spec.a[0, 2]")["a"], json!([2, 4]));
        assert_eq!(left(".spec.a[1:3]")["a"], json!([1, 4]));
        assert_eq!(left(".spec.a[-1]")["a"], json!([1, 2, 3]));
        assert_eq!(left(".spec.b[].x")["b"], json!([{"y": 2}, {"y": 3}]));
        // A parent that is missing is no error and is not made.
        assert_eq!(left(".spec.nope.deeper"), spec);
        assert_eq!(left(".spec.c[]?|.z"), spec);
        assert_eq!(left(".spec.b[] | .z.z"), spec);
        // What does not fit leaves everything as it is.
        assert_eq!(left(".spec.c[]"), spec);
        assert_eq!(left(".spec.a, .spec.c[]"), spec);
    }
}
