//! What the settings of the control plane (`argocd-cm`) decide: how objects are marked, and how they are compared.

use serde_json::{Value, json};

use super::{Place, on_each_alone};

const MARK: &str = "argocd.argoproj.io/tracking-id";
const LABEL: &str = "app.kubernetes.io/instance";

fn config(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata: {{sky: blue}}\n")
}

/// The label and the annotation of an object.
fn marks(place: &Place, name: &str, label: &str) -> (Value, Value) {
    let metadata = place.must_have("v1", "ConfigMap", name)["metadata"].clone();
    (metadata["labels"][label].clone(), metadata["annotations"][MARK].clone())
}

/// An object of somebody's, with this label.
fn labelled(place: &Place, name: &str, owner: &str) {
    let metadata = json!({"name": name, "namespace": place.namespace(), "labels": {LABEL: owner}});
    place.apply(
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"sky": "red"}}),
        "somebody",
    );
}

#[test]
fn objects_are_marked_as_is_said() {
    let files = [("app/a.yaml", config("a")), ("app/b.yaml", config("b"))];
    on_each_alone(&files.each_ref().map(|(path, text)| (*path, text.as_str())), |place| {
        let name = place.namespace().to_owned();
        let annotation = json!(format!("{name}:/ConfigMap:{name}/a"));
        let file = place.application("", "");
        place.settings(json!({"application.resourceTrackingMethod": "label"}));
        place.syncs(&file);
        assert_eq!(marks(place, "a", LABEL), (json!(name), Value::Null));
        // What the source drops goes by the label too, and what only has the label does not.
        labelled(place, "stranger", &name);
        place.commit(&[("app/b.yaml", "")]);
        place.syncs(&file);
        assert!(place.live("v1", "ConfigMap", "b").is_none() && place.live("v1", "ConfigMap", "stranger").is_some());

        place.settings(json!({"application.resourceTrackingMethod": "annotation+label"}));
        place.run(["diff", &file]).exits(1).says("tracking-id");
        place.syncs(&file);
        assert_eq!(marks(place, "a", LABEL), (json!(name), annotation.clone()));

        let own =
            json!({"application.resourceTrackingMethod": "label", "application.instanceLabelKey": "example.com/app"});
        place.settings(own);
        place.syncs(&file);
        assert_eq!(marks(place, "a", LABEL), (Value::Null, Value::Null));
        assert_eq!(marks(place, "a", "example.com/app"), (json!(name), Value::Null));

        place.settings(json!({}));
        place.syncs(&file);
        assert_eq!(marks(place, "a", "example.com/app"), (Value::Null, annotation));
        place.run(["app", "delete", &name, "--yes"]).exits(0);
        assert!(place.live("v1", "ConfigMap", "a").is_none() && place.live("v1", "ConfigMap", "stranger").is_some());
    });
}

#[test]
fn an_object_of_another_application_is_told_by_its_label() {
    on_each_alone(&[("app/a.yaml", &config("a"))], |place| {
        place.settings(json!({"application.resourceTrackingMethod": "label"}));
        place.make_namespace();
        labelled(place, "a", "other");
        let fails = place.application("    - FailOnSharedResource=true\n", "");
        place.run(["sync", &fails]).exits(2).says("belongs to the application `other`");
        assert_eq!(place.must_have("v1", "ConfigMap", "a")["data"]["sky"], "red");
        let file = place.application("", "");
        place.run(["plan", &file]).exits(0).says("belongs to the application `other` too");
        place.run(["sync", &file]).exits(0);
        assert_eq!(place.must_have("v1", "ConfigMap", "a")["data"]["sky"], "blue");
        place.settings(json!({}));
    });
}

#[test]
fn a_mark_that_was_copied_from_another_object_counts_as_shared() {
    on_each_alone(&[("app/a.yaml", &config("a"))], |place| {
        place.settings(json!({}));
        place.make_namespace();
        let file = place.application("", "");
        place.run(["sync", &file]).exits(0);
        let copied = json!({"metadata": {"annotations": {MARK: "other:/ConfigMap:elsewhere/b"}}});
        place.patch(("v1", "ConfigMap", "a"), &copied, "somebody");
        let fails = place.application("    - FailOnSharedResource=true\n", "");
        place.run(["sync", &fails]).exits(2).says("belongs to the application `other`");
    });
}

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: tanks.example.com\nspec:\n  \
    group: example.com\n  scope: Namespaced\n  names: {kind: Tank, plural: tanks}\n  versions:\n  - name: v1\n    served: true\n    \
    storage: true\n    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n";

#[test]
fn custom_objects_are_compared_as_is_said() {
    let tank = "apiVersion: example.com/v1\nkind: Tank\nmetadata:\n  name: a\nspec:\n  size: 1024Mi\n  pod:\n    containers:\n    - \
        name: main\n      resources: {limits: {cpu: 1000m}}\nstatus: {phase: full}\n";
    on_each_alone(&[("app/definition.yaml", DEFINITION), ("app/tank.yaml", tank)], |place| {
        let Place::Real(_) = place else { return };
        place.settings(json!({}));
        let file = place.application("", "");
        place.run(["sync", &file]).exits(0);
        place.run(["diff", &file]).exits(0);
        let pod = json!({"containers": [{"name": "main", "resources": {"limits": {"cpu": 1}}}]});
        place.patch(("example.com/v1", "Tank", "a"), &json!({"spec": {"size": "1Gi", "pod": pod}}), "somebody");
        place.run(["diff", &file]).exits(1).says("size");
        let known = "- {field: spec.size, type: core/Quantity}\n- {field: spec.pod, type: core/v1/PodSpec}\n";
        let key = "resource.customizations.knownTypeFields.example.com_Tank";
        place.settings(json!({key: known}));
        place.run(["diff", &file]).exits(0);

        place.patch(("example.com/v1", "Tank", "a"), &json!({"status": {"phase": "empty"}}), "somebody");
        for (word, code) in [("all", 0), ("crd", 1), ("none", 1)] {
            let options = format!("ignoreResourceStatusField: {word}\n");
            place.settings(json!({key: known, "resource.compareoptions": options}));
            place.run(["diff", &file]).exits(code);
        }
        place.settings(json!({}));
        place.run(["sync", &file]).exits(0);
    });
}

#[test]
fn rules_that_a_controller_puts_together_are_left_out_where_that_is_said() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: NAMESPACE\naggregationRule:\n  \
        clusterRoleSelectors: [{matchLabels: {aggregate: NAMESPACE}}]\nrules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n";
    on_each_alone(&[("app/role.yaml", role), ("app/a.yaml", &config("a"))], |place| {
        let Place::Real(bench) = place else { return };
        let (name, plane) = (bench.namespace.clone(), bench.plane);
        place.settings(json!({}));
        let file = place.application("", "");
        place.run(["sync", &file]).exits(0);
        // The controller puts in what roles with the label allow.
        let (part, label) = (format!("{name}-part"), format!("aggregate={name}"));
        plane.kubectl(&["create", "clusterrole", &part, "--verb=get", "--resource=secrets"]).unwrap();
        plane.kubectl(&["label", "clusterrole", &part, &label]).unwrap();
        let aggregated = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            plane.kubectl(&["get", "clusterrole", &name, "-o", "jsonpath={.rules}"]).unwrap().contains("secrets")
        });
        assert!(aggregated, "the controller does not aggregate");
        place.run(["diff", &file]).exits(1).says("rules");
        place.settings(json!({"resource.compareoptions": "ignoreAggregatedRoles: true"}));
        place.run(["diff", &file]).exits(0);
        place.run(["sync", &file]).exits(0).says("nothing to do");
        place.settings(json!({}));
    });
}
