//! Every way through the machine, for small plans: it always ends, and before that it always waits for something.

use gitops_apply::execute::{Action, Event, Settings, StepResult, Stored};
use gitops_apply::tracking::Tracking;
use gitops_apply::{Approved, Execution, gate};
use gitops_core::cluster::{ClusterError, ErrorKind};
use gitops_core::{Object, Timestamp};
use serde_json::{Value, json};

use crate::support::*;

fn job(name: &str, phase: &str, live: bool) -> Value {
    let mut metadata = json!({"name": name, "annotations": {"argocd.argoproj.io/hook": phase,
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation,HookSucceeded,HookFailed"}});
    if live {
        metadata["namespace"] = json!("shop");
    }
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata})
}

fn config(name: &str, wave: i64) -> Value {
    let annotations = json!({"argocd.argoproj.io/sync-wave": wave.to_string()});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "annotations": annotations}})
}

struct Explorer {
    seen: Seen,
    approved: Approved,
    runs: usize,
    rehearses: bool,
}

impl Explorer {
    fn new(before: Vec<Value>, after: Vec<Value>, live: Vec<Value>) -> Self {
        let cluster = Fake::default();
        must(&cluster, &App::new(before));
        live.into_iter().for_each(|object| cluster.put(object));
        let app = App::new(after);
        let seen = run(&cluster, look(&cluster, &app)).unwrap().ok().unwrap();
        let plan = make_plan(&seen, &app).unwrap();
        let approved = gate(plan, &policy(&seen), Timestamp::UNIX_EPOCH).unwrap();
        Self { seen, approved, runs: 0, rehearses: false }
    }

    /// Replays a list of choices; returns how many answers were possible at the first step after them, 0 at the end.
    fn replay(&self, choices: &[usize]) -> usize {
        let mut settings = Settings::default();
        settings.attempts = 2;
        settings.rehearse = self.rehearses;
        settings.wait = jiff::SignedDuration::from_millis(500);
        let mut now = Timestamp::UNIX_EPOCH;
        let inventory = self.seen.inventory.clone();
        let (mut execution, first) =
            Execution::start(self.approved.clone(), &self.seen.desired, &self.seen.live, inventory, settings, now);
        let mut out: Vec<Action> = first;
        let mut terminated = false;
        let mut choices = choices.iter();
        for steps in 0.. {
            assert!(steps < 300, "it does not end");
            assert_eq!(execution.outstanding(), out.len());
            if execution.outcome().is_some() {
                return 0;
            }
            let deadline = execution.deadline();
            assert!(!out.is_empty() || deadline.is_some(), "nothing is waited for");
            let answers = out.first().map_or(1, answers);
            // Every answer, and the same with a termination before it.
            let possible = if terminated { answers } else { answers * 2 };
            let Some(choice) = choices.next() else { return possible };
            if *choice >= answers {
                terminated = true;
                out.extend(execution.on(Event::Terminate, now));
                continue;
            }
            let event = if out.is_empty() {
                now = now.max(deadline.unwrap());
                Event::Tick
            } else {
                answer(out.remove(0), *choice)
            };
            out.extend(execution.on(event, now));
        }
        unreachable!()
    }

    /// Depth first through all choices; beyond the depth, the first answer is taken until the end.
    fn explore(&mut self, choices: &mut Vec<usize>, depth: usize) {
        let possible = self.replay(choices);
        if possible == 0 {
            self.runs += 1;
            return;
        }
        let tried = if choices.len() < depth { possible } else { 1 };
        for choice in 0..tried {
            // Beyond the depth, the answer turns with the way, so that all kinds come up in the tail too.
            let turned =
                if tried == 1 { (choices.iter().sum::<usize>() + choices.len() / 7) % possible.min(3) } else { choice };
            choices.push(turned);
            self.explore(choices, depth);
            choices.pop();
        }
    }
}

fn answers(action: &Action) -> usize {
    match action {
        Action::SaveInventory { .. } | Action::Compare { .. } => 3,
        Action::Look { .. } => 4,
        Action::Rehearse { .. } | Action::Release { .. } => 3,
        Action::Write { .. } => 5,
        Action::Delete { .. } => 5,
        Action::Observe(_) => 5,
    }
}

fn error(kind: ErrorKind) -> ClusterError {
    ClusterError::new(kind, "it failed")
}

fn done(choice: usize) -> Result<(), ClusterError> {
    match choice {
        0 => Ok(()),
        1 => Err(error(ErrorKind::Unavailable)),
        _ => Err(error(ErrorKind::Invalid)),
    }
}

fn live(object: &gitops_core::ObjectRef, status: Value) -> Object {
    let metadata =
        json!({"name": object.id.name, "namespace": object.id.namespace, "uid": "new", "resourceVersion": "9"});
    let version = object.gvk().api_version();
    let value = json!({"apiVersion": version, "kind": object.id.kind, "metadata": metadata, "status": status});
    Object::from_value(value).unwrap()
}

fn answer(action: Action, choice: usize) -> Event {
    let transient = ErrorKind::Unavailable;
    match action {
        Action::SaveInventory { .. } => Event::InventorySaved(match choice {
            0 => Ok(Stored { parts: 1, ..Stored::default() }),
            1 => Err(error(transient)),
            _ => Err(error(ErrorKind::Forbidden)),
        }),
        Action::Write { step, object, .. } => {
            let result = match choice {
                0 => Ok(StepResult::Written(Box::new(live(&object.reference(), json!({}))))),
                1 => Err(error(transient)),
                2 => Err(error(ErrorKind::Conflict)),
                3 => Err(error(ErrorKind::AlreadyExists)),
                _ => Err(error(ErrorKind::NotFound)),
            };
            Event::Step { step, result }
        }
        Action::Rehearse { step, .. } => Event::Rehearsed { step, result: done(choice) },
        Action::Release { step, .. } => Event::Released { step, result: done(choice) },
        Action::Delete { step, .. } => {
            let result = match choice {
                0 => Ok(StepResult::Gone),
                1 => Ok(StepResult::Deleting),
                2 => Err(error(transient)),
                3 => Err(error(ErrorKind::Conflict)),
                _ => Err(error(ErrorKind::NotFound)),
            };
            Event::Step { step, result }
        }
        Action::Look { step, target, uid } => {
            let owned = |application: &str| {
                let mut found = live(&target, json!({}));
                found.edit(|body| body["metadata"]["uid"] = json!(uid));
                Tracking::default().mark(&mut found, application, "shop");
                Ok(Some(Box::new(found)))
            };
            let result = match choice {
                0 => owned(APPLICATION),
                1 => Ok(None),
                2 => Err(error(transient)),
                _ => owned("other"),
            };
            Event::Looked { step, result }
        }
        Action::Compare { step, desired, .. } => {
            let result = match choice {
                0 => Ok(Some((Box::new(live(&desired.reference(), json!({}))), Vec::new()))),
                1 => Ok(None),
                _ => Err(error(transient)),
            };
            Event::Compared { step, result }
        }
        Action::Observe(targets) => {
            let all = |status: Value| Ok(targets.iter().map(|target| live(target, status.clone())).collect());
            Event::Observed(match choice {
                0 => all(json!({"conditions": [{"type": "Complete", "status": "True"}]})),
                1 => all(json!({})),
                2 => all(json!({"conditions": [{"type": "Failed", "status": "True", "message": "no"}]})),
                3 => Ok(Vec::new()),
                _ => Err(error(transient)),
            })
        }
    }
}

#[test]
fn every_way_ends() {
    let cases = [
        Explorer::new(vec![config("old", 0)], vec![config("a", 0), config("b", 1)], Vec::new()),
        Explorer::new(Vec::new(), vec![job("h", "PreSync", false), config("a", 0)], vec![job("h", "PreSync", true)]),
        Explorer::new(
            Vec::new(),
            vec![config("a", 0), job("p", "PostSync", false), job("f", "SyncFail", false)],
            Vec::new(),
        ),
    ];
    for (mut case, depth) in cases.into_iter().zip([6, 6, 5]) {
        case.explore(&mut Vec::new(), depth);
        case.rehearses = true;
        case.explore(&mut Vec::new(), depth);
        println!("{} ways", case.runs);
    }
}
