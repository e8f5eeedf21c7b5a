//! Several Applications by one command: those that others depend on come first.

use super::{Place, on_each};

const OPTIONS: &str = "  syncPolicy:\n    syncOptions:\n    - CreateNamespace=true\n";

fn web(name: &str, annotations: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
         template:\n    metadata:\n      labels: {{app: {name}}}\n      annotations: {{{annotations}}}\n    spec:\n      containers: [{{name: main, image: a}}]\n"
    )
}

/// Applications `front` and `back`, each of a folder of its name; `front` depends on `back`.
fn two(place: &Place) -> [String; 2] {
    let name = |short: &str| format!("{}-{short}", place.namespace());
    let depends = format!("gitops.engine/depends-on: {}", name("back"));
    [place.named(&name("front"), "front", OPTIONS, &depends), place.named(&name("back"), "back", OPTIONS, "")]
}

#[test]
fn an_application_waits_until_what_it_depends_on_is_well() {
    let (front, back) = (web("front", ""), web("back", ""));
    on_each(&[("front/web.yaml", &front), ("back/web.yaml", &back)], |place| {
        let [front, back] = two(place);
        let run = place.run(["sync", &front, &back, "--no-wait"]).exits(0);
        let place_of = |name: &str| run.stdout.find(&format!("create apps/Deployment/{}/{name}", place.namespace()));
        let told = |name: &str| place_of(name).or_else(|| run.stdout.find(&format!("deployment.apps/{name} created")));
        assert!(told("back").unwrap() < told("front").unwrap(), "{}", run.stdout);
        // What is well already need not be named.
        place.run(["sync", &front]).exits(0).says("nothing to do");
    });
}

#[test]
fn an_application_is_left_whose_dependency_is_not_well() {
    let (front, back) = (web("front", ""), web("back", "gitops.engine/simulate: hang"));
    on_each(&[("front/web.yaml", &front), ("back/web.yaml", &back)], |place| {
        if matches!(place, Place::Real(_)) {
            return;
        }
        let [front, back] = two(place);
        place.run(["sync", &back, "--no-wait"]).exits(0);
        place.run(["sync", &front]).exits(2).says("depends on the application").says("name it too");
        place.run(["sync", &front, &back, "--timeout", "2"]).exits(1).says("is not synced: it depends on");
        assert!(place.live("apps/v1", "Deployment", "front").is_none());
    });
}

#[test]
fn applications_that_wait_for_each_other_are_refused() {
    let (front, back) = (web("front", ""), web("back", ""));
    on_each(&[("front/web.yaml", &front), ("back/web.yaml", &back)], |place| {
        let one = place.named("one", "front", OPTIONS, "gitops.engine/depends-on: two");
        let two = place.named("two", "back", OPTIONS, "gitops.engine/depends-on: argocd/one");
        let cycle = "these applications wait for each other: argocd/one -> argocd/two -> argocd/one";
        place.run(["sync", &one, &two]).exits(2).says(cycle);
        place
            .run(["sync", &one])
            .exits(2)
            .says("`argocd/one` depends on `argocd/two`, which is not an application here");
        assert!(place.live("apps/v1", "Deployment", "front").is_none());
    });
}
