use gitops_core::Need;
use gitops_core::api::SourceIntegrity;
use gitops_core::need::RepositoryNeed;
use serde_json::{Value, json};

use super::*;

const HERE: Destination<'_> = Destination {
    server: "https://kubernetes.default.svc",
    name: "in-cluster",
    namespace: "production",
    project_clusters: &[],
};

fn project(spec: Value) -> Project {
    let value = json!({"metadata": {"name": "shop", "namespace": "argocd"}, "spec": spec});
    Project::new(serde_json::from_value(value).unwrap())
}

fn application(repository: &str, namespace: &str) -> Application {
    serde_json::from_value(json!({"metadata": {"name": "web", "namespace": namespace},
        "spec": {"project": "shop", "source": {"repoURL": repository}, "destination": {"namespace": "production"}}}))
    .unwrap()
}

/// The tutorial's project for production.
fn production() -> Project {
    project(json!({
        "sourceRepos": ["https://github.com/myorg/k8s-manifests"],
        "destinations": [{"namespace": "production", "server": HERE.server}, {"namespace": "production-*", "server": HERE.server}],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
        "namespaceResourceWhitelist": [{"group": "apps", "kind": "Deployment"}, {"group": "", "kind": "Service"}],
    }))
}

#[test]
fn sources_destinations_and_namespaces_are_held_to_it() {
    let project = production();
    let rules = |application: &Application, namespace: &str| -> Vec<String> {
        let there = Destination { namespace, ..HERE };
        project.violations(application, "argocd", &there).into_iter().map(|violation| violation.rule).collect()
    };
    let allowed = application("https://github.com/MyOrg/k8s-manifests.git", "argocd");
    assert_eq!(rules(&allowed, "production-eu"), [""; 0]);
    assert_eq!(rules(&allowed, "staging"), ["spec.destinations"]);
    let foreign = application("https://github.com/other/k8s-manifests", "team-a");
    assert_eq!(rules(&foreign, "staging"), ["spec.sourceNamespaces", "spec.sourceRepos", "spec.destinations"]);
}

#[test]
fn kinds_and_namespaces_of_objects_are_held_to_it() {
    let project = production();
    let check = |group: &str, kind: &str, namespace: Option<&str>| {
        project
            .object_violation(&ObjectId::new(group, kind, namespace, "web"), &HERE)
            .map(|violation| violation.to_string())
    };
    assert_eq!(check("apps", "Deployment", Some("production")), None);
    assert_eq!(check("", "Namespace", None), None);
    let ingress = check("networking.k8s.io", "Ingress", Some("production")).unwrap();
    assert_eq!(
        ingress,
        "the AppProject `shop` does not allow networking.k8s.io/Ingress/production/web by its \
         `spec.namespaceResourceWhitelist`: no entry there is for it; add `{group: \"networking.k8s.io\", kind: Ingress}` \
         to the list, or take the object out of the source"
    );
    assert!(check("", "PersistentVolume", None).unwrap().contains("spec.clusterResourceWhitelist"));
    assert!(check("", "Service", Some("staging")).unwrap().contains("spec.destinations"));
}

#[test]
fn a_project_that_is_not_there_allows_nothing_or_all_but_elsewhere() {
    let application = application("https://github.com/myorg/k8s-manifests", "argocd");
    let absent = Project::absent("argocd", "shop").violations(&application, "argocd", &HERE);
    assert!(
        absent[0].to_string().contains("there is no AppProject of this name in the namespace `argocd`"),
        "{absent:?}"
    );
    let unwritten = Project::unwritten("argocd", "shop");
    assert_eq!(unwritten.violations(&application, "argocd", &HERE), []);
    let need = Need::File { url: "https://host.example/a.yaml".into() };
    for project in [Project::absent("argocd", "shop"), unwritten] {
        let reason = project.allows(&need).unwrap_err();
        assert!(reason.contains("no AppProject `shop` in the namespace `argocd`"), "{reason}");
    }
    assert_eq!(Project::unlimited().violations(&application, "argocd", &HERE), []);
    assert_eq!(Project::unlimited().object_violation(&ObjectId::new("", "Node", None, "a"), &HERE), None);
}

fn allows(patterns: &[&str], address: &str) -> Result<(), String> {
    project(json!({"sourceRepos": patterns})).allows(&Need::Repository(RepositoryNeed::new(address)))
}

#[test]
fn patterns_allow_and_exclude() {
    let address = "https://github.com/Org/repo.git";
    for patterns in
        [&["*"][..], &["https://github.com/org/repo"], &["https://github.com/org/*"], &["!x", "*"], &["!https://x"]]
    {
        assert_eq!(allows(patterns, address), Ok(()), "{patterns:?}");
    }
    for patterns in [&[][..], &["https://github.com/*"], &["https://github.com/other/*"], &["*", "!https://*/**"]] {
        assert!(allows(patterns, address).is_err(), "{patterns:?}");
    }
    assert_eq!(allows(&["git@host.example:org/*"], "ssh://git@host.example/org/repo"), Ok(()));
    assert_eq!(
        allows(&["x"], "https://me:secret@host.example/a").unwrap_err(),
        "the AppProject `shop` does not allow it; `https://me@host.example/a` in its `spec.sourceRepos` would"
    );
}

#[test]
fn registries_are_meant_with_and_without_their_scheme() {
    assert_eq!(allows(&["host.example/charts"], "oci://host.example/charts"), Ok(()));
    assert_eq!(allows(&["oci://host.example/*"], "oci://host.example/charts"), Ok(()));
    assert!(allows(&["**", "!host.example/charts"], "oci://host.example/charts").is_err());
    assert!(allows(&["**", "!oci://host.example/*"], "oci://host.example/charts").is_err());
}

#[test]
fn repositories_of_this_machine_are_named() {
    assert!(allows(&["*"], "file:///srv/repo").is_err());
    assert!(allows(&["!https://x"], "file:///srv/repo").is_err());
    assert_eq!(allows(&["file:///srv/*"], "file:///srv/repo"), Ok(()));
}

#[test]
fn service_accounts_are_those_of_the_first_entry_that_matches() {
    let one = |server: &str, namespace: &str, name: &str| json!({"server": server, "namespace": namespace, "defaultServiceAccount": name});
    let account = |accounts: &Value, namespace: &str| {
        let project = project(json!({"destinationServiceAccounts": accounts}));
        let there = Destination { namespace, ..HERE };
        let found = Accounts::of(project.found().unwrap()).identity(&there, "argocd");
        found.map(|identity| identity.map(|identity| identity.user().to_owned())).map_err(|error| error.to_string())
    };
    let accounts = json!([one("*", "team-*", "deployer"), one("https://*", "shop", "ops:shop-deployer")]);
    assert_eq!(account(&accounts, "team-a").unwrap().as_deref(), Some("system:serviceaccount:team-a:deployer"));
    assert_eq!(account(&accounts, "shop").unwrap().as_deref(), Some("system:serviceaccount:ops:shop-deployer"));
    assert!(account(&accounts, "other").unwrap_err().contains("none for the namespace `other`"));
    assert_eq!(account(&json!([]), "other").unwrap(), None);
    assert!(account(&json!([one("*", "*", "a*")]), "shop").unwrap_err().contains("no name of a service account"));
    assert!(account(&json!([one("[", "*", "a")]), "shop").unwrap_err().contains("cannot be read"));
}

#[test]
fn orphans_are_passed_over_by_pattern() {
    let settings = serde_json::from_value(json!({"warn": true, "ignore": [{"group": "apps", "kind": "Deploy*"}, {"kind": "Secret", "name": "sh.helm.*"}]})).unwrap();
    let orphans = Orphans::of(&settings);
    let ignores =
        |group: &str, kind: &str, name: &str| orphans.ignores(&ObjectId::new(group, kind, Some("default"), name));
    assert!(orphans.warns() && ignores("apps", "Deployment", "a") && ignores("", "Secret", "sh.helm.v1"));
    assert!(!ignores("", "Secret", "a") && !ignores("apps", "StatefulSet", "a"));
    assert!(ignores("", "ConfigMap", "kube-root-ca.crt") && ignores("", "Service", "kubernetes"));
}

#[test]
fn older_signature_keys_are_asked_of_every_repository() {
    let signed = project(json!({"signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}]}));
    let integrity = source_integrity(signed.found().unwrap()).unwrap();
    let required =
        |integrity: &SourceIntegrity, address: &str| required_signatures(integrity, address).unwrap().is_some();
    let found = required_signatures(&integrity, "https://host.example/a").unwrap().unwrap();
    assert_eq!((found.history, found.keys), (false, &["4AEE18F83AFDEB23".to_owned()][..]));
    let some = project(
        json!({"sourceIntegrity": {"git": {"policies": [{"repos": [{"url": "https://*"}, {"url": "!https://x/*"}],
        "gpg": {"mode": "head", "keys": ["a"]}}]}}}),
    );
    let integrity = source_integrity(some.found().unwrap()).unwrap();
    assert!(required(&integrity, "https://host.example/a") && !required(&integrity, "https://x/a"));
    assert!(source_integrity(production().found().unwrap()).is_none());
}

#[test]
fn rules_of_integrity_that_cannot_be_followed_are_errors() {
    let rule = |url: &str, mode: &str| json!({"repos": [{"url": url}], "gpg": {"mode": mode, "keys": []}});
    let asked = |rules: &[Value]| {
        let project = project(json!({"sourceIntegrity": {"git": {"policies": rules}}}));
        let integrity = source_integrity(project.found().unwrap()).unwrap().into_owned();
        required_signatures(&integrity, "https://a").map(|found| found.map(|found| found.history))
    };
    assert_eq!(asked(&[rule("*", "strict")]), Ok(Some(true)));
    assert_eq!(asked(&[rule("*", "none")]), Ok(None));
    let several = asked(&[rule("*", "none"), rule("https://*", "head")]).unwrap_err();
    assert_eq!(several.to_string(), "multiple (2) git source integrity policies found for repo URL: https://a");
    assert!(matches!(asked(&[rule("*", "deep")]), Err(IntegrityError::Mode { .. })));
}

#[test]
fn projects_that_cannot_be_used_say_where() {
    let found = |spec: Value| -> Vec<String> {
        let value = json!({"metadata": {"name": "shop"}, "spec": spec});
        validate(&serde_json::from_value(value).unwrap()).iter().map(|finding| finding.path.to_string()).collect()
    };
    assert_eq!(
        found(json!({"destinationServiceAccounts": [{"server": "[", "namespace": "*", "defaultServiceAccount": "a"}]})),
        ["spec.destinationServiceAccounts[0].server"]
    );
    let role = |policy: &str, group: &str| json!({"roles": [{"name": "r", "policies": [policy], "groups": [group]}]});
    assert_eq!(found(role("p, proj:shop:r, applications, action/apps/*, shop/a/*, allow", "\"a, b\"")), [""; 0]);
    for policy in [
        "p, proj:shop:x, applications, get, shop/*, allow",
        "p, proj:shop:r, accounts, get, shop/*, allow",
        "p, proj:shop:r, applications, fly, shop/*, allow",
        "p, proj:shop:r, applications, get, */*, allow",
        "p, proj:shop:r, applications, get, shop/*, maybe",
        "g, x, proj:shop:r",
    ] {
        assert_eq!(found(role(policy, "a")), ["spec.roles[0].policies[0]"], "{policy}");
    }
    for group in ["a,b", "", " a", "a\tb"] {
        let policy = "p, proj:shop:r, applications, get, shop/*, allow";
        assert_eq!(found(role(policy, group)), ["spec.roles[0].groups[0]"], "{group:?}");
    }
    let window = |schedule: &str, duration: &str| json!({"kind": "allow", "schedule": schedule, "duration": duration, "applications": ["*"]});
    assert_eq!(
        found(json!({"syncWindows": [window("x", "1h"), window("0 8 * * *", "x"), window("0 8 * * *", "x")]})),
        ["spec.syncWindows[0]", "spec.syncWindows[1]", "spec.syncWindows[2]", "spec.syncWindows[2]"]
    );
}
