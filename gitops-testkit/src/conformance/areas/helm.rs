//! Charts, small charts on single rules, template vectors and `--set` vectors.

use std::path::Path;

use super::{cases_of, folders, lacking, read_json, read_json_lines, text_field};
use crate::conformance::{Case, RunError};

pub(super) fn load(directory: &Path) -> Result<Vec<Case>, RunError> {
    let mut cases = Vec::new();
    for (area, folder) in [("helm/charts", "charts"), ("helm/semantics", "semantics")] {
        for chart in folders(&directory.join(folder))? {
            let file = chart.join("cases.json");
            for case in cases_of(&file, read_json(&file)?)? {
                cases.push(lacking(area, format!("{area}/{}", text_field(&file, &case, "id")?), "Helm charts"));
            }
        }
    }
    for (area, name) in [("helm/vectors", "vectors.jsonl"), ("helm/strvals", "strvals.jsonl")] {
        let file = directory.join("engine").join(name);
        for case in read_json_lines(&file)? {
            cases.push(lacking(area, format!("{area}/{}", text_field(&file, &case, "id")?), "Go templates"));
        }
    }
    Ok(cases)
}
