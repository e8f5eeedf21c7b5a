//! An operator that is killed again and again while its repository changes.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gitops_core::TreePath;
use gitops_fixtures::{Dice, TestRepository};
use gitops_git::Change;
use serde_json::{Value, json};

use crate::bench::until;
use crate::ground::{Ground, ground};

const NAME: &str = "churn-shop";
/// ConfigMaps that come, change and go.
const MAPS: u64 = 12;
/// How often the operator is killed; `CHURN_KILLS` says another number.
const KILLS: u64 = 10;
/// The longest life of an operator, in milliseconds: it starts, polls, and is in the middle of something.
const LIFE: u64 = 3_500;

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().map_or(usual, |text| text.parse().unwrap())
}

/// What Git says.
struct Shop {
    repository: TestRepository,
    maps: BTreeMap<String, String>,
    /// The commits, by their numbers.
    commits: Vec<String>,
}

fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  value: \"{value}\"\n")
}

/// A hook that is called after its commit.
fn hook(number: usize) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: hook-{number}\n  annotations:\n    argocd.argoproj.io/hook: \
         PostSync\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: hook\n        \
         image: busybox:1.37\n"
    )
}

impl Shop {
    /// Commits a random change: a marker with the commit's number comes, and that of the one before goes.
    fn change(&mut self, dice: &mut Dice) {
        let number = self.commits.len();
        let path = |name: &str| TreePath::new(&format!("app/{name}.yaml")).unwrap();
        let mut changes = vec![Change::write(path("hook"), hook(number))];
        if number > 0 {
            self.maps.remove(&format!("marker-{}", number - 1));
            changes.push(Change::remove(path(&format!("marker-{}", number - 1))));
        }
        let mut put = |maps: &mut BTreeMap<String, String>, name: String| {
            changes.push(Change::write(path(&name), config_map(&name, &number.to_string())));
            maps.insert(name, number.to_string());
        };
        put(&mut self.maps, format!("marker-{number}"));
        let mut goes = Vec::new();
        for _ in 0..1 + dice.below(4) {
            let name = format!("map-{}", dice.below(MAPS));
            if goes.contains(&name) || self.maps.get(&name).is_some_and(|value| *value == number.to_string()) {
                continue;
            }
            match self.maps.contains_key(&name) && dice.below(3) == 0 {
                true => goes.push(name),
                false => put(&mut self.maps, name),
            }
        }
        for name in goes {
            self.maps.remove(&name);
            changes.push(Change::remove(path(&name)));
        }
        self.commits.push(self.repository.commit_changes(&changes, None).unwrap().id.to_string());
    }
}

/// The ConfigMaps of the namespace: their values, and who they are.
fn live(ground: &Ground) -> BTreeMap<String, (String, String)> {
    let text = ground.plane.kubectl(&["get", "configmap", "--namespace", NAME, "-o", "json"]).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    let one = |object: &Value| {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let identity = format!("{} {}", text("/metadata/uid"), text("/metadata/resourceVersion"));
        (text("/metadata/name"), (text("/data/value"), identity))
    };
    list["items"].as_array().unwrap().iter().map(one).collect()
}

/// Objects that are no business of the operator's: without a mark, with that of somebody else, with half of its own.
fn foreign() -> Vec<Value> {
    let tracked = |owner: &str, name: &str| json!({"argocd.argoproj.io/tracking-id": format!("{owner}:/ConfigMap:{NAME}/{name}")});
    let none = json!({});
    let object = |name: &str, annotations: &Value, labels: &Value| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"value": "foreign"},
            "metadata": {"name": name, "namespace": NAME, "annotations": annotations, "labels": labels},
        })
    };
    vec![
        object("foreign-plain", &none, &none),
        object("foreign-other", &tracked("another", "foreign-other"), &none),
        object("foreign-label", &none, &json!({"app.kubernetes.io/instance": NAME})),
        // A copy of an object of the Application's, with its mark.
        object("foreign-copy", &tracked(NAME, "map-0"), &none),
    ]
}

/// When objects whose names begin so were created in the namespace, by number.
fn created(audit: &[Value], resource: &str, prefix: &str) -> BTreeMap<usize, Vec<String>> {
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for call in audit {
        let target = &call["objectRef"];
        if target["namespace"] != NAME || target["resource"] != resource || call["responseStatus"]["code"] != 201 {
            continue;
        }
        let name = target["name"].as_str().unwrap_or_default();
        if let Some(number) = name.strip_prefix(prefix).and_then(|number| number.parse().ok()) {
            let time = call["requestReceivedTimestamp"].as_str().unwrap_or_default();
            found.entry(number).or_default().push(time.to_owned());
        }
    }
    found
}

#[test]
fn an_operator_that_is_killed_again_and_again_ends_where_git_is() {
    let Some(ground) = ground("churn") else { return };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (kills, seed) = (number("CHURN_KILLS", KILLS), number("CHURN_SEED", now));
    eprintln!("CHURN_KILLS={kills} CHURN_SEED={seed}");
    let mut dice = Dice::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut shop = Shop { repository: TestRepository::new().unwrap(), maps: BTreeMap::new(), commits: Vec::new() };
    shop.change(&mut dice);
    let mut application = ground.application(NAME, &shop.repository.url());
    application["spec"]["revisionHistoryLimit"] = json!(10_000);

    ground.plane.kubectl(&["create", "namespace", NAME]).unwrap();
    ground.apply(foreign());
    let before: BTreeMap<_, _> = live(&ground).into_iter().filter(|(name, _)| name.starts_with("foreign-")).collect();
    assert_eq!(before.len(), foreign().len());
    ground.apply([application]);
    let mut operator = ground.operator(&["--poll", "1"]);
    for _ in 0..kills {
        sleep(Duration::from_millis(dice.below(LIFE)));
        operator.kill();
        // What changes by hand meanwhile is put right, too.
        let by_hand = format!("map-{}", dice.below(MAPS));
        match dice.below(3) {
            0 => {}
            1 => drop(ground.plane.kubectl(&[
                "delete",
                "configmap",
                "--namespace",
                NAME,
                &by_hand,
                "--ignore-not-found",
            ])),
            _ => shop.change(&mut dice),
        }
        operator.start_again();
        for _ in 0..dice.below(3) {
            sleep(Duration::from_millis(dice.below(LIFE / 2)));
            shop.change(&mut dice);
        }
    }

    let head = shop.commits.last().unwrap().clone();
    let status = || ground.statuses().remove(NAME).unwrap();
    until("it is where Git is", || {
        assert!(operator.is_alive(), "{}", operator.said());
        let status = status();
        status["sync"]["status"] == "Synced"
            && status["sync"]["revision"] == head.as_str()
            && status["operationState"]["phase"] == "Succeeded"
    });
    let status = status();
    let mut found = live(&ground);
    found.remove("kube-root-ca.crt");
    let (of_others, own): (BTreeMap<_, _>, BTreeMap<_, _>) =
        found.into_iter().partition(|(name, _)| name.starts_with("foreign-"));
    assert_eq!(of_others, before, "{}", operator.said());
    let own: BTreeMap<String, String> = own.into_iter().map(|(name, (value, _))| (name, value)).collect();
    assert_eq!(own, shop.maps, "{}", operator.said());

    // What was deployed is in the history, each of it once and with its hook.
    let history = status["history"].as_array().unwrap();
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    let revisions: Vec<String> = history.iter().map(|entry| text(entry, "revision")).collect();
    let recorded: BTreeSet<usize> =
        revisions.iter().map(|one| shop.commits.iter().position(|commit| commit == one).unwrap()).collect();
    assert_eq!(recorded.len(), revisions.len(), "a revision twice: {revisions:?}");
    let audit = ground.plane.audit().unwrap();
    let deployed: BTreeSet<usize> = created(&audit, "configmaps", "marker-").into_keys().collect();
    assert_eq!(recorded, deployed, "of {} commits; {history:#?}\n{}", shop.commits.len(), operator.said());
    let hooks = created(&audit, "jobs", "hook-");
    assert_eq!(hooks.keys().copied().collect::<BTreeSet<_>>(), deployed, "{}", operator.said());
    let mut again = 0;
    for entry in history {
        let number = shop.commits.iter().position(|commit| *commit == text(entry, "revision")).unwrap();
        let seconds = |time: &str| time[.."2006-01-02T15:04:05".len()].to_owned();
        let done = seconds(&text(entry, "deployedAt"));
        let times = &hooks[&number];
        again += times.len() - 1;
        assert!(times.iter().all(|time| seconds(time) <= done), "hook-{number} after {done}: {times:?}");
    }
    eprintln!("{} of {} commits were deployed; {again} hooks were called again", deployed.len(), shop.commits.len());
}
