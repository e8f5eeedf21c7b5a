use serde_json::{Value, json};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn application(name: &str, status: Value) -> Application {
    let value = json!({
        "metadata": {"name": name, "labels": {"tier": name.chars().next().map(String::from)}},
        "spec": {"project": "default", "destination": {}, "syncPolicy": {"automated": {"prune": true}}},
        "status": status,
    });
    serde_json::from_value(value).unwrap()
}

fn synced(revision: &str) -> Value {
    json!({"sync": {"status": "Synced", "revision": revision}, "health": {"status": "Healthy"},
           "reconciledAt": "1970-01-01T00:00:00Z"})
}

fn out_of_sync(revision: &str) -> Value {
    json!({"sync": {"status": "OutOfSync", "revision": revision}, "health": {"status": "Healthy"}})
}

fn steps(most: Value) -> Vec<ApplicationSetRolloutStep> {
    let step = |tier: &str, most: &Value| json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": [tier]}], "maxUpdate": most});
    serde_json::from_value(json!([step("a", &most), step("b", &Value::Null)])).unwrap()
}

/// Where Applications are after a step on: `name:status:step` each.
fn codes(progress: &Progress) -> String {
    let one = |status: &ApplicationSetApplicationStatus| {
        format!("{}:{}:{}", status.application, status.status.as_str(), status.step)
    };
    progress.statuses.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn advanced(
    steps: &[ApplicationSetRolloutStep],
    before: &[ApplicationSetApplicationStatus],
    live: &[Application],
    changed: &[&str],
    second: i64,
) -> Progress {
    let live: Vec<&Application> = live.iter().collect();
    advance(steps, before, &live, &live, |one| changed.contains(&one.name()), at(second))
}

#[test]
fn a_step_waits_for_the_one_before() {
    let steps = steps(Value::Null);
    let all = |a: Value, b: Value| [application("a1", a), application("b1", b), application("c1", out_of_sync("1"))];
    let first = advanced(&steps, &[], &all(out_of_sync("1"), out_of_sync("1")), &[], 10);
    assert_eq!(codes(&first), "a1:Pending:1 b1:Waiting:2 c1:Waiting:-1");
    assert_eq!(first.rollout(), Rollout::Step(1));
    let mut running = out_of_sync("1");
    running["reconciledAt"] = json!("1970-01-01T00:00:12Z");
    running["operationState"] = json!({"phase": "Running", "startedAt": "1970-01-01T00:00:11Z", "operation": {}});
    let second = advanced(&steps, &first.statuses, &all(running, out_of_sync("1")), &[], 12);
    assert_eq!(codes(&second), "a1:Progressing:1 b1:Waiting:2 c1:Waiting:-1");
    let third = advanced(&steps, &second.statuses, &all(synced("1"), out_of_sync("1")), &[], 13);
    assert_eq!(codes(&third), "a1:Healthy:1 b1:Pending:2 c1:Waiting:-1");
    assert_eq!(third.rollout(), Rollout::Step(2));
    let fourth = advanced(&steps, &third.statuses, &all(synced("1"), synced("2")), &[], 14);
    assert_eq!(codes(&fourth), "a1:Healthy:1 b1:Healthy:2 c1:Waiting:-1");
    assert_eq!(fourth.rollout(), Rollout::Complete);
}

#[test]
fn a_step_waits_until_the_one_before_was_compared_at_its_commit() {
    let from = |name: &str, repository: &str, status: Value| {
        let mut one = application(name, status);
        one.spec.source = Some(ApplicationSource::new(repository));
        one
    };
    let steps = steps(Value::Null);
    let both = |a: &str, b: &str| [from("a1", "r", synced(a)), from("b1", "r", synced(b))];
    let done = advanced(&steps, &[], &both("1", "1"), &[], 10);
    assert_eq!(codes(&done), "a1:Healthy:1 b1:Healthy:2");
    let moved = |repository: &str| [from("a1", repository, synced("1")), from("b1", "r", out_of_sync("2"))];
    assert_eq!(codes(&advanced(&steps, &done.statuses, &moved("r"), &[], 20)), "a1:Healthy:1 b1:Waiting:2");
    assert_eq!(codes(&advanced(&steps, &done.statuses, &moved("other"), &[], 20)), "a1:Healthy:1 b1:Pending:2");
}

#[test]
fn only_so_many_change_at_once() {
    let live: Vec<Application> = (1..=5).map(|n| application(&format!("a{n}"), out_of_sync("1"))).collect();
    let pending = |most: Value| {
        let progress = advanced(&steps(most), &[], &live, &[], 1);
        progress.statuses.iter().filter(|one| one.status == ProgressiveSyncStatusCode::Pending).count()
    };
    let cases = [
        (Value::Null, 5),
        (json!(2), 2),
        (json!(0), 0),
        (json!("40%"), 2),
        (json!("59%"), 2),
        (json!("1%"), 1),
        (json!("0%"), 0),
        (json!("100%"), 5),
        (json!(9), 5),
    ];
    for (most, count) in cases {
        assert_eq!(pending(most.clone()), count, "{most}");
    }
}

#[test]
fn what_is_to_be_another_counts_as_done_only_after_it_was_compared() {
    let steps = steps(Value::Null);
    let done = advanced(&steps, &[], &[application("a1", synced("1"))], &[], 10);
    assert_eq!(codes(&done), "a1:Healthy:1");
    let changed = advanced(&steps, &done.statuses, &[application("a1", synced("1"))], &["a1"], 20);
    assert_eq!(codes(&changed), "a1:Pending:1");
    assert_eq!(changed.statuses[0].last_transition_time, Some(Time(at(20))));
    let moved = advanced(&steps, &done.statuses, &[application("a1", out_of_sync("2"))], &[], 20);
    assert_eq!(
        (codes(&moved), moved.statuses[0].target_revisions.as_slice()),
        ("a1:Pending:1".into(), ["2".to_owned()].as_slice())
    );
}

#[test]
fn an_application_syncs_when_its_turn_has_come_and_once() {
    let steps = steps(Value::Null);
    let live = [application("a1", out_of_sync("1")), application("b1", out_of_sync("1"))];
    let progress = advanced(&steps, &[], &live, &[], 10);
    let held = |name: &str, live: Option<&Application>| {
        let mut desired = application(name, Value::Null);
        progress.hold(&mut desired, live);
        assert_eq!(desired.spec.sync_policy.as_ref().unwrap().automated.as_ref().unwrap().enabled, Some(false));
        desired.operation
    };
    let operation = held("a1", Some(&live[0])).unwrap();
    assert_eq!(
        serde_json::to_value(&operation).unwrap(),
        json!({"sync": {"prune": true}, "initiatedBy": {"username": "applicationset-controller", "automated": true},
               "info": [{"name": "Reason", "value": "ApplicationSet RollingSync triggered a sync of this Application resource"}],
               "retry": {"limit": 5}})
    );
    assert!(held("b1", Some(&live[1])).is_none());
    let mut begun = live[0].clone();
    begun.status.as_mut().unwrap().operation_state = serde_json::from_value(
        json!({"phase": "Running", "startedAt": "1970-01-01T00:00:10Z", "operation": operation}),
    )
    .unwrap();
    assert!(held("a1", Some(&begun)).is_none());
    let mut asked = live[0].clone();
    asked.operation = Some(operation);
    assert!(held("a1", Some(&asked)).is_none());
}

#[test]
fn a_sync_of_the_same_second_is_told_from_the_one_that_is_to_come() {
    let mut status = out_of_sync("2");
    status["operationState"] = json!({"phase": "Succeeded", "startedAt": "1970-01-01T00:00:10Z", "operation": {}});
    let live = [application("a1", status)];
    let early = advanced(&steps(Value::Null), &[], &live, &[], 10);
    assert_eq!((codes(&early), early.is_early), ("a1:Waiting:1".into(), true));
    let due = advanced(&steps(Value::Null), &early.statuses, &live, &[], 11);
    assert_eq!((codes(&due), due.is_early), ("a1:Pending:1".into(), false));
}

#[test]
fn labels_that_are_missing_are_missed_by_in_only() {
    let selects = |operator: &str, key: &str| {
        let step = json!({"matchExpressions": [{"key": key, "operator": operator, "values": ["a"]}]});
        step_of(&[serde_json::from_value(step).unwrap()], &application("a1", Value::Null)).is_some()
    };
    assert!(selects("In", "tier") && !selects("NotIn", "tier") && !selects("Exists", "tier"));
    assert!(!selects("In", "none") && selects("NotIn", "none"));
}
