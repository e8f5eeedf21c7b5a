//! The order of a sync's tasks.

use gitops_apply::ApplyPlan;
use gitops_apply::plan::StepAction;
use serde_json::{Value, json};

use super::input::Input;

pub(super) fn check(case: &Value) -> Result<(), String> {
    let expected = case.get("expected").ok_or("the case expects nothing")?;
    let planned = plan_of(case);
    if expected.get("valid").and_then(Value::as_bool) != Some(true) {
        return match planned {
            Ok(_) => Err("the tasks are not valid, and were planned".into()),
            Err(_) => Ok(()),
        };
    }
    let mut found = Vec::new();
    for phase in planned?.phases {
        for wave in &phase.waves {
            found.extend(wave.batches.iter().flatten().map(|step| Task {
                phase: phase.phase.to_string(),
                wave: wave.wave,
                prune: step.action == StepAction::Prune,
                hook: step.action == StepAction::Hook,
                group: step.object.id.group.to_string(),
                kind: step.object.id.kind.to_string(),
                name: step.object.id.name.to_string(),
            }));
        }
    }
    let lists = std::iter::once(expected).chain(super::list(expected, "alternatives"));
    let lists: Vec<Vec<Task>> =
        lists.map(|one| in_order(super::list(one, "tasks").map(Task::read).collect())).collect();
    let found = in_order(found);
    match lists.first() {
        Some(first) if !lists.contains(&found) => super::equal(first, &found),
        _ => Ok(()),
    }
}

/// A task as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Task {
    phase: String,
    wave: i64,
    prune: bool,
    hook: bool,
    group: String,
    kind: String,
    name: String,
}

impl Task {
    fn read(value: &Value) -> Self {
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let flag = |field: &str| value.get(field).and_then(Value::as_bool) == Some(true);
        Self {
            phase: text("phase"),
            wave: value.get("wave").and_then(Value::as_i64).unwrap_or_default(),
            prune: flag("prune"),
            hook: flag("hook"),
            group: text("group"),
            kind: text("kind"),
            name: text("name"),
        }
    }
}

/// Of a wave, deletions are made at once and before the writes: among themselves and towards the writes, their place in the
/// list does not count.
fn in_order(mut tasks: Vec<Task>) -> Vec<Task> {
    for wave in tasks.chunk_by_mut(|a, b| (&a.phase, a.wave) == (&b.phase, b.wave)) {
        wave.sort_by(|a, b| {
            b.prune.cmp(&a.prune).then_with(|| if a.prune { a.cmp(b) } else { std::cmp::Ordering::Equal })
        });
    }
    tasks
}

fn plan_of(case: &Value) -> Result<ApplyPlan, String> {
    let mut live = Vec::new();
    for (index, value) in super::list(case, "live").enumerate() {
        let mut object = super::object(value)?;
        object.edit(|body| body["metadata"]["uid"] = json!(format!("uid-{index}")));
        live.push(object);
    }
    let mut input = Input::of(case, live)?;
    input.options.prune = true;
    input.plan().map_err(|error| error.to_string())
}
