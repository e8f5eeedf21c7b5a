//! What annotations say of hooks, and when a failed sync is tried again.

use gitops_apply::{hook, retry};
use gitops_core::api::RetryStrategy;
use serde_json::{Value, json};

pub(super) fn check(case: &Value) -> Result<(), String> {
    let object = super::object(case.get("object").ok_or("the case has no object")?)?;
    let mut phases: Vec<&str> = hook::phases(&object).into_iter().map(hook::Phase::as_str).collect();
    phases.sort_unstable();
    let types: Vec<&str> = hook::types(&object).into_iter().map(hook::HookType::as_str).collect();
    let policies: Vec<&str> = hook::delete_policies(&object).into_iter().map(hook::DeletePolicy::as_str).collect();
    let found = json!({
        "isHook": hook::is_hook(&object),
        "phases": or_null(&phases),
        "policies": or_null(&policies),
        "skip": hook::skips(&object),
        "types": or_null(&types),
        "wave": hook::wave(&object),
    });
    super::equal(case.get("expected").ok_or("the case expects nothing")?, &found)
}

/// Go's empty list.
fn or_null(texts: &[&str]) -> Value {
    if texts.is_empty() { Value::Null } else { json!(texts) }
}

pub(super) fn check_retry(case: &Value) -> Result<(), String> {
    let strategy = case.get("retry").cloned().ok_or("the case has no strategy")?;
    let strategy: RetryStrategy = serde_json::from_value(strategy).map_err(|error| error.to_string())?;
    let retries = case.get("retries").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok());
    let found = match retry::wait(&strategy, retries.ok_or("the case has no count")?) {
        Ok(wait) => ("".to_owned(), Some(wait.as_secs_f64())),
        Err(error) => (error.to_string(), None),
    };
    let expected = case.get("expected").ok_or("the case expects nothing")?;
    let error = expected.get("error").and_then(Value::as_str).unwrap_or_default().to_owned();
    super::equal(&(error, expected.get("waitSeconds").and_then(Value::as_f64)), &found)
}
