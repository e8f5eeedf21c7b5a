//! Deleting an application: hooks before and after its objects.

use gitops_apply::hook::Phase;
use gitops_apply::plan::StepAction;
use serde_json::{Value, json};

use crate::support::*;

fn app() -> App {
    let hook = |name: &str, phase: &str| -> Value {
        let metadata = json!({"name": name, "annotations": {"argocd.argoproj.io/hook": phase}});
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata})
    };
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}});
    App::new(vec![hook("after", "PostDelete"), hook("before", "PreDelete"), hook("check", "PostSync"), config])
}

#[test]
fn hooks_of_a_deletion_run_around_it() {
    let cluster = Fake::default();
    let mut app = app();
    let synced = must(&cluster, &app);
    let hooks: Vec<_> = synced.plan.steps().filter(|step| step.action == StepAction::Hook).collect();
    assert_eq!(hooks.len(), 1, "a sync runs its own hooks only");

    app.options.deletion = true;
    let deleted = must(&cluster, &app);
    let phases: Vec<_> = deleted.plan.phases.iter().map(|phase| phase.phase).collect();
    assert_eq!(phases, [Phase::PreDelete, Phase::Sync, Phase::PostDelete]);
    let steps: Vec<_> = deleted.plan.steps().map(|step| (step.action, step.object.id.name.as_str())).collect();
    let wanted = [(StepAction::Hook, "before"), (StepAction::Prune, "c"), (StepAction::Hook, "after")];
    assert_eq!(steps, wanted);
    assert_eq!(deleted.outcome.phase.as_str(), "Succeeded", "{}", deleted.outcome.message);
    assert!(cluster.objects().iter().all(|object| object.kind() != "ConfigMap" || object.name() != "c"));
}
