//! Kustomize builds: kustomize's own tests, and the kustomizations of public repositories.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{cases_of, folders, read_json, text_field};
use crate::conformance::{Case, RunError, Verdict, compare};

pub(super) fn load(directory: &Path) -> Result<Vec<Case>, RunError> {
    let mut cases = Vec::new();
    for folder in folders(&directory.join("krusty"))? {
        let file = folder.join("case.json");
        let case = read_json(&file)?;
        let id = format!("krusty/{}", folder.file_name().unwrap_or_default().to_string_lossy());
        let build = Build {
            root: folder.join("input"),
            path: text_field(&file, &case, "run")?.into(),
            flags: flags(&case),
            expected: Expected::Text(folder.join("expected.yaml")),
        };
        let reordered = folder.join("expected_reorder_none.yaml");
        cases.push(Case::new("kustomize/krusty", id, move || {
            if !folder.join("expected.yaml").is_file() {
                return build.expecting(Expected::Error).check();
            }
            let verdict = build.check();
            if verdict != Verdict::Passed || !reordered.is_file() {
                return verdict;
            }
            let mut unordered = build.expecting(Expected::Text(reordered));
            unordered.flags.extend(["--reorder".into(), "none".into()]);
            unordered.check()
        }));
    }
    for folder in folders(&directory.join("real"))? {
        let file = folder.join("cases.json");
        for case in cases_of(&file, read_json(&file)?)? {
            let build = Build {
                root: folder.join("tree"),
                path: text_field(&file, &case, "dir")?.into(),
                flags: flags(&case),
                expected: Expected::Text(folder.join(text_field(&file, &case, "expected")?)),
            };
            cases.push(Case::new("kustomize/real", text_field(&file, &case, "id")?, move || build.check()));
        }
    }
    Ok(cases)
}

fn flags(case: &Value) -> Vec<String> {
    let flags = case.get("flags").and_then(Value::as_array).into_iter().flatten();
    flags.filter_map(Value::as_str).map(Into::into).collect()
}

/// One build and what came of it.
struct Build {
    root: PathBuf,
    path: String,
    flags: Vec<String>,
    expected: Expected,
}

enum Expected {
    /// These bytes.
    Text(PathBuf),
    /// An error; its words are not compared.
    Error,
}
