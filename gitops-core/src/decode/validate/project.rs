//! Rules for projects, as `ValidateProject` of Argo CD 3.5 has them. Policies, globs and schedules are checked where they are
//! understood.

use super::application::check_name;
use super::{Validate, repeated};
use crate::api::{AppProject, AppProjectSpec, FieldPath, SyncWindow, SyncWindowKind};
use crate::decode::problem::Finding;

impl Validate for AppProject {
    fn validate(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        check_name(&self.metadata, &mut found);
        let path = FieldPath::root().key("spec");
        check_destinations(&self.spec, &path, &mut found);
        check_texts(self.spec.source_repos.as_deref(), path.clone().key("sourceRepos"), true, &mut found);
        check_texts(self.spec.source_namespaces.as_deref(), path.clone().key("sourceNamespaces"), false, &mut found);
        check_roles(&self.spec, &path, &mut found);
        for (index, window) in self.spec.sync_windows.iter().flatten().enumerate() {
            check_window(window, &path.clone().key("syncWindows").index(index), &mut found);
        }
        check_accounts(&self.spec, &path, &mut found);
        check_description(self.spec.description.as_deref(), &path, &mut found);
        found
    }
}

fn check_description(description: Option<&str>, path: &FieldPath, found: &mut Vec<Finding>) {
    if description.is_some_and(|text| text.chars().count() > 255) {
        found.push(Finding::error(path.clone().key("description"), "must not exceed 255 characters"));
    }
}

fn check_destinations(spec: &AppProjectSpec, path: &FieldPath, found: &mut Vec<Finding>) {
    let destinations = spec.destinations.as_deref().unwrap_or_default();
    let path = path.clone().key("destinations");
    for (index, destination) in destinations.iter().enumerate() {
        let fields =
            [("name", &destination.name), ("server", &destination.server), ("namespace", &destination.namespace)];
        for (field, value) in fields {
            if value.as_deref() == Some("!*") {
                let message = "`!*` would leave nothing";
                found.push(Finding::error(path.clone().index(index).key(field), message));
            }
        }
    }
    let keys = destinations.iter().map(|destination| {
        let cluster = destination.server().or(destination.name()).unwrap_or_default();
        (cluster, destination.namespace().unwrap_or_default())
    });
    for (index, (cluster, namespace)) in repeated(keys) {
        let message = format!("destination `{cluster}/{namespace}` is given twice");
        found.push(Finding::error(path.clone().index(index), message));
    }
}

fn check_texts(texts: Option<&[String]>, path: FieldPath, is_pattern: bool, found: &mut Vec<Finding>) {
    let texts = texts.unwrap_or_default();
    for (index, text) in texts.iter().enumerate() {
        if is_pattern && text == "!*" {
            found.push(Finding::error(path.clone().index(index), "`!*` would leave nothing"));
        }
    }
    for (index, text) in repeated(texts.iter()) {
        found.push(Finding::error(path.clone().index(index), format!("`{text}` is given twice")));
    }
}

fn check_roles(spec: &AppProjectSpec, path: &FieldPath, found: &mut Vec<Finding>) {
    let roles = spec.roles.as_deref().unwrap_or_default();
    let path = path.clone().key("roles");
    for (index, role) in repeated(roles.iter().map(|role| role.name.as_str())) {
        found.push(Finding::error(path.clone().index(index), format!("role `{role}` is given twice")));
    }
    for (index, role) in roles.iter().enumerate() {
        let path = path.clone().index(index);
        if !is_role_name(&role.name) {
            let message = format!(
                "expected letters, digits, `-` and `_`, with a letter or digit at both ends, found {:?}",
                role.name
            );
            found.push(Finding::error(path.clone().key("name"), message));
        }
        check_texts(role.policies.as_deref(), path.clone().key("policies"), false, found);
        check_texts(role.groups.as_deref(), path.key("groups"), false, found);
    }
}

fn is_role_name(name: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    is_end(name.chars().next())
        && is_end(name.chars().next_back())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn check_window(window: &SyncWindow, path: &FieldPath, found: &mut Vec<Finding>) {
    if !window.kind.as_ref().is_some_and(SyncWindowKind::is_known) {
        let kind = window.kind.as_ref().map_or("", |kind| kind.as_str());
        let message = format!("expected \"allow\" or \"deny\", found {kind:?}");
        found.push(Finding::error(path.clone().key("kind"), message));
    }
    let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
    if is_empty(&window.applications) && is_empty(&window.namespaces) && is_empty(&window.clusters) {
        let message = "one of `applications`, `namespaces` and `clusters` is required";
        found.push(Finding::error(path.clone(), message));
    }
    check_description(window.description.as_deref(), path, found);
}

fn check_accounts(spec: &AppProjectSpec, path: &FieldPath, found: &mut Vec<Finding>) {
    let accounts = spec.destination_service_accounts.as_deref().unwrap_or_default();
    let path = path.clone().key("destinationServiceAccounts");
    for (index, account) in accounts.iter().enumerate() {
        let path = path.clone().index(index);
        if account.server.contains('!') {
            found.push(Finding::error(path.clone().key("server"), "must not contain `!`"));
        }
        if account.namespace.as_deref().is_some_and(|namespace| namespace.contains('!')) {
            found.push(Finding::error(path.clone().key("namespace"), "must not contain `!`"));
        }
        let name = &account.default_service_account;
        if name.trim_matches(' ').is_empty() || name.contains(['!', '*', '[', ']', '{', '}', '\\', '/']) {
            let message = format!("expected the name of a service account, found {name:?}");
            found.push(Finding::error(path.key("defaultServiceAccount"), message));
        }
    }
    let keys =
        accounts.iter().map(|account| (account.server.as_str(), account.namespace.as_deref().unwrap_or_default()));
    for (index, (server, namespace)) in repeated(keys) {
        let message = format!("destination `{server}/{namespace}` is given twice");
        found.push(Finding::error(path.clone().index(index), message));
    }
}
