//! The health of objects, as Argo CD judges it.

use gitops_apply::health;
use serde_json::Value;

pub(super) fn check(case: &Value) -> Result<(), String> {
    let object = super::object(case.get("object").ok_or("the case has no object")?)?;
    // The recorded end result; where a case has none, what the kind's own check says.
    let expected = case.get("final").or_else(|| case.get("expected")).filter(|value| !value.is_null());
    let text = |field| expected.and_then(|value| value.get(field)).and_then(Value::as_str).unwrap_or_default();
    let wanted = expected.map(|_| (text("status").to_owned(), text("message").to_owned()));
    // What is recorded under `health/builtin` is what the sync engine alone knows.
    let id = case.get("id").and_then(Value::as_str).unwrap_or_default();
    let judge = if id.starts_with("health/builtin/") { health::builtin } else { health::health };
    let found = judge(&object).map(|health| (health.status.to_string(), health.message));
    super::equal(&wanted, &found)
}
