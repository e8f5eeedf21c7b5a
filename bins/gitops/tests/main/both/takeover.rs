//! What Argo CD deployed before, by each of its ways: the first sync takes it over, and what the source gives up later goes.

use serde_json::{Value, json};

use super::{Place, on_each, owns};

const ARGO_CD: &str = "argocd-controller";
const MARK: &str = "argocd.argoproj.io/tracking-id";

fn config(name: &str, data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata: {{{data}}}\n")
}

/// An object as Argo CD has it in the cluster for an Application.
fn deployed(place: &Place, application: &str, name: &str) -> Value {
    let namespace = place.namespace();
    let mark = format!("{application}:/ConfigMap:{namespace}/{name}");
    let metadata = json!({"name": name, "namespace": namespace, "annotations": {MARK: mark}});
    let data = json!({"sky": "blue", "sea": "green"});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
}

/// How Argo CD wrote it.
type Way = fn(&Place, &Value);

const WAYS: [Way; 2] =
    [|place, object| place.client_side_apply(object, ARGO_CD), |place, object| place.apply(object, ARGO_CD)];

fn is_argo_cds(object: &Value) -> bool {
    owns(object, ARGO_CD, "Update") || owns(object, ARGO_CD, "Apply")
}

#[test]
fn what_the_source_gives_up_goes_in_whichever_sync() {
    for way in WAYS {
        // One is as it was deployed, of the other the source has given up a field already.
        let files = [
            ("app/a.yaml", config("same", "sky: blue, sea: green")),
            ("app/b.yaml", config("less", "sky: blue")),
            ("app/c.yaml", config("new", "")),
        ];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        on_each(&files, |place| {
            place.make_namespace();
            let name = place.namespace().to_owned();
            for object in ["same", "less"] {
                way(place, &deployed(place, &name, object));
            }
            way(place, &deployed(place, "other", "foreign"));
            let file = place.application("", "");
            let differs = place.run(["diff", &file]).exits(1).says("less").says("sea");
            assert!(!differs.stdout.contains("same"), "{}", differs.stdout);
            place.syncs(&file);
            let less = place.must_have("v1", "ConfigMap", "less");
            assert_eq!(less["data"], json!({"sky": "blue"}));
            assert!(owns(&less, "gitops-engine", "Apply") && !is_argo_cds(&less), "{less:#}");

            place.commit(&[("app/a.yaml", &config("same", "sea: green"))]);
            place.run(["diff", &file]).exits(1).says("sky");
            place.syncs(&file);
            let same = place.must_have("v1", "ConfigMap", "same");
            assert_eq!(same["data"], json!({"sea": "green"}));
            assert!(owns(&same, "gitops-engine", "Apply") && !is_argo_cds(&same), "{same:#}");

            place.commit(&[("app/a.yaml", ""), ("app/b.yaml", "")]);
            place.syncs(&file);
            assert!(place.live("v1", "ConfigMap", "same").is_none() && place.live("v1", "ConfigMap", "less").is_none());
            let foreign = place.must_have("v1", "ConfigMap", "foreign");
            assert_eq!(foreign["data"], json!({"sky": "blue", "sea": "green"}));
            assert!(is_argo_cds(&foreign));
        });
    }
}

#[test]
fn what_is_as_the_source_says_is_taken_over_too() {
    for way in WAYS {
        let (kept, same) = (config("kept", "sky: blue, sea: green"), config("same", "sky: blue, sea: green"));
        on_each(&[("app/a.yaml", &kept), ("app/b.yaml", &same)], |place| {
            place.make_namespace();
            let name = place.namespace().to_owned();
            for object in ["kept", "same"] {
                way(place, &deployed(place, &name, object));
            }
            let file = place.application("", "");
            place.syncs(&file);
            // It is known from then on: what the source drops is deleted.
            place.commit(&[("app/b.yaml", "")]);
            place.run(["diff", &file]).exits(1).says("same");
            place.syncs(&file);
            assert!(place.live("v1", "ConfigMap", "same").is_none());
            assert!(place.live("v1", "ConfigMap", "kept").is_some());
        });
    }
}

#[test]
fn what_was_marked_by_a_label_gets_the_annotation() {
    for way in WAYS {
        on_each(&[("app/a.yaml", &config("same", "sky: blue, sea: green"))], |place| {
            place.make_namespace();
            let mut object = deployed(place, "", "same");
            object["metadata"] = json!({"name": "same", "namespace": place.namespace(),
                "labels": {"app.kubernetes.io/instance": place.namespace()}});
            way(place, &object);
            let file = place.application("", "");
            place.run(["plan", &file]).exits(0).says("adopt");
            place.syncs(&file);
            let same = place.must_have("v1", "ConfigMap", "same");
            let mark = format!("{0}:/ConfigMap:{0}/same", place.namespace());
            assert_eq!(same["metadata"]["annotations"][MARK], mark.as_str());
            assert!(same["metadata"]["labels"].is_null(), "Argo CD's label goes with its fields: {same:#}");
            assert!(owns(&same, "gitops-engine", "Apply") && !is_argo_cds(&same));
        });
    }
}
