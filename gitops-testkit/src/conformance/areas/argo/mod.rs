//! Argo CD's behaviour: health, comparison, synchronization and the rest.

mod application_set;
mod diff;
mod health;
mod hooks;
mod input;
mod order;
mod projects;
mod rbac;
mod sim;

use std::path::{Path, PathBuf};

use gitops_core::Object;
use serde_json::{Value, json};

use super::{cases_of, folders, lacking, read_json, text_field};
use crate::conformance::{Case, RunError, Verdict};

/// Folder, area and what the engine needs for it.
const PARTS: [(&str, &str, &str); 9] = [
    ("health", "argo/health", "health rule"),
    ("diff", "argo/diff", "comparison of Argo CD's normalizers"),
    ("sync", "argo/sync", "replay of Argo CD's sync engine"),
    ("applicationset", "argo/applicationset", "ApplicationSet generators"),
    ("rbac", "argo/rbac", "RBAC"),
    ("projects", "argo/projects", "project policy"),
    ("notifications", "argo/notifications", "notifications"),
    ("rollouts", "argo/rollouts", "rollouts"),
    ("sealed-secrets", "argo/sealed-secrets", "sealed secrets"),
];

pub(super) fn load(directory: &Path) -> Result<Vec<Case>, RunError> {
    let mut cases = Vec::new();
    for (folder, area, part) in PARTS {
        for file in case_files(&directory.join(folder))? {
            let content = read_json(&file)?;
            if content.get("cases").is_none() {
                continue;
            }
            for case in cases_of(&file, content)? {
                cases.push(one(area, part, text_field(&file, &case, "id")?.to_owned(), case));
            }
        }
    }
    Ok(cases)
}

/// The folder's files of cases, those of its subfolders after its own, by name.
fn case_files(directory: &Path) -> Result<Vec<PathBuf>, RunError> {
    let failed = |source| RunError::File { path: directory.into(), source };
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(directory).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for folder in folders(directory)? {
        files.extend(case_files(&folder)?);
    }
    Ok(files)
}

/// A case of a folder, run by the part of the engine that it is about.
fn one(area: &'static str, part: &'static str, id: String, case: Value) -> Case {
    let run: fn(&Value) -> Result<(), String> = match area {
        "argo/health" => health::check,
        "argo/applicationset" => application_set::check,
        "argo/diff" if kind_of(&id) == "normalize" => diff::check_normal_form,
        "argo/diff" => diff::check,
        "argo/sync" => match kind_of(&id) {
            "order" => order::check,
            "hookinfo" => hooks::check,
            "retry" => hooks::check_retry,
            "sim" => sim::check,
            _ => return lacking(area, id, part),
        },
        "argo/projects" => projects::check,
        "argo/rbac" => rbac::check,
        _ => return lacking(area, id, part),
    };
    Case::new(area, id, move || Verdict::from_result(run(&case)))
}

/// `sync/KIND/name` and the like.
fn kind_of(id: &str) -> &str {
    id.split('/').nth(1).unwrap_or_default()
}

/// An object of a case; one that the case leaves nameless gets a name, as every object of a cluster has.
fn object(value: &Value) -> Result<Object, String> {
    let mut value = value.clone();
    let metadata = value.as_object_mut().ok_or("not an object")?.entry("metadata").or_insert_with(|| json!({}));
    let named = |field| metadata.get(field).and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    if !named("name") && !named("generateName") {
        metadata["name"] = json!("nameless");
    }
    Object::from_value(value).map_err(|error| error.to_string())
}

/// The values of a list, or none.
fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// A pass where both are the same.
fn equal<T: PartialEq + std::fmt::Debug>(expected: &T, found: &T) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
}
