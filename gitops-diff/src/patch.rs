//! JSON Patch (RFC 6902) from one object to another, both ways.

use gitops_core::{Map, Object, Value};
use json_patch::Patch;
use thiserror::Error;

use crate::normalize::{pointer::Pointer, server_set};
use crate::{Change, DiffKind, ObjectDiff, Shown};

/// The patches between the live object and what it would be.
///
/// They are made of the printable part of objects: the payload of a Secret is in neither of them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PatchPair {
    /// From live to desired. An object that is not there is the document `null`.
    pub forward: Patch,
    /// From desired back to live.
    pub backward: Patch,
}

/// Why a patch does not fit an object.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PatchError {
    /// An operation does not fit.
    #[error("the patch does not fit the object")]
    Misfit(#[source] json_patch::PatchError),
}

/// The patches between two JSON documents: `apply(from, forward)` is `to`, and `apply(to, backward)` is `from`.
pub fn between(from: &Value, to: &Value) -> PatchPair {
    PatchPair { forward: json_patch::diff(from, to), backward: json_patch::diff(to, from) }
}

/// Applies a patch to a document, wholly or not at all.
///
/// # Errors
/// [`PatchError::Misfit`] where an operation points at nothing; the document is as it was then.
pub fn apply(document: &mut Value, patch: &Patch) -> Result<(), PatchError> {
    json_patch::patch(document, patch).map_err(PatchError::Misfit)
}

/// The patches of one difference. `live` is the object that it was computed against.
pub fn of(diff: &ObjectDiff, live: Option<&Object>) -> PatchPair {
    let from = live.map_or(Value::Null, |live| Value::Object(live.body().clone()));
    between(&from, &target(diff, live))
}

/// What the object would be, by the difference: the live one with the changes made, or `null` where there would be
/// none. The payload of a Secret is not part of it.
pub fn target(diff: &ObjectDiff, live: Option<&Object>) -> Value {
    match (diff.kind, live) {
        (DiffKind::Delete, _) => Value::Null,
        (DiffKind::Create, _) => created(diff),
        (_, None) => Value::Null,
        (_, Some(live)) => Value::Object(changed(diff, live)),
    }
}

fn created(diff: &ObjectDiff) -> Value {
    let mut body = Map::new();
    let gvk = diff.id.gvk();
    body.insert("apiVersion".into(), gvk.api_version().into());
    body.insert("kind".into(), gvk.kind.as_str().into());
    let mut metadata = Map::new();
    metadata.insert("name".into(), diff.id.id.name.as_str().into());
    if let Some(namespace) = &diff.id.id.namespace {
        metadata.insert("namespace".into(), namespace.as_str().into());
    }
    body.insert("metadata".into(), metadata.into());
    put(diff, &mut body);
    body.into()
}

fn changed(diff: &ObjectDiff, live: &Object) -> Map {
    let mut body = live.body().clone();
    put(diff, &mut body);
    // From the last index to the first, so that no removal moves what another one points at.
    let mut removed: Vec<_> = pointers(diff, |change| change == Change::Removed).map(|(pointer, _)| pointer).collect();
    removed.sort_by(|left, right| order(right, left));
    removed.iter().for_each(|pointer| pointer.remove(&mut body));
    body
}

/// Sets what is added and changed. Items are only appended, so that indices stay those of the live object.
fn put(diff: &ObjectDiff, body: &mut Map) {
    for (pointer, new) in pointers(diff, |change| change != Change::Removed) {
        if let Some(Shown::Value(value)) = new {
            pointer.set(body, value.clone());
        }
    }
}

fn pointers(diff: &ObjectDiff, wanted: impl Fn(Change) -> bool) -> impl Iterator<Item = (Pointer, Option<&Shown>)> {
    diff.fields
        .iter()
        .filter(move |field| wanted(field.change))
        .filter_map(|field| Some((Pointer::parse(&field.path.pointer)?, field.new.as_ref())))
}

/// Indices by their number, everything else as text.
fn order(left: &Pointer, right: &Pointer) -> std::cmp::Ordering {
    let key = |token: &String| (token.parse::<usize>().ok(), token.clone());
    left.tokens().iter().map(key).cmp(right.tokens().iter().map(key))
}

/// Whether a path of a patch would touch what the server alone writes. For checks by those who send patches.
pub fn touches_server_fields(patch: &Patch) -> bool {
    patch.0.iter().any(|operation| {
        let path = operation.path().to_string();
        let mut tokens = path.split('/').skip(1);
        match (tokens.next(), tokens.next()) {
            (Some("metadata"), Some(field)) => server_set::in_metadata(field),
            (Some(field), _) => field == "status" || server_set::in_object(field),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{DiffContext, diff};

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..4i64).prop_map(Value::from),
            "[a-c~/]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c~/]{1,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn containers() -> impl Strategy<Value = Value> {
        let container =
            ("[a-e]", 0..3u8, prop::collection::vec((1..5u16, 0..2u8), 0..3)).prop_map(|(name, tag, ports)| {
                let ports: std::collections::BTreeMap<_, _> = ports.into_iter().collect();
                let ports: Vec<_> = ports
                    .iter()
                    .map(|(port, name)| json!({"containerPort": port, "name": format!("p{name}")}))
                    .collect();
                (name, json!({"image": format!("i:{tag}"), "ports": ports}))
            });
        prop::collection::btree_map("[a-e]", container, 0..4).prop_map(|map| {
            let item = |(name, (_, mut item)): (String, (String, Value))| {
                item["name"] = name.into();
                item
            };
            map.into_iter().map(item).collect()
        })
    }

    fn object(spec: &Value, extra: &Value) -> Object {
        Object::from_value(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "labels": {"x": extra.to_string()}},
            "spec": {"template": {"spec": {"containers": spec, "extra": extra}}},
        }))
        .unwrap()
    }

    proptest! {
        #[test]
        fn patches_go_both_ways(from in value(), to in value()) {
            let pair = between(&from, &to);
            let mut document = from.clone();
            apply(&mut document, &pair.forward).unwrap();
            prop_assert_eq!(&document, &to);
            apply(&mut document, &pair.backward).unwrap();
            prop_assert_eq!(&document, &from);
        }

        #[test]
        fn what_a_difference_leads_to_has_no_difference(
            want in containers(), have in containers(), a in value(), b in value()
        ) {
            let kinds = gitops_merge::schema::Kinds::builtin().unwrap();
            let context = DiffContext::new().with_kinds(&kinds);
            let (want, have) = (object(&want, &a), object(&have, &b));
            let found = diff(&want, Some(&have), &context).unwrap();
            let pair = of(&found, Some(&have));
            let mut document = Value::Object(have.body().clone());
            apply(&mut document, &pair.forward).unwrap();
            prop_assert_eq!(&document, &target(&found, Some(&have)));
            let after = Object::from_value(document.clone()).unwrap();
            let again = diff(&want, Some(&after), &context).unwrap();
            prop_assert!(again.is_same(), "{:?}", again);
            apply(&mut document, &pair.backward).unwrap();
            prop_assert_eq!(&document, &Value::Object(have.body().clone()));
        }

        #[test]
        fn with_a_prediction_the_patch_leads_to_it(want in containers(), have in containers(), a in value(), b in value()) {
            let kinds = gitops_merge::schema::Kinds::builtin().unwrap();
            let (want, have) = (object(&want, &a), object(&have, &b));
            let mut context = DiffContext::new().with_kinds(&kinds).with_predicted(Some(&want));
            context.server_changes = true;
            let found = diff(&want, Some(&have), &context).unwrap();
            let after = Object::from_value(target(&found, Some(&have))).unwrap();
            let again = diff(&want, Some(&after), &context).unwrap();
            prop_assert!(again.is_same(), "{:?}", again);
        }
    }

    #[test]
    fn a_created_object_is_patched_from_nothing() {
        let new = object(&json!([]), &json!(1));
        let found = diff(&new, None, &DiffContext::new()).unwrap();
        assert_eq!(target(&found, None), Value::Object(new.body().clone()));
        assert_eq!(of(&found, None).backward, json_patch::diff(&target(&found, None), &Value::Null));
    }
}
