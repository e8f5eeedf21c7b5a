//! Whether an apply changes an object is known beforehand, from the object and who owns its fields, without asking the server.

use gitops_core::secret::Purpose;
use gitops_core::{Object, Reveal};
use gitops_diff::{DiffContext, Kinds, diff};
use serde_json::{Value, json};

use super::generate::{Act, Step};

/// What is predicted of an apply to an object that is there; none where there is nothing to predict.
pub(super) fn changes(step: &Step, live: Option<&Object>, kinds: &Kinds) -> Option<(bool, Vec<String>)> {
    let live = live.filter(|live| matches!(step.act, Act::Apply { .. }) && !writes_plainly(live, step))?;
    let mut desired = Object::from_value(step.body.clone()).unwrap();
    desired.fold_string_data();
    let mut context = DiffContext::new().with_kinds(kinds);
    context.manager = step.manager;
    let found = diff(&desired, Some(live), &context).unwrap();
    Some((!found.is_same(), found.fields.iter().map(|field| field.path.to_string()).collect()))
}

/// Whether the manager owns fields by plain writes: the engine's become applied ones before an apply, these do not.
fn writes_plainly(live: &Object, step: &Step) -> bool {
    let entries = live.get(&["metadata", "managedFields"]).and_then(Value::as_array);
    let plain = |entry: &Value| entry["manager"] == step.manager && entry["operation"] == "Update";
    entries.is_some_and(|entries| entries.iter().any(plain))
}

/// Whether two states of an object say the same.
pub(super) fn is_same(before: &Object, after: &Object) -> bool {
    content(before) == content(after)
}

/// What an object says, without what the server counts of it.
pub(super) fn content(object: &Object) -> Value {
    let mut value = object.reveal(&Reveal::granted(Purpose::RenderedOutput));
    let metadata = value["metadata"].as_object_mut().unwrap();
    ["managedFields", "resourceVersion", "generation"].into_iter().for_each(|field| drop(metadata.remove(field)));
    for field in ["labels", "annotations"] {
        if metadata.get(field) == Some(&json!({})) {
            metadata.remove(field);
        }
    }
    value
}
