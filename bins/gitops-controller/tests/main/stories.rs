//! What an operator is for.

use serde_json::{Value, json};

use crate::bench::bench;
use crate::ground::settings;

const COLOUR: &str = "{.data.colour}";
const SETTLED: &str = "/status/sync/status";

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  selector:\n    \
                   matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n      \
                   - name: web\n        image: nginx:1.27\n";

/// What Argo CD's controller fills in of an Application that was synced by itself.
const FIELDS: &str = "controllerNamespace health history operationState reconciledAt resourceHealthSource resources \
                      sourceHydrator sourceType summary sync";

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[test]
fn a_push_a_change_by_hand_and_a_removal_end_as_git_says() {
    let Some(mut bench) = bench([("app/settings.yaml", settings("blue").as_str()), ("app/web.yaml", WEB)]) else {
        return;
    };
    bench.define("app", &json!({}));
    bench.has("configmap/settings", COLOUR, Some("blue"));
    bench.reach("it is synced and healthy", || {
        bench.field(SETTLED) == "Synced" && bench.field("/status/health/status") == "Healthy"
    });
    let status = bench.field("/status");
    assert_eq!(keys(&status).join(" "), FIELDS);
    assert_eq!(status["operationState"]["phase"], "Succeeded");
    assert_eq!(status["operationState"]["operation"]["retry"], json!({"limit": 5}));
    assert_eq!(keys(&status["resources"][0]), ["kind", "name", "namespace", "status", "version"]);
    assert_eq!(status["summary"], json!({"images": ["nginx:1.27"]}));
    assert_eq!(status["history"].as_array().map(Vec::len), Some(1));
    assert!(status["reconciledAt"].as_str().is_some_and(|time| time.len() == "2006-01-02T15:04:05Z".len()));

    let pushed = bench.repository.commit([("app/settings.yaml", settings("green").as_str())]).unwrap().id.to_string();
    bench.refresh();
    bench.has("configmap/settings", COLOUR, Some("green"));
    bench.reach("the status has the commit", || bench.field("/status/sync/revision") == pushed.as_str());
    bench.reach("the request is answered", || {
        bench.field("/metadata/annotations/argocd.argoproj.io~1refresh").is_null()
    });

    let by_hand = json!({"data": {"colour": "red"}}).to_string();
    bench.kubectl(&["patch", "configmap/settings", "--type=merge", "-p", &by_hand]).unwrap();
    bench.has("configmap/settings", COLOUR, Some("green"));
    bench.kubectl(&["delete", "deployment/web", "--wait=false"]).unwrap();
    bench.has("deployment/web", "{.spec.replicas}", Some("1"));

    bench.repository.remove(["app/settings.yaml"]).unwrap();
    bench.refresh();
    bench.has("configmap/settings", COLOUR, None);
    bench.reach("it is synced", || bench.field(SETTLED) == "Synced");
    bench.plane.kubectl(&["delete", "--namespace", "argocd", "application", &bench.name, "--wait=false"]).unwrap();
    bench.has("deployment/web", "{.spec.replicas}", None);
    bench.reach("the application is gone", || bench.application().is_none());
}

#[test]
fn a_disaster_is_undone_from_git() {
    let Some(bench) = bench([("app/settings.yaml", settings("blue").as_str()), ("app/web.yaml", WEB)]) else { return };
    bench.define("app", &json!({}));
    bench.has("deployment/web", "{.status.readyReplicas}", Some("1"));
    let before = bench.kubectl(&["get", "deployment/web", "-o", "jsonpath={.metadata.uid}"]).unwrap();
    bench.plane.kubectl(&["delete", "namespace", &bench.name]).unwrap();
    bench.has("deployment/web", "{.status.readyReplicas}", Some("1"));
    bench.has("configmap/settings", COLOUR, Some("blue"));
    assert_ne!(bench.kubectl(&["get", "deployment/web", "-o", "jsonpath={.metadata.uid}"]).unwrap(), before);
    bench.reach("it is synced", || bench.field(SETTLED) == "Synced");
}

#[test]
fn an_operation_that_is_asked_for_is_carried_out_once() {
    let Some(bench) = bench([("app/settings.yaml", settings("blue").as_str())]) else { return };
    bench.define("app", &json!({"syncPolicy": {"syncOptions": ["CreateNamespace=true"]}}));
    bench.reach("it is compared", || bench.field(SETTLED) == "OutOfSync");
    bench.has("configmap/settings", COLOUR, None);
    let sync = json!({"revision": "HEAD", "syncOptions": ["CreateNamespace=true"]});
    bench.patch(&json!({"operation": {"initiatedBy": {"username": "alice"}, "sync": sync}}));
    bench.has("configmap/settings", COLOUR, Some("blue"));
    bench.reach("it is synced", || bench.field(SETTLED) == "Synced");
    assert!(bench.field("/operation").is_null());
    assert_eq!(bench.field("/status/operationState/phase"), "Succeeded");
    assert_eq!(bench.field("/status/operationState/operation/initiatedBy/username"), "alice");
    assert_eq!(bench.field("/status/history/0/initiatedBy/username"), "alice");
}

#[test]
fn an_application_that_fails_says_why_and_delays_no_other() {
    let Some(bench) = bench([("app/settings.yaml", settings("blue").as_str())]) else { return };
    bench.define("none", &json!({}));
    bench.reach("it says why", || bench.field("/status/conditions/0/type") == "ComparisonError");
    let words = bench.field("/status/conditions/0/message");
    let begins = "Failed to load target state: failed to generate manifest for source 1 of 1: ";
    let says = |words: &str| words.starts_with(begins) && words.contains("`none` is not a directory");
    assert!(words.as_str().is_some_and(says), "{words}");
    assert_eq!(bench.field(SETTLED), "Unknown");
    bench.patch(&json!({"spec": {"source": {"path": "app"}}}));
    bench.has("configmap/settings", COLOUR, Some("blue"));
    bench.reach("nothing is wrong any more", || bench.field("/status/conditions").is_null());
}

#[test]
fn a_set_makes_an_application_of_each_service_and_takes_it_away() {
    let services = ["user-api", "order-api", "payment-api"];
    let files = services.map(|one| (format!("{one}/settings.yaml"), settings(one)));
    let Some(bench) = bench(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))) else { return };
    let set = |services: &[&str]| {
        let elements: Vec<Value> = services.iter().map(|one| json!({"service": one})).collect();
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
            "metadata": {"name": bench.name, "namespace": "argocd"},
            "spec": {
                "generators": [{"list": {"elements": elements}}],
                "template": {
                    "metadata": {"name": format!("{}-{{{{service}}}}", bench.name)},
                    "spec": {
                        "project": "default",
                        "source": {"repoURL": bench.repository.url(), "path": "{{service}}", "targetRevision": "HEAD"},
                        "destination": {"server": "https://kubernetes.default.svc", "namespace": format!("{}-{{{{service}}}}", bench.name)},
                        "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"]},
                    },
                },
            },
        })
    };
    let define =
        |services: &[&str]| bench.plane.kubectl_with_input(&["apply", "-f", "-"], &set(services).to_string()).unwrap();
    let seen = |kind: &str, name: &str, path: &str| {
        let output = format!("jsonpath={path}");
        let arguments = ["get", "--namespace", "argocd", kind, name, "--ignore-not-found", "-o", &output];
        bench.plane.kubectl(&arguments).unwrap()
    };
    let application = |service: &str, path: &str| seen("application", &format!("{}-{service}", bench.name), path);
    define(&services);
    for service in services {
        bench.reach("it is synced", || application(service, "{.status.sync.status}") == "Synced");
        let namespace = format!("{}-{service}", bench.name);
        let deployed = bench.plane.kubectl(&[
            "get",
            "--namespace",
            &namespace,
            "configmap/settings",
            "-o",
            "jsonpath={.data.colour}",
        ]);
        assert_eq!(deployed.unwrap(), service);
        assert_eq!(application(service, "{.metadata.ownerReferences[0].name}"), bench.name);
    }
    let of_set = |path: &str| seen("applicationset", &bench.name, path);
    bench.reach("the set says so", || of_set("{.status.resources[*].status}") == "Synced Synced Synced");
    let up_to_date = "{.status.conditions[?(@.type==\"ResourcesUpToDate\")].status}";
    assert_eq!(of_set(up_to_date), "True");
    define(&["user-api", "payment-api"]);
    bench.reach("it is gone", || application("order-api", "{.metadata.name}").is_empty());
    bench.reach("the set says so", || of_set("{.status.resourcesCount}") == "2");
    bench.plane.kubectl(&["delete", "--namespace", "argocd", "applicationset", &bench.name]).unwrap();
    bench.reach("all are gone", || {
        application("user-api", "{.metadata.name}").is_empty()
            && application("payment-api", "{.metadata.name}").is_empty()
    });
}
