//! What another controller deployed of an Application: it becomes a part of the inventory where nothing is recorded yet, so
//! that what the sources have given up is known, shown and pruned as what this engine deployed itself.
//!
//! Argo CD keeps no inventory: it finds the objects of an Application by their marks, and lists them in its status. The list says
//! where to look; an object that bears no mark of the Application, or is gone, is not taken.

use gitops_apply::Inventory;
use gitops_apply::plan::Live;
use gitops_apply::tracking::{Owner, Tracking};
use gitops_core::api::Application;

/// Notes what the status of an Application lists, of which nothing was recorded so far; whether there is any of it.
pub(crate) fn note_listed(application: &Application, inventory: &mut Inventory) -> bool {
    let recorded = inventory.stored_parts > 0 || !inventory.entries.is_empty();
    let Some(status) = application.status.as_ref().filter(|_| !recorded) else { return false };
    // Hooks are deleted by their own policies only, and are in no inventory.
    let resources = status.resources.iter().flatten().filter(|one| !one.is_hook());
    resources.filter_map(|one| one.reference(Some("v1"))).for_each(|object| inventory.note(&object, None));
    !inventory.entries.is_empty()
}

/// Keeps of what was noted what is there and bears the Application's mark. Where that is the annotation, what has Argo CD's label alone
/// is kept too: it was marked so before Argo CD marked by annotations. It is shown, and deleted by nobody.
pub(crate) fn keep_marked(inventory: &mut Inventory, live: &Live, tracking: &Tracking) {
    let name = inventory.application.clone();
    inventory.entries.retain(|id, entry| {
        let Some(object) = live.get(id) else { return false };
        entry.uid = object.uid().map(Into::into);
        match tracking.owner(object, &name) {
            Owner::Ours => true,
            Owner::Nobody => object.label(&tracking.label) == Some(name.as_str()),
            Owner::Other(_) => false,
        }
    });
}

#[cfg(test)]
mod tests {
    use gitops_core::Object;
    use gitops_core::annotations::{INSTANCE_LABEL, TRACKING_ID};
    use serde_json::{Value, json};

    use super::*;

    fn config(name: &str, metadata: Value) -> Object {
        let mut body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
        body["metadata"]["name"] = name.into();
        body["metadata"]["namespace"] = "shop".into();
        body["metadata"]["uid"] = format!("uid-{name}").into();
        Object::from_value(body).unwrap()
    }

    fn argo_cds() -> Application {
        let listed = |name: &str| json!({"version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": name});
        let listed: Vec<Value> = ["by-annotation", "by-label", "of-another", "unmarked", "gone"].map(listed).into();
        serde_json::from_value(json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "web", "namespace": "argocd"},
            "spec": {"project": "default", "destination": {}}, "status": {"resources": listed},
        }))
        .unwrap()
    }

    #[test]
    fn what_is_listed_is_taken_where_it_bears_the_mark() {
        let mut inventory = Inventory::new("web");
        assert!(note_listed(&argo_cds(), &mut inventory));
        let mark =
            |owner: &str, name: &str| json!({"annotations": {TRACKING_ID: format!("{owner}:/ConfigMap:shop/{name}")}});
        let live = Live::complete([
            config("by-annotation", mark("web", "by-annotation")),
            config("by-label", json!({"labels": {INSTANCE_LABEL: "web"}})),
            config("of-another", mark("other", "of-another")),
            config("unmarked", json!({})),
        ]);
        keep_marked(&mut inventory, &live, &Tracking::default());
        let taken: Vec<_> =
            inventory.entries.iter().map(|(id, entry)| (id.name.as_str(), entry.uid.as_deref())).collect();
        assert_eq!(taken, [("by-annotation", Some("uid-by-annotation")), ("by-label", Some("uid-by-label"))]);
    }

    #[test]
    fn what_is_recorded_is_not_read_from_a_status() {
        let mut inventory = Inventory::new("web");
        inventory.stored_parts = 1;
        assert!(!note_listed(&argo_cds(), &mut inventory));
        assert!(inventory.entries.is_empty());
    }
}
