//! Who may do what.

use gitops_core::api::AppProject;
use gitops_policy::rbac::{MatchMode, check_policy};
use gitops_policy::{Enforcer, RbacSettings, Request, Subject};
use serde_json::{Map, Value};

pub(super) fn check(case: &Value) -> Result<(), String> {
    let expected = case.get("expected").ok_or("the case expects nothing")?;
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut settings = RbacSettings::default();
    settings.policy = text(case, "policy");
    settings.default_role = text(case, "defaultRole");
    settings.mode = MatchMode::of(&text(case, "matchMode"));
    settings.builtin = case.get("noBuiltin").and_then(Value::as_bool) != Some(true);
    if case.get("scopes").is_some() {
        settings.scopes = super::list(case, "scopes").filter_map(Value::as_str).map(Into::into).collect();
    }
    // Errors are compared by their presence.
    let refused = Enforcer::new(&settings);
    super::equal(&!text(expected, "policyError").is_empty(), &refused.is_err())?;
    let Ok(mut enforcer) = refused else { return Ok(()) };
    super::equal(&!text(expected, "validateError").is_empty(), &check_policy(&settings.policy).is_err())?;
    for project in super::list(case, "projects") {
        let project: AppProject = serde_json::from_value(project.clone()).map_err(|error| error.to_string())?;
        enforcer.add_project(&project);
    }
    let allowed: Vec<bool> = super::list(expected, "allowed").map(|one| one.as_bool() == Some(true)).collect();
    let found: Vec<bool> = super::list(case, "requests").map(|request| is_allowed(&enforcer, request)).collect();
    let differs = allowed.iter().zip(&found).position(|(expected, found)| expected != found);
    if let Some(index) = differs {
        return Err(format!("request {index}: expected {}, found {}", allowed[index], found[index]));
    }
    super::equal(&allowed.len(), &found.len())
}

fn is_allowed(enforcer: &Enforcer, request: &Value) -> bool {
    let text = |field: &str| request.get(field).and_then(Value::as_str).unwrap_or_default();
    let claims: Option<&Map<String, Value>> = request.get("claims").and_then(Value::as_object);
    let subject = claims.map_or(Subject::Name(text("sub")), Subject::Claims);
    enforcer.allows(subject, Request { resource: text("res"), action: text("act"), object: text("obj") })
}
