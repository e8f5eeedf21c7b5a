//! AppProjects on the embedded cluster: what the tutorial's project for production allows, and what it refuses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::workbench::{CONFIG, CREATE_NAMESPACE, Workbench};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports: [{port: 80}]\n";
const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\nspec:\n  defaultBackend:\n    \
                       service: {name: web, port: {number: 80}}\n";

struct Production {
    bench: Workbench,
    file: String,
}

impl Production {
    /// An Application of the project, which deploys to a namespace.
    fn new(namespace: &str) -> Self {
        let bench = Workbench::with([("app/service.yaml", SERVICE)]);
        let file = bench.application("app", CREATE_NAMESPACE);
        let production = Self { bench, file };
        production.rewrite("project: default", "project: production");
        production.rewrite("namespace: shop", &format!("namespace: {namespace}"));
        production.project(json!({}));
        production
    }

    fn rewrite(&self, from: &str, to: &str) {
        let path = self.bench.path().join(&self.file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Writes the project, with these fields in place of its own.
    fn project(&self, changed: Value) {
        let server = "https://kubernetes.default.svc";
        let mut spec = json!({
            "sourceRepos": [self.bench.repository.url()],
            "destinations": [{"namespace": "production", "server": server}, {"namespace": "production-*", "server": server}],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
            "namespaceResourceWhitelist": [{"group": "apps", "kind": "Deployment"}, {"group": "", "kind": "Service"}],
        });
        for (field, value) in changed.as_object().unwrap() {
            spec[field] = value.clone();
        }
        self.bench.edit(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": "production", "namespace": "argocd"}, "spec": spec}));
    }

    /// A sync is refused in these words, and writes nothing.
    #[track_caller]
    fn refuses(&self, words: &[&str]) {
        let before = self.objects();
        let run = self.bench.run(["sync", &self.file]).says("the AppProject `production` does not allow");
        assert_ne!(run.code, 0, "{run:?}");
        for words in words {
            assert!(run.stderr.contains(words), "{words}: {run:?}");
        }
        assert_eq!(self.objects(), before, "nothing is written");
    }

    /// What is there, but for the key that a render makes.
    fn objects(&self) -> BTreeMap<String, String> {
        let mut objects = self.bench.objects();
        objects.remove("Secret/argocd/gitops-digest-key");
        objects
    }
}

#[test]
fn a_kind_that_is_not_listed_is_refused_at_every_step() {
    let mut production = Production::new("production-eu");
    production.bench.run(["sync", &production.file]).exits(0).says("Succeeded");
    production.bench.repository.commit([("app/ingress.yaml", INGRESS)]).unwrap();
    let words = [
        "networking.k8s.io/Ingress/production-eu/web",
        "`spec.namespaceResourceWhitelist`",
        "add `{group: \"networking.k8s.io\", kind: Ingress}`",
    ];
    production.refuses(&words);
    production.bench.run(["plan", &production.file]).exits(1).says(words[0]);
    production.bench.run(["diff", &production.file]).says(words[0]);
    production.bench.run(["sync", &production.file, "--resource", ":Service:web"]).exits(0);
    production.bench.run(["sync", &production.file, "--dry-run"]).exits(1).says(words[0]);
}

#[test]
fn a_saved_plan_is_held_to_the_project_as_it_is_when_it_is_carried_out() {
    let production = Production::new("production");
    production.bench.run(["plan", &production.file, "--out", "plan.json"]).exits(0);
    production.project(json!({"namespaceResourceBlacklist": [{"group": "*", "kind": "Serv*"}]}));
    let before = production.bench.objects();
    production.bench.run(["apply", "plan.json"]).exits(1).says("`spec.namespaceResourceBlacklist`");
    assert_eq!(production.bench.objects(), before, "nothing is written");
    production.project(json!({}));
    production.bench.run(["apply", "plan.json"]).exits(0).says("Succeeded");
}

#[test]
fn repositories_destinations_and_the_made_namespace_are_held_to_it() {
    let production = Production::new("staging");
    production.refuses(&["`https://kubernetes.default.svc` with the namespace `staging`", "`spec.destinations`"]);
    production.rewrite("namespace: staging", "namespace: production");
    production.project(json!({"sourceRepos": ["*", format!("!{}", production.bench.repository.url())]}));
    production.refuses(&["`spec.sourceRepos`", "excludes it"]);
    production.project(json!({"clusterResourceWhitelist": []}));
    production.refuses(&["Namespace/production", "`spec.clusterResourceWhitelist`"]);
    production.project(json!({}));
    production.bench.run(["sync", &production.file]).exits(0);
    // The namespace is there now, so that it is not the project's business any more.
    production.project(json!({"clusterResourceWhitelist": []}));
    production.bench.run(["sync", &production.file]).exits(0);
}

#[test]
fn an_object_in_a_namespace_of_somebody_else_is_refused() {
    let mut production = Production::new("production");
    let stolen = SERVICE.replace("name: web", "name: web\n  namespace: payroll");
    production.bench.repository.commit([("app/service.yaml", stolen.as_str())]).unwrap();
    production.refuses(&["Service/payroll/web", "`spec.destinations`", "the namespace `payroll`"]);
}

#[test]
fn what_is_not_allowed_any_more_is_kept() {
    let mut production = Production::new("shop");
    let there = json!([{"namespace": "*", "server": "*"}]);
    production.project(json!({"destinations": there}));
    production.bench.run(["sync", &production.file]).exits(0);
    production.bench.repository.commit([("app/service.yaml", ""), ("app/config.yaml", CONFIG)]).unwrap();
    let config = json!([{"group": "", "kind": "ConfigMap"}]);
    production.project(json!({"destinations": there, "namespaceResourceWhitelist": config}));
    let sync = ["sync", production.file.as_str(), "--prune"];
    production.bench.run(sync).exits(0);
    assert!(production.bench.live("v1", "ConfigMap", "colours").is_some());
    assert!(production.bench.live("v1", "Service", "web").is_some());
    production.project(json!({"destinations": there, "namespaceResourceWhitelist": [{"group": "*", "kind": "*"}]}));
    production.bench.run(sync).exits(0);
    assert!(production.bench.live("v1", "Service", "web").is_none());
}

#[test]
fn syncs_wait_for_their_window() {
    let production = Production::new("production");
    let window = |manual: bool| json!({"syncWindows": [{"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["w*"], "manualSync": manual}]});
    production.project(window(false));
    production.refuses(&[
        "`spec.syncWindows`",
        "`syncWindows[0]` (deny, `* * * * *` for 1h, UTC) is open",
        "`manualSync`",
    ]);
    production.bench.run(["plan", &production.file]).exits(0);
    production.project(window(true));
    production.bench.run(["sync", &production.file]).exits(0);
}

#[test]
fn a_project_that_is_not_there_limits_nobody_on_their_own_machine() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    let path = bench.path().join(&file);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("project: default", "project: nowhere")).unwrap();
    bench.run(["sync", &file]).exits(0);
}

#[test]
fn a_commit_that_nobody_signed_is_refused_at_every_step() {
    let production = Production::new("production-eu");
    production.project(json!({"signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}]}));
    let before = production.objects();
    for step in [&["sync"][..], &["plan"], &["diff"]] {
        let run = production.bench.run(step.iter().copied().chain([production.file.as_str()]));
        assert!(run.code != 0 && run.stderr.contains("GIT/GPG: Failed verifying revision"), "{run:?}");
        assert!(run.stderr.contains("unsigned (key_id=)"), "{run:?}");
    }
    assert_eq!(production.objects(), before, "nothing is written");
    production.project(json!({}));
    production.bench.run(["sync", &production.file]).exits(0).says("Succeeded");
}
