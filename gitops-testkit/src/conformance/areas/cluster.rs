//! Writes of several field managers to one object, recorded on a real API server, replayed on the embedded cluster
//! through its HTTP API.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::{layout, read_json, read_json_lines, text_field};
use crate::conformance::replay::{Replay, Strictness};
use crate::conformance::{Case, RunError, Verdict};

const OWNED: &str = "cluster/ssa";
const WHOLE: &str = "cluster/defaults";

pub(super) fn load(directory: &Path) -> Result<Vec<Case>, RunError> {
    let file = directory.join("ssa").join("cases.jsonl");
    let recorded = read_json_lines(&file)?;
    if recorded.is_empty() {
        return Ok(Vec::new());
    }
    let definition = Arc::new(read_json(&directory.join("ssa").join("crd.json"))?);
    let mut cases = Vec::with_capacity(recorded.len() * 2);
    for (area, strictness) in [(OWNED, Strictness::OwnedValues), (WHOLE, Strictness::WholeObjects)] {
        for case in &recorded {
            let id = text_field(&file, case, "id")?.replacen(OWNED, area, 1);
            let Some(Value::Array(steps)) = case.get("steps") else {
                return Err(layout(&file, format!("`{id}` has no list of steps")));
            };
            let (steps, definition) = (steps.clone(), Arc::clone(&definition));
            cases.push(Case::new(area, id, move || {
                Verdict::from_result(Replay::new(&definition, strictness).and_then(|mut replay| replay.all(&steps)))
            }));
        }
    }
    Ok(cases)
}
