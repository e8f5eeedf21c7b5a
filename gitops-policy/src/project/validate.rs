//! Whether a project can be used: Argo CD's `ValidateProject`. What can be seen of the fields alone is found where they are
//! decoded; here patterns, policies and windows are read as well.

use std::collections::BTreeSet;

use gitops_core::api::{AppProject, FieldPath, ProjectRole, SyncWindow};
use gitops_core::decode::{Finding, Severity, Validate};

use crate::glob::Glob;
use crate::rbac;
use crate::window::SyncWindows;

/// What belongs to projects, and so may stand in their roles.
const RESOURCES: [&str; 6] = ["applications", "applicationsets", "clusters", "exec", "logs", "repositories"];
const ACTIONS: [&str; 8] = ["get", "create", "update", "delete", "sync", "override", "rollback", "*"];
/// Actions on parts of an Application.
const NESTED_ACTIONS: [&str; 3] = ["action/", "update/", "delete/"];

/// Why a project cannot be used; nothing where it can.
pub fn validate(project: &AppProject) -> Vec<Finding> {
    let mut found = project.validate();
    found.retain(|finding| finding.severity == Severity::Error);
    let spec = FieldPath::root().key("spec");
    for (index, role) in project.spec.roles.iter().flatten().enumerate() {
        check_role(project.name(), role, &spec.clone().key("roles").index(index), &mut found);
    }
    check_windows(project, &spec, &mut found);
    for (index, account) in project.spec.destination_service_accounts.iter().flatten().enumerate() {
        let path = spec.clone().key("destinationServiceAccounts").index(index);
        let fields =
            [("server", account.server.as_str()), ("namespace", account.namespace.as_deref().unwrap_or_default())];
        for (field, pattern) in fields {
            if let Err(error) = Glob::parse(pattern) {
                found.push(Finding::error(path.clone().key(field), error.to_string()));
            }
        }
    }
    found
}

fn check_role(project: &str, role: &ProjectRole, path: &FieldPath, found: &mut Vec<Finding>) {
    for (index, policy) in role.policies.iter().flatten().enumerate() {
        if let Err(reason) = check_policy(project, &role.name, policy) {
            found.push(Finding::error(path.clone().key("policies").index(index), reason));
        }
    }
    for (index, group) in role.groups.iter().flatten().enumerate() {
        if let Err(reason) = check_group(group) {
            found.push(Finding::error(path.clone().key("groups").index(index), reason));
        }
    }
}

fn check_policy(project: &str, role: &str, policy: &str) -> Result<(), String> {
    let fields: Vec<&str> = policy.split(',').map(|field| field.trim_matches(' ')).collect();
    let ["p", subject, resource, action, object, effect] = fields.as_slice() else {
        return Err(format!("expected `p, subject, resource, action, object, effect`, found `{policy}`"));
    };
    let role = rbac::subject_of_role(project, role);
    if *subject != role {
        return Err(format!("the subject must be `{role}`, not `{subject}`"));
    }
    if !RESOURCES.contains(resource) {
        return Err(format!("the resource must be one of {}, not `{resource}`", RESOURCES.join(", ")));
    }
    if !ACTIONS.contains(action) && !NESTED_ACTIONS.iter().any(|nested| action.contains(nested)) {
        return Err(format!("there is no action `{action}`"));
    }
    if !is_object(project, object) {
        return Err(format!("the object must be `{project}/NAME` or `{project}/NAMESPACE/NAME`, not `{object}`"));
    }
    if !matches!(*effect, "allow" | "deny") {
        return Err(format!("the effect must be `allow` or `deny`, not `{effect}`"));
    }
    Ok(())
}

/// The project, possibly a namespace, and a name, each possibly with stars.
fn is_object(project: &str, object: &str) -> bool {
    let Some(rest) = object.strip_prefix(project).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*_-.".contains(&byte))
    };
    rest.split('/').count() <= 2 && rest.split('/').all(is_part)
}

fn check_group(group: &str) -> Result<(), String> {
    let name = group.trim();
    let name = match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted,
        None if name.contains(',') => return Err(format!("`{name}` must be in quotes for its comma")),
        None => name,
    };
    if name.is_empty() {
        return Err("a group must have a name".into());
    }
    if name.contains(['"', '\n', '\r', '\t']) {
        return Err(format!("{name:?} has characters that a group cannot have"));
    }
    if group.trim() != group {
        return Err(format!("{group:?} has a blank at its beginning or end"));
    }
    Ok(())
}

fn check_windows(project: &AppProject, spec: &FieldPath, found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for window in SyncWindows::of(&project.spec).iter() {
        let path = spec.clone().key("syncWindows").index(window.index);
        if let Err(error) = window.check() {
            found.push(Finding::error(path.clone(), error.to_string()));
        }
        if !seen.insert(identity(&window.written)) {
            found.push(Finding::error(path, "this window is given twice"));
        }
    }
}

/// What makes two windows the same one.
fn identity(window: &SyncWindow) -> impl Ord + use<> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let list = |field: &Option<Vec<String>>| field.clone().unwrap_or_default();
    (
        window.kind.clone().unwrap_or_default(),
        [&window.schedule, &window.duration, &window.time_zone].map(text),
        [&window.applications, &window.namespaces, &window.clusters].map(list),
        window.use_and_operator == Some(true),
    )
}
