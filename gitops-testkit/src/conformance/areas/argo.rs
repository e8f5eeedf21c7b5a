//! Argo CD's behaviour: health, comparison, synchronization and the rest.

use std::path::{Path, PathBuf};

use gitops_core::Object;
use serde_json::Value;

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
    match area {
        "argo/health" => Case::new(area, id, move || Verdict::from_result(health(&case))),
        _ => lacking(area, id, part),
    }
}

fn health(case: &Value) -> Result<(), String> {
    let object = case.get("object").cloned().ok_or("the case has no object")?;
    let object = Object::from_value(object).map_err(|error| error.to_string())?;
    // The recorded end result; where a case has none, what the kind's own check says.
    let expected = case.get("final").or_else(|| case.get("expected")).filter(|value| !value.is_null());
    let text = |field| expected.and_then(|value| value.get(field)).and_then(Value::as_str).unwrap_or_default();
    let wanted = expected.map(|_| (text("status").to_owned(), text("message").to_owned()));
    let found = gitops_apply::health::health(&object).map(|health| (health.status.to_string(), health.message));
    if wanted == found { Ok(()) } else { Err(format!("expected {wanted:?}, found {found:?}")) }
}
