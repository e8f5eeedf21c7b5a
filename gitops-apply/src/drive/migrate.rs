//! Fields that plain writes own become applied ones, so that the next apply can give them up (client-go, `util/csaupgrade`).

use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Precondition, Verb, Write};
use gitops_core::secret::Purpose;
use gitops_core::{Map, Object, Reveal, Value};
use gitops_diff::FIELD_MANAGER;

use super::write::matches;

/// Moves the fields of these managers to the engine's applied ones. The write changes nothing else.
pub(super) async fn migrate_fields(
    object: &Object,
    from: &[String],
    precondition: Precondition,
    cluster: &dyn Cluster,
) -> Result<Precondition, ClusterError> {
    let target = object.reference();
    let Some(live) = cluster.get(&target).await? else { return Ok(precondition) };
    if !matches(&precondition, &live) {
        return Err(ClusterError::new(ErrorKind::Conflict, "the object has been modified").about(&target.id));
    }
    // The object goes back to the cluster that it came from, so its payload is opened for that call.
    let mut value = live.reveal(&Reveal::granted(Purpose::ClusterCall));
    let Some(Value::Array(entries)) = value.pointer_mut("/metadata/managedFields") else { return Ok(precondition) };
    if !take_over(entries, from) {
        return Ok(precondition);
    }
    let Ok(upgraded) = Object::from_value(value) else { return Ok(precondition) };
    let written = cluster.write(Write::new(&upgraded, Verb::Update, FIELD_MANAGER).when(precondition)).await?.object;
    let uid = written.uid().unwrap_or_default().into();
    Ok(Precondition::Live { uid, resource_version: written.resource_version().map(Into::into) })
}

/// Makes one applied entry of the engine's and those that it takes over; whether there were any. What was written in another
/// version of the kind is forgotten, since its fields may have other names.
fn take_over(entries: &mut Vec<Value>, from: &[String]) -> bool {
    let (taken, mut kept): (Vec<Value>, Vec<Value>) =
        std::mem::take(entries).into_iter().partition(|entry| gitops_diff::is_taken_over(entry, FIELD_MANAGER, from));
    let own = |entry: &Value| {
        text(entry, "manager") == FIELD_MANAGER
            && text(entry, "operation") == "Apply"
            && text(entry, "subresource").is_empty()
    };
    let found = !taken.is_empty();
    let mut taken = taken.into_iter();
    let place = kept.iter().position(own).or_else(|| {
        let mut first = taken.next()?;
        let fields = first.as_object_mut()?;
        fields.insert("manager".into(), FIELD_MANAGER.into());
        fields.insert("operation".into(), "Apply".into());
        kept.push(first);
        Some(kept.len() - 1)
    });
    if let Some(applied) = place.and_then(|place| kept.get_mut(place)) {
        for one in taken.filter(|one| text(one, "apiVersion") == text(applied, "apiVersion")).collect::<Vec<_>>() {
            let more = one.get("fieldsV1").and_then(Value::as_object);
            let fields = applied.get_mut("fieldsV1").and_then(Value::as_object_mut);
            if let (Some(fields), Some(more)) = (fields, more) {
                unite(fields, more);
            }
        }
    }
    *entries = kept;
    found
}

/// The union of two sets of fields. An empty map stands for the field itself, which has a `.` where fields in it are owned too.
fn unite(fields: &mut Map, more: &Map) {
    if fields.is_empty() != more.is_empty() {
        fields.insert(".".into(), Value::Object(Map::new()));
    }
    for (key, below) in more {
        match (fields.get_mut(key), below) {
            (Some(Value::Object(held)), Value::Object(below)) => unite(held, below),
            (Some(_), _) => {}
            (None, below) => drop(fields.insert(key.clone(), below.clone())),
        }
    }
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_become_one() {
        let entry = |manager: &str, operation: &str, fields: Value| json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields});
        let mut entries = vec![
            entry("other", "Update", json!({"f:data": {"f:x": {}}})),
            entry("kubectl-client-side-apply", "Update", json!({"f:data": {".": {}, "f:a": {"f:b": {}}}})),
            entry(FIELD_MANAGER, "Apply", json!({"f:data": {"f:a": {}, "f:c": {}}})),
        ];
        assert!(take_over(&mut entries, &["kubectl-client-side-apply".into()]));
        let united = json!({"f:data": {".": {}, "f:a": {".": {}, "f:b": {}}, "f:c": {}}});
        let wanted = [entry("other", "Update", json!({"f:data": {"f:x": {}}})), entry(FIELD_MANAGER, "Apply", united)];
        assert_eq!(entries, wanted);
        assert!(!take_over(&mut entries, &["kubectl-client-side-apply".into()]));

        let mut plain = vec![entry("kubectl-client-side-apply", "Update", json!({"f:data": {}}))];
        assert!(take_over(&mut plain, &["kubectl-client-side-apply".into()]));
        assert_eq!(plain, [entry(FIELD_MANAGER, "Apply", json!({"f:data": {}}))]);
    }
}
