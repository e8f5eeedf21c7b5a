//! The areas of a folder of conformance data; one that the folder lacks is left out.

mod argo;
mod cluster;
mod folder;
mod helm;
mod kustomize;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Case, RunError, Verdict};

/// Every case of the folder, area by area.
pub(super) fn load(directory: &Path) -> Result<Vec<Case>, RunError> {
    let mut cases = kustomize::load(&directory.join("kustomize"))?;
    cases.extend(helm::load(&directory.join("helm"))?);
    cases.extend(argo::load(&directory.join("argo"))?);
    cases.extend(cluster::load(&directory.join("cluster"))?);
    Ok(cases)
}

/// The folders in a folder, by name; none where it is absent.
fn folders(directory: &Path) -> Result<Vec<PathBuf>, RunError> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |source| RunError::File { path: directory.into(), source };
    let entries = std::fs::read_dir(directory).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut folders: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

fn read_json(path: &Path) -> Result<Value, RunError> {
    let bytes = std::fs::read(path).map_err(|source| RunError::File { path: path.into(), source })?;
    serde_json::from_slice(&bytes).map_err(|error| layout(path, error.to_string()))
}

/// The JSON values of a file that has one a line; none where it is absent.
fn read_json_lines(path: &Path) -> Result<Vec<Value>, RunError> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).map_err(|source| RunError::File { path: path.into(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| layout(path, format!("line {}: {error}", number + 1)))
    };
    lines.map(parse).collect()
}

/// The list under `cases`.
fn cases_of(path: &Path, mut file: Value) -> Result<Vec<Value>, RunError> {
    match file.get_mut("cases").map(Value::take) {
        Some(Value::Array(cases)) => Ok(cases),
        _ => Err(layout(path, "expected a list under `cases`".into())),
    }
}

fn text_field<'a>(path: &Path, case: &'a Value, field: &str) -> Result<&'a str, RunError> {
    case.get(field).and_then(Value::as_str).ok_or_else(|| layout(path, format!("a case has no text `{field}`")))
}

/// The list of texts under `flags`.
fn flags(case: &Value) -> Vec<String> {
    let flags = case.get("flags").and_then(Value::as_array).into_iter().flatten();
    flags.filter_map(Value::as_str).map(Into::into).collect()
}

fn layout(path: &Path, message: String) -> RunError {
    RunError::Layout { path: path.into(), message }
}

/// A case of a part that the engine does not have: it counts, and fails.
fn lacking(area: &'static str, id: String, part: &'static str) -> Case {
    Case::new(area, id, move || Verdict::Failed(format!("the engine has no {part} yet")))
}
