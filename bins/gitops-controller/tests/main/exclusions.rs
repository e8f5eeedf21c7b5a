//! Kinds that the settings exclude.

use gitops_fixtures::TestRepository;
use serde_json::json;

use crate::bench::until;
use crate::ground::{commit, ground};

const NAME: &str = "exclusions";
const ACCOUNT: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: robot\n";
const EXCLUDED: &str = "- apiGroups: ['']\n  kinds: [ServiceAccount]\n  clusters: ['https://kubernetes.*']\n";

#[test]
fn what_is_excluded_is_left_as_it_is_until_it_is_not_any_more() {
    let Some(ground) = ground(NAME) else { return };
    let mut repository = TestRepository::new().unwrap();
    repository.commit([("app/account.yaml", ACCOUNT)]).unwrap();
    commit(&mut repository, "blue");
    let account = || {
        let arguments = ["get", "--namespace", NAME, "serviceaccount/robot", "--ignore-not-found", "-o", "name"];
        ground.plane.kubectl(&arguments).unwrap()
    };
    let settings = |data: serde_json::Value| {
        let metadata = json!({"name": "argocd-cm", "namespace": NAME});
        ground.apply([json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})]);
    };
    let operator = ground.operator(&["--poll", "1"]);
    ground.apply([ground.application(NAME, &repository.url())]);
    ground.all_have(&[NAME], "blue");
    until("the account is there", || !account().is_empty());

    settings(json!({"resource.exclusions": EXCLUDED}));
    let warning = "Resource /ServiceAccount robot is excluded in the settings";
    until("the warning is there", || {
        let condition = &ground.statuses()[NAME]["conditions"][0];
        condition["type"] == "ExcludedResourceWarning" && condition["message"] == warning
    });
    ground.plane.kubectl(&["label", "--namespace", NAME, "serviceaccount/robot", "own=yes"]).unwrap();
    repository.remove(["app/account.yaml"]).unwrap();
    commit(&mut repository, "green");
    ground.all_have(&[NAME], "green");
    until("nothing is said of it any more", || {
        let status = &ground.statuses()[NAME];
        let kinds: Vec<_> = status["resources"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
        status["conditions"].is_null() && status["sync"]["status"] == "Synced" && kinds == ["ConfigMap"]
    });
    assert!(!account().is_empty(), "{}", operator.said());

    settings(json!({"resource.exclusions": ""}));
    until("what is not excluded any more goes as it does", || account().is_empty());
}
