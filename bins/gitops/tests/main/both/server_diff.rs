//! `ServerSideDiff`: the API server says what an apply would make of an object, admission included.

use serde_json::json;

use super::{Place, on_each};

const ASKED: &str = "argocd.argoproj.io/compare-options: ServerSideDiff=true";
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\ndata:\n  sky: blue\n";

#[test]
fn the_servers_answer_is_the_difference() {
    let job = |image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: once\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      \
             containers: [{{name: main, image: \"{image}\"}}]\n"
        )
    };
    on_each(&[("app/config.yaml", CONFIG), ("app/job.yaml", &job("a:1"))], |place| {
        let file = place.application("", ASKED);
        place.syncs(&file);
        place.patch(("v1", "ConfigMap", "colours"), &json!({"data": {"sky": "grey"}}), "somebody");
        place.run(["diff", &file]).exits(1).says("somebody");
        place.commit(&[("app/config.yaml", &CONFIG.replace("sky: blue", "sea: green"))]);
        place.run(["diff", &file]).exits(1).says("sea");
        place.syncs(&file);
        // What the server would refuse is known before anything is written.
        place.commit(&[("app/job.yaml", &job("a:2"))]);
        place.run(["diff", &file]).exits(1).says("the cluster would refuse it").says("immutable");
        place.run(["plan", &file]).exits(0).says("the cluster would refuse it");
    });
}

#[test]
fn admission_is_asked_on_creation_too_and_what_webhooks_change_counts_where_asked() {
    on_each(&[("app/config.yaml", CONFIG)], |place| {
        let Place::Real(bench) = place else { return };
        let name = bench.namespace.as_str();
        let rules = json!({"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}]});
        let here = json!([{"name": "here", "expression": format!("object.metadata.namespace == '{name}'")}]);
        let policies = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "admissionregistration.k8s.io/v1beta1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": name},
             "spec": {"matchConstraints": rules, "matchConditions": here, "failurePolicy": "Fail", "reinvocationPolicy": "Never",
                "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression":
                    "Object{metadata: Object.metadata{labels: Object.metadata.labels{injected: has(object.data) && has(object.data.sky) ? object.data.sky : 'none'}}}"}}]}},
            {"apiVersion": "admissionregistration.k8s.io/v1beta1", "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": {"policyName": name}},
            {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
             "spec": {"matchConstraints": rules, "matchConditions": here, "failurePolicy": "Fail",
                "validations": [{"expression": "!has(object.data) || !has(object.data.sky) || object.data.sky != 'green'", "message": "the sky is never green"}]}},
            {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
             "spec": {"policyName": name, "validationActions": ["Deny"]}}]});
        bench.kubectl(&["create", "namespace", name]);
        bench.plane.kubectl_with_input(&["create", "-f", "-"], &policies.to_string()).unwrap();
        let works = (0..200).any(|number| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let probe = format!("probe-{number}");
            let refused =
                bench.plane.kubectl(&["-n", name, "create", "configmap", &probe, "--from-literal=sky=green"]).is_err();
            if !refused {
                return false;
            }
            bench.kubectl(&["create", "configmap", &probe]);
            bench.get("configmap", &probe).unwrap()["metadata"]["labels"]["injected"] == "none"
        });
        assert!(works, "the policies of the test do not work");

        let green = CONFIG.replace("blue", "green");
        place.commit(&[("app/config.yaml", &green)]);
        let file = place.application("", ASKED);
        place.run(["diff", &file]).exits(1).says("the sky is never green");
        place.commit(&[("app/config.yaml", CONFIG)]);
        place.syncs(&file);
        // Another value has the webhook set its label anew: the source does not say it, so that it counts only where asked.
        let grey = CONFIG.replace("blue", "grey");
        place.commit(&[("app/config.yaml", &grey)]);
        let plain = place.run(["diff", &file]).exits(1);
        assert!(plain.stdout.contains("sky") && !plain.stdout.contains("injected"), "{}", plain.stdout);
        let file = place
            .application("", "argocd.argoproj.io/compare-options: \"ServerSideDiff=true,IncludeMutationWebhook=true\"");
        place.run(["diff", &file]).exits(1).says("injected");
        place.syncs(&file);
    });
}
