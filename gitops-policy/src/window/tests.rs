use gitops_core::api::AppProject;
use serde_json::{Value, json};

use super::*;
use crate::Project;

fn project(windows: Value) -> AppProject {
    serde_json::from_value(json!({"metadata": {"name": "shop"}, "spec": {"syncWindows": windows}})).unwrap()
}

fn application() -> Application {
    serde_json::from_value(
        json!({"metadata": {"name": "web", "namespace": "argocd"}, "spec": {"project": "shop", "destination":
        {"server": "https://prod.example", "namespace": "team-a"}}}),
    )
    .unwrap()
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn decide(windows: Value, trigger: Trigger, started: Option<&str>, now: &str) -> bool {
    let windows = SyncWindows::of(&project(windows).spec).matching(&application());
    windows.decide(Attempt { trigger, started: started.map(at) }, at(now)).unwrap().allowed
}

fn daily(kind: &str) -> Value {
    json!({"kind": kind, "schedule": "0 8 * * *", "duration": "2h", "applications": ["*"]})
}

#[test]
fn open_windows_deny_and_closed_ones_that_allow_do() {
    let automated = |windows: &Value, now| decide(windows.clone(), Trigger::Automated, None, now);
    let (allow, deny) = (json!([daily("allow")]), json!([daily("deny")]));
    assert!(automated(&allow, "2026-03-10T09:00:00Z") && !automated(&allow, "2026-03-10T10:00:00Z"));
    assert!(!automated(&deny, "2026-03-10T09:00:00Z") && automated(&deny, "2026-03-10T10:00:00Z"));
    assert!(!automated(&json!([daily("allow"), daily("deny")]), "2026-03-10T09:00:00Z"));
    assert!(automated(&json!([]), "2026-03-10T09:00:00Z"));
}

#[test]
fn syncs_by_hand_and_those_that_run_may_pass() {
    let mut window = daily("deny");
    window["manualSync"] = json!(true);
    let now = "2026-03-10T09:00:00Z";
    assert!(decide(json!([window]), Trigger::Manual, None, now));
    assert!(!decide(json!([window]), Trigger::Automated, None, now));
    assert!(!decide(json!([window, daily("deny")]), Trigger::Manual, None, now));
    let mut window = daily("deny");
    window["syncOverrun"] = json!(true);
    assert!(decide(json!([window]), Trigger::Automated, Some("2026-03-10T07:00:00Z"), now));
    assert!(!decide(json!([window]), Trigger::Automated, Some("2026-03-10T08:30:00Z"), now));
    assert!(!decide(json!([window, daily("deny")]), Trigger::Automated, Some("2026-03-10T07:00:00Z"), now));
}

#[test]
fn windows_follow_the_clock_of_their_zone() {
    let mut window = daily("allow");
    window["timeZone"] = json!("Europe/Madrid");
    let open = |now| decide(json!([window]), Trigger::Automated, None, now);
    assert!(open("2026-01-10T07:30:00Z") && !open("2026-01-10T06:30:00Z"));
    assert!(open("2026-07-10T06:30:00Z") && !open("2026-07-10T08:30:00Z"));
}

#[test]
fn windows_are_for_names_clusters_and_namespaces() {
    let matched = |window: Value| {
        let windows = SyncWindows::of(&project(json!([window])).spec).matching(&application());
        windows.iter().count() == 1
    };
    assert!(matched(json!({"applications": ["{web,api}"]})) && !matched(json!({"applications": ["!web"]})));
    assert!(matched(json!({"applications": ["x"], "namespaces": ["team-*"]})));
    assert!(!matched(json!({"andOperator": true, "applications": ["x"], "namespaces": ["team-*"]})));
    assert!(matched(json!({"andOperator": true, "clusters": ["https://*"], "namespaces": ["team-*"]})));
    assert!(!matched(json!({"andOperator": true})) && !matched(json!({})));
}

#[test]
fn the_next_change_is_the_first_of_any_window() {
    let windows =
        SyncWindows::of(&project(json!([daily("allow"), {"schedule": "30 8 * * *", "duration": "10m"}])).spec);
    let next = |now| windows.next_change(at(now)).unwrap().unwrap().to_string();
    assert_eq!(next("2026-03-10T07:00:00Z"), "2026-03-10T08:00:00Z");
    assert_eq!(next("2026-03-10T08:10:00Z"), "2026-03-10T08:30:00Z");
    assert_eq!(next("2026-03-10T08:35:00Z"), "2026-03-10T08:40:00Z");
    assert_eq!(next("2026-03-10T09:00:00Z"), "2026-03-10T10:00:00Z");
    let always = SyncWindows::of(&project(json!([{"schedule": "* * * * *", "duration": "1h"}])).spec);
    assert_eq!(always.next_change(at("2026-03-10T07:00:00Z")), Ok(None));
}

#[test]
fn refusals_say_which_window_and_how_long() {
    let project = Project::new(project(json!([daily("allow"), daily("deny")])));
    let attempt = Attempt { trigger: Trigger::Manual, started: None };
    let violation = project.window_violation(&application(), attempt, at("2026-03-10T09:00:00Z")).unwrap().to_string();
    for words in [
        "`shop`",
        "`web`",
        "`spec.syncWindows`",
        "`syncWindows[1]` (deny",
        "is open",
        "2026-03-10T10:00:00Z",
        "`manualSync`",
    ] {
        assert!(violation.contains(words), "{words}: {violation}");
    }
    assert!(
        project
            .window_violation(&application(), attempt, at("2026-03-10T10:00:00Z"))
            .unwrap()
            .to_string()
            .contains("is not open")
    );
    let broken = Project::new(self::project(
        json!([{"kind": "allow", "schedule": "x", "duration": "1h", "applications": ["*"]}]),
    ));
    let violation = broken.window_violation(&application(), attempt, at("2026-03-10T10:00:00Z")).unwrap().to_string();
    assert!(violation.contains("`x` is no schedule"), "{violation}");
}
