//! Argo CD's sync option `RespectIgnoreDifferences`: what does not count as a difference is not written over either.

use std::collections::HashMap;

use gitops_core::{Map, Object, Value};
use gitops_merge::schema::Kinds;

use super::IgnoreRules;
use super::trusted::drop_trusted;
use crate::path::Step;
use crate::shape::{Relation, Shape, Types};

/// The desired object with the live values of the fields that the rules leave out; none where they name nothing in either. What a
/// Secret holds stays as it is desired, since nothing here may look at it.
pub fn respecting(desired: &Object, live: &Object, rules: &IgnoreRules, kinds: Option<&Kinds>) -> Option<Object> {
    let own = IgnoreRules::own(desired.body());
    let all = || std::iter::once(rules).chain(own.as_ref());
    let managers: Vec<String> = all().flat_map(|rules| rules.managers_for(desired.body())).collect();
    let (mut body, mut normal) = (desired.body().clone(), live.body().clone());
    drop_trusted(&mut body, &mut normal, &managers, kinds);
    for rules in all() {
        rules.remove_from(&mut body);
        rules.remove_from(&mut normal);
    }
    if body == *desired.body() && normal == *live.body() {
        return None;
    }
    let types = Types::of(kinds, desired);
    // Its status is never a sync's to write.
    let held = live.body().iter().filter(|(key, _)| *key != "status");
    for (key, held) in held {
        let shape = types.entry(&[] as &[Step<'_>], types.root, key);
        keep(&mut body, key, (normal.get(key), held), shape);
    }
    let mut respected = desired.clone();
    respected.edit(|wanted| *wanted = body);
    Some(respected)
}

/// Puts what `normal` lacks of the live value into the desired map.
fn keep(want: &mut Map, key: &str, (normal, live): (Option<&Value>, &Value), shape: Shape<'_>) {
    match (normal, live) {
        (None, live) => drop(want.insert(key.to_owned(), live.clone())),
        (Some(normal), live) if normal == live => {}
        (Some(Value::Object(normal)), Value::Object(live)) => {
            let below = want.entry(key.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(below) = below {
                for (key, live) in live {
                    keep(below, key, (normal.get(key), live), shape.entry(key));
                }
            }
        }
        (Some(Value::Array(normal)), Value::Array(live)) => match shape.relation() {
            Relation::Keys(keys) => {
                let below = want.entry(key.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(below) = below {
                    keep_items(below, (normal, live), keys, shape.item());
                }
            }
            // A list that is one value is taken over whole.
            Relation::Set | Relation::Atomic => drop(want.insert(key.to_owned(), Value::Array(live.clone()))),
        },
        (Some(_), live) => drop(want.insert(key.to_owned(), live.clone())),
    }
}

fn keep_items(want: &mut Vec<Value>, (normal, live): (&[Value], &[Value]), keys: &[String], shape: Shape<'_>) {
    let name = |item: &Value| {
        let part = |key: &String| item.get(key).or_else(|| shape.key_default(key)).map(Value::to_string);
        keys.iter().map(|key| part(key).unwrap_or_default()).collect::<Vec<_>>().join(",")
    };
    let places = |items: &[Value]| -> HashMap<String, usize> {
        items.iter().enumerate().map(|(place, item)| (name(item), place)).collect()
    };
    let (wanted, known) = (places(want), places(normal));
    for item in live {
        let normal = known.get(&name(item)).and_then(|place| normal.get(*place));
        let place = wanted.get(&name(item)).and_then(|place| want.get_mut(*place));
        match (place, normal, item) {
            (Some(Value::Object(want)), Some(Value::Object(normal)), Value::Object(live)) => {
                for (key, live) in live {
                    keep(want, key, (normal.get(key), live), shape.entry(key));
                }
            }
            (None, None, item) => want.push(item.clone()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(jq: &[&str], pointers: &[&str]) -> IgnoreRules {
        let rule = json!({"group": "apps", "kind": "Deployment", "jqPathExpressions": jq, "jsonPointers": pointers});
        IgnoreRules::compile(&[serde_json::from_value(rule).unwrap()]).unwrap()
    }

    fn web(spec: Value) -> Object {
        let metadata = json!({"name": "web", "namespace": "shop"});
        Object::from_value(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}))
            .unwrap()
    }

    #[test]
    fn what_is_left_out_is_as_it_is_live() {
        let kinds = Kinds::builtin().unwrap();
        let containers = |image: &str, more: Value| json!({"spec": {"containers": [{"name": "b", "image": "x"}, {"name": "a", "image": image, "args": more}]}});
        let desired = web(json!({"replicas": 2, "paused": true, "template": containers("new", json!(["1"]))}));
        let mut held =
            json!({"replicas": 7, "template": containers("live", json!(["0"])), "strategy": {"type": "Recreate"}});
        held["template"]["spec"]["containers"].as_array_mut().unwrap().reverse();
        let live = web(held);
        let rules = rules(
            &[".spec.template.spec.containers[] | select(.name == \"a\") | .image"],
            &["/spec/replicas", "/spec/paused"],
        );
        let respected = respecting(&desired, &live, &rules, Some(&kinds)).unwrap();
        let wanted = json!({"replicas": 7, "template": containers("live", json!(["1"]))});
        assert_eq!(respected.get(&["spec"]), Some(&wanted), "nothing else of the live object is taken over");
        let other = rules_of_nothing();
        assert_eq!(respecting(&desired, &live, &other, Some(&kinds)), None);
    }

    #[test]
    fn what_trusted_managers_changed_is_left_to_them() {
        let kinds = Kinds::builtin().unwrap();
        let rule = json!({"group": "apps", "kind": "Deployment", "managedFieldsManagers": ["scaler"]});
        let rules = IgnoreRules::compile(&[serde_json::from_value(rule).unwrap()]).unwrap();
        let containers = |image: &str| json!({"spec": {"containers": [{"name": "a", "image": image}]}});
        let desired = web(json!({"replicas": 2, "paused": true, "template": containers("new")}));
        let mut live = web(json!({"replicas": 7, "paused": false, "template": containers("live")}));
        let image = json!({"f:containers": {"k:{\"name\":\"a\"}": {"f:image": {}}}});
        let fields = json!({"f:spec": {"f:replicas": {}, "f:template": {"f:spec": image}, "f:minReadySeconds": {}}});
        let entry = json!({"manager": "scaler", "operation": "Update", "apiVersion": "apps/v1", "fieldsV1": fields});
        live.edit(|body| body["metadata"]["managedFields"] = json!([entry]));
        let respected = respecting(&desired, &live, &rules, Some(&kinds)).unwrap();
        let wanted = json!({"replicas": 7, "paused": true, "template": containers("live")});
        assert_eq!(respected.get(&["spec"]), Some(&wanted));
        assert_eq!(respected.get(&["metadata", "managedFields"]), None);
        live.edit(|body| body["metadata"]["managedFields"][0]["manager"] = json!("other"));
        assert_eq!(respecting(&desired, &live, &rules, Some(&kinds)), None);
    }

    fn rules_of_nothing() -> IgnoreRules {
        rules(&[], &["/spec/nothing"])
    }
}
