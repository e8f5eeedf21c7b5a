//! What an expansion would change among the Applications that are there.

use std::collections::{BTreeMap, BTreeSet};

use gitops_core::Object;
use gitops_core::api::{
    APPLICATION_SET_KIND, Application, ApplicationsSyncPolicy, ObjectMeta, OwnerReference, Schema as _,
};
use gitops_diff::normalize::{IgnoreRules, RuleError, normalized};

use super::definition::Definition;
use super::expansion::Expansion;
use crate::merge_patch;

/// Annotations that Argo CD and its users write on Applications, which no set takes away.
const KEPT_ANNOTATIONS: [&str; 3] =
    ["notified.notifications.argoproj.io", "argocd.argoproj.io/refresh", "argocd.argoproj.io/hydrate"];
/// Beginnings of finalizers that wait for hooks.
const KEPT_FINALIZERS: [&str; 2] =
    ["pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io"];

/// What would become of one Application.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// It is not there yet.
    Create(Box<Application>),
    /// It is there and says something else.
    Update {
        /// What is there.
        live: Box<Application>,
        /// What it would be.
        desired: Box<Application>,
    },
    /// The set does not make it any more.
    Delete(Box<Application>),
    /// It would be changed, and must not be.
    Keep {
        /// What is there, or would be.
        application: Box<Application>,
        /// Why it stays.
        reason: String,
    },
}

/// What a set would change among the Applications of its namespace, by their names. Nothing is deleted by an expansion that is
/// not complete, and nothing is touched that another set or controller owns.
///
/// # Errors
/// Where `spec.ignoreApplicationDifferences` cannot be understood.
pub fn changes<'a>(
    set: &Definition,
    expansion: &Expansion,
    live: impl IntoIterator<Item = &'a Application>,
) -> Result<Vec<Change>, RuleError> {
    Ok(ApplicationComparison::new(set)?.changes(expansion, live))
}

fn deletes(policy: &ApplicationsSyncPolicy) -> bool {
    matches!(policy, ApplicationsSyncPolicy::Sync | ApplicationsSyncPolicy::CreateDelete)
}

fn updates(policy: &ApplicationsSyncPolicy) -> bool {
    matches!(policy, ApplicationsSyncPolicy::Sync | ApplicationsSyncPolicy::CreateUpdate)
}

/// Compares Applications that are there with what a set makes of them.
pub(crate) struct ApplicationComparison<'s> {
    set: &'s Definition,
    ignored: IgnoreRules,
}

impl<'s> ApplicationComparison<'s> {
    pub(crate) fn new(set: &'s Definition) -> Result<Self, RuleError> {
        Ok(Self { set, ignored: IgnoreRules::compile(&set.ignored)? })
    }

    /// What would become of all Applications.
    pub(crate) fn changes<'a>(
        &self,
        expansion: &Expansion,
        live: impl IntoIterator<Item = &'a Application>,
    ) -> Vec<Change> {
        let set = self.set;
        let here = live.into_iter().filter(|one| one.metadata.namespace() == Some(set.namespace.as_str()));
        let by_name: BTreeMap<&str, &Application> = here.map(|one| (one.name(), one)).collect();
        let mut found = BTreeMap::new();
        let mut wanted = BTreeSet::new();
        for application in expansion.applications() {
            wanted.insert(application.name());
            let change = match by_name.get(application.name()) {
                None => Some(Change::Create(Box::new(owned(set, application)))),
                Some(live) => self.change(live, application),
            };
            found.extend(change.map(|change| (application.name(), change)));
        }
        let owned = by_name.values().filter(|live| owner(live) == Some(set.name.as_str()));
        for live in owned.filter(|live| !wanted.contains(live.name())) {
            found.insert(live.name(), self.deletion(live, expansion.is_complete()));
        }
        found.into_values().collect()
    }

    /// What becomes of an Application of the set that it does not make any more.
    fn deletion(&self, live: &Application, is_complete: bool) -> Change {
        let application = Box::new(live.clone());
        let reason = if !is_complete {
            "not everything that the set makes is known".into()
        } else if !deletes(&self.set.policy) {
            format!("the policy of the set is `{}`", self.set.policy.as_str())
        } else if is_of_another(self.set, live) {
            "an earlier set of the same name owns it".into()
        } else {
            return Change::Delete(application);
        };
        Change::Keep { application, reason }
    }

    /// What would become of an Application that is there; nothing where it is as the set makes it.
    pub(crate) fn change(&self, live: &Application, application: &Application) -> Option<Change> {
        let desired = laid_on(self.set, live, application);
        let mut settled = live.clone();
        settled.settle();
        let desired = self.without_ignored(&settled, desired);
        if (&settled.spec, &settled.metadata, &settled.operation)
            == (&desired.spec, &desired.metadata, &desired.operation)
        {
            return None;
        }
        let application = Box::new(live.clone());
        if controller(live).is_some() && owner(live) != Some(self.set.name.as_str()) {
            return Some(Change::Keep { application, reason: "another controller owns it".into() });
        }
        if !updates(&self.set.policy) {
            let reason = format!("the policy of the set is `{}`", self.set.policy.as_str());
            return Some(Change::Keep { application, reason });
        }
        Some(Change::Update { live: application, desired: Box::new(desired) })
    }

    /// Whether an Application's spec is another than the set makes it.
    pub(crate) fn changes_spec(&self, live: &Application, application: &Application) -> bool {
        let mut settled = live.clone();
        settled.settle();
        let desired = self.without_ignored(&settled, laid_on(self.set, live, application));
        settled.spec != desired.spec
    }

    /// What is desired, with what is ignored left as it is.
    fn without_ignored(&self, live: &Application, desired: Application) -> Application {
        if self.set.ignored.is_empty() {
            return desired;
        }
        let object = |application: &Application| Object::from_value(serde_json::to_value(application).ok()?).ok();
        let Some((held, wanted)) = object(live).zip(object(&desired)) else { return desired };
        let rest = |object: &Object| serde_json::Value::Object(normalized(object, &self.ignored).0.body().clone());
        let patch = merge_patch::between(&rest(&held), &rest(&wanted));
        let mut value = serde_json::Value::Object(held.body().clone());
        merge_patch::apply(&mut value, &patch);
        serde_json::from_value(value).unwrap_or(desired)
    }
}

/// An Application with the set as its owner, where the set is an object of a cluster.
fn owned(set: &Definition, application: &Application) -> Application {
    let mut owned = application.clone();
    owned.metadata.owner_references = owners(set, None);
    owned
}

/// The owners of an Application, with the set in the place of an earlier one of its name, or after the others.
fn owners(set: &Definition, before: Option<&Vec<OwnerReference>>) -> Option<Vec<OwnerReference>> {
    let Some(owner) = &set.owner else { return before.cloned() };
    let mut owners = before.cloned().unwrap_or_default();
    match owners.iter_mut().find(|one| one.kind == owner.kind && one.name == owner.name) {
        Some(held) => *held = owner.clone(),
        None => owners.push(owner.clone()),
    }
    Some(owners)
}

/// Whether the owner is a set of this name that is gone.
fn is_of_another(set: &Definition, live: &Application) -> bool {
    let uid = |owner: &OwnerReference| owner.uid.clone();
    let held = live.metadata.owner_references.iter().flatten().find(|one| one.controller == Some(true)).map(uid);
    set.owner.as_ref().map(uid).is_some_and(|uid| held.is_some_and(|held| held != uid))
}

/// What is there, with what the set says laid on it: spec, labels, annotations and finalizers, save those that are left to
/// others.
fn laid_on(set: &Definition, live: &Application, application: &Application) -> Application {
    let mut desired = live.clone();
    desired.spec = application.spec.clone();
    if application.operation.is_some() {
        desired.operation.clone_from(&application.operation);
    }
    let metadata = &application.metadata;
    let annotations = set.preserved_annotations.iter().map(String::as_str).chain(KEPT_ANNOTATIONS);
    desired.metadata.annotations = kept(&metadata.annotations, &live.metadata.annotations, annotations);
    let labels = set.preserved_labels.iter().map(String::as_str);
    desired.metadata.labels = kept(&metadata.labels, &live.metadata.labels, labels);
    let mut finalizers = metadata.finalizers.clone().unwrap_or_default();
    let held = live.metadata.finalizers.iter().flatten();
    finalizers.extend(held.filter(|one| KEPT_FINALIZERS.iter().any(|beginning| one.starts_with(beginning))).cloned());
    desired.metadata.finalizers = Some(finalizers);
    desired.metadata.owner_references = owners(set, live.metadata.owner_references.as_ref());
    desired.settle();
    desired
}

type Texts = Option<BTreeMap<String, String>>;

fn kept<'k>(wanted: &Texts, held: &Texts, keys: impl Iterator<Item = &'k str>) -> Texts {
    let mut texts = wanted.clone().unwrap_or_default();
    for key in keys {
        if let Some(value) = held.as_ref().and_then(|held| held.get(key)) {
            texts.insert(key.to_owned(), value.clone());
        }
    }
    Some(texts)
}

/// The set that owns an Application.
pub(crate) fn owner(application: &Application) -> Option<&str> {
    controller(application).filter(|(kind, _)| *kind == APPLICATION_SET_KIND).map(|(_, name)| name)
}

fn controller(application: &Application) -> Option<(&str, &str)> {
    let ObjectMeta { owner_references, .. } = &application.metadata;
    let is_controller = |owner: &&gitops_core::api::OwnerReference| owner.controller == Some(true);
    let owner = owner_references.iter().flatten().find(is_controller)?;
    Some((owner.kind.as_str(), owner.name.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::appset::{Outside, Settings, expand};

    struct Nothing;

    impl Outside for Nothing {}

    fn set(names: &[&str], more: Value) -> Definition {
        let elements: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        let mut spec = json!({
            "generators": [{"list": {"elements": elements}}],
            "template": {
                "metadata": {"name": "{{name}}", "labels": {"team": "a"}},
                "spec": {"project": "default", "destination": {}, "source": {"repoURL": "r"}},
            },
        });
        for (field, value) in more.as_object().unwrap() {
            spec[field] = value.clone();
        }
        let set = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "set"}, "spec": spec,
        });
        Definition::read(&set, "argocd").unwrap()
    }

    fn made(set: &Definition) -> Expansion {
        expand(set, &Nothing, &Settings::new("argocd"))
    }

    /// An Application as the set makes it, owned by somebody.
    fn live(name: &str, owner: &str) -> Application {
        let set = set(&[name], json!({}));
        let mut application = made(&set).applications().next().unwrap().clone();
        application.metadata.owner_references = serde_json::from_value(json!([{
            "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": owner, "uid": "1", "controller": true,
        }]))
        .unwrap();
        application
    }

    fn shown(set: &Definition, live: &[Application]) -> Vec<String> {
        let name = |change: Change| match change {
            Change::Create(one) => format!("create {}", one.name()),
            Change::Update { desired, .. } => format!("update {}", desired.name()),
            Change::Delete(one) => format!("delete {}", one.name()),
            Change::Keep { application, reason } => format!("keep {}: {reason}", application.name()),
        };
        changes(set, &made(set), live).unwrap().into_iter().map(name).collect()
    }

    #[test]
    fn what_is_as_it_should_be_does_not_change() {
        let mut held = live("a", "set");
        held.metadata.labels.as_mut().unwrap().insert("theirs".into(), "x".into());
        held.metadata.annotations = Some([("argocd.argoproj.io/refresh".into(), "normal".into())].into());
        let preserved = json!({"preservedFields": {"labels": ["theirs"]}});
        assert_eq!(shown(&set(&["a"], preserved), &[held.clone()]), Vec::<String>::new());
        assert_eq!(shown(&set(&["a"], json!({})), &[held]), ["update a"]);
    }

    #[test]
    fn policies_say_what_is_written() {
        let mut changed = live("b", "set");
        changed.spec.project = "other".into();
        let there = [changed, live("c", "set"), live("d", "another")];
        let under =
            |policy: &str| shown(&set(&["a", "b"], json!({"syncPolicy": {"applicationsSync": policy}})), &there);
        assert_eq!(under("sync"), ["create a", "update b", "delete c"]);
        let kept = |policy: &str, name: &str| format!("keep {name}: the policy of the set is `{policy}`");
        assert_eq!(under("create-only"), ["create a".into(), kept("create-only", "b"), kept("create-only", "c")]);
        assert_eq!(under("create-update"), ["create a".into(), "update b".into(), kept("create-update", "c")]);
        assert_eq!(under("create-delete"), ["create a".into(), kept("create-delete", "b"), "delete c".into()]);
    }

    #[test]
    fn nothing_is_deleted_while_something_is_not_known() {
        let broken = json!({"generators": [{"list": {"elements": [{"name": "a"}]}}, {"clusters": {}}]});
        let shown = shown(&set(&[], broken), &[live("c", "set")]);
        assert_eq!(shown, ["create a", "keep c: not everything that the set makes is known"]);
    }

    #[test]
    fn what_another_set_owns_stays() {
        let mut theirs = live("a", "another");
        theirs.spec.project = "other".into();
        assert_eq!(shown(&set(&["a"], json!({})), &[theirs]), ["keep a: another controller owns it"]);
    }

    #[test]
    fn what_is_ignored_stays_as_others_set_it() {
        let rules = json!({"ignoreApplicationDifferences": [
            {"jsonPointers": ["/spec/source/targetRevision"]},
            {"name": "b", "jqPathExpressions": [".spec.syncPolicy"]},
        ]});
        let theirs = |name: &str| {
            let mut live = live(name, "set");
            live.spec.source.as_mut().unwrap().target_revision = Some("theirs".into());
            live.spec.sync_policy = Some(serde_json::from_value(json!({"retry": {"limit": 3}})).unwrap());
            live
        };
        let set = set(&["a", "b"], rules);
        let found = changes(&set, &made(&set), &[theirs("a"), theirs("b")]).unwrap();
        let [Change::Update { desired, .. }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(desired.name(), "a");
        assert_eq!(
            (desired.spec.source.as_ref().unwrap().target_revision(), &desired.spec.sync_policy),
            (Some("theirs"), &None)
        );
    }

    #[test]
    fn a_set_of_a_cluster_owns_what_it_makes() {
        let mut set = set(&["a", "b"], json!({}));
        let owner = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "set", "uid": "2",
                           "controller": true, "blockOwnerDeletion": true});
        set.owner = serde_json::from_value(owner.clone()).unwrap();
        let found = changes(&set, &made(&set), &[live("b", "set"), live("c", "set")]).unwrap();
        let [Change::Create(made), Change::Update { desired, .. }, Change::Keep { reason, .. }] = found.as_slice()
        else {
            panic!("{found:?}");
        };
        for one in [made, desired] {
            assert_eq!(json!(one.metadata.owner_references), json!([owner]));
        }
        assert_eq!(reason, "an earlier set of the same name owns it");
    }
}
