//! Rules of StatefulSets.

use serde_json::{Value, json};

use super::super::error::Cause;

/// The fields of the specification that an update may change, in the order in which the API server names them.
const FREE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

pub(super) fn validate(new: &Value, live: Option<&Value>, causes: &mut Vec<Cause>) {
    let rolling = new.pointer("/spec/updateStrategy/rollingUpdate").filter(|rolling| !rolling.is_null());
    if let Some(rolling) = rolling
        && new.pointer("/spec/updateStrategy/type").is_some_and(|kind| kind == "OnDelete")
    {
        let part = |name: &str| rolling.get(name).unwrap_or(&Value::Null);
        // The API server shows its own Go struct here.
        let partition = part("partition").as_i64().unwrap_or(0);
        let shown = format!("{{\"Partition\":{partition},\"MaxUnavailable\":{}}}", part("maxUnavailable"));
        let message = format!("Invalid value: {shown}: only allowed for updateStrategy 'RollingUpdate'");
        let field = "spec.updateStrategy.rollingUpdate".to_owned();
        causes.push(Cause { field, reason: "FieldValueInvalid", message });
    }
    if live.is_some_and(|live| fixed(new) != fixed(live)) {
        let (last, others) = ("minReadySeconds", &FREE[..FREE.len() - 1]);
        let others = others.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let detail = format!("updates to statefulset spec for fields other than {others} and '{last}' are forbidden");
        causes.push(Cause::forbidden("spec", &detail));
    }
}

/// The part of the specification that stays as it is.
fn fixed(object: &Value) -> Value {
    let mut spec = object.get("spec").cloned().unwrap_or_else(|| json!({}));
    if let Some(spec) = spec.as_object_mut() {
        spec.retain(|name, _| !FREE.contains(&name.as_str()));
    }
    spec
}

/// The volumes that each pod gets beside those of the template: one for each claim.
pub(super) fn claimed_volumes(object: &Value) -> Vec<&str> {
    let claims = object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
    claims.into_iter().flatten().filter_map(|claim| claim.pointer("/metadata/name")?.as_str()).collect()
}
