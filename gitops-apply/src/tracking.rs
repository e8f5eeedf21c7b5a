//! Ownership marks, in Argo CD's forms and by its settings: the tracking annotation
//! `<application>:<group>/<kind>:<namespace>/<name>`, the instance label with the application's name, or both
//! (`application.resourceTrackingMethod`, `application.instanceLabelKey` and `installationID` in `argocd-cm`).

use gitops_core::annotations::{INSTALLATION_ID, INSTANCE_LABEL, LEGACY_INSTANCE_LABEL, TRACKING_ID};
use gitops_core::{Map, Object, ObjectId, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest value of a label, in bytes.
const LONGEST_LABEL: usize = 63;

/// What marks the objects of an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TrackingMethod {
    /// The annotation, which says which object it was put on.
    #[default]
    Annotation,
    /// The label alone.
    Label,
    /// The annotation, and the label for other tools' sake.
    AnnotationAndLabel,
}

impl TrackingMethod {
    /// The method of a name in Argo CD's settings; as there, what is no method is the annotation.
    pub fn named(name: &str) -> Self {
        match name {
            "label" => Self::Label,
            "annotation+label" => Self::AnnotationAndLabel,
            _ => Self::Annotation,
        }
    }
}

/// How the objects of an application are marked and recognized.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tracking {
    /// What marks them.
    pub method: TrackingMethod,
    /// The key of the label.
    pub label: String,
    /// Which of several installations over one cluster it is, where that is said; only seen with the annotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation: Option<String>,
}

impl Default for Tracking {
    fn default() -> Self {
        Self { method: TrackingMethod::default(), label: INSTANCE_LABEL.into(), installation: None }
    }
}

/// Who owns an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody has marked it, or the mark was copied from another object.
    Nobody,
    /// This application.
    Ours,
    /// Another application.
    Other(String),
}

impl Tracking {
    /// Marks an object as `application`'s. `namespace` is the application's destination, which the annotation of an object
    /// of the whole cluster names.
    pub fn mark(&self, object: &mut Object, application: &str, namespace: &str) {
        if self.method == TrackingMethod::Label {
            // A shorter name would be another application's: the API server is to say that it is too long.
            return set_label(object, &self.label, application);
        }
        let own_namespace = object.namespace().unwrap_or(namespace);
        let mark = annotation(application, &object.id(), own_namespace);
        object.set_annotation(TRACKING_ID, &mark);
        match &self.installation {
            Some(installation) => object.set_annotation(INSTALLATION_ID, installation),
            None => object.edit(remove_installation),
        }
        if self.method == TrackingMethod::AnnotationAndLabel {
            set_label(object, &self.label, shortened(application));
        }
    }

    /// Whose mark an object bears: the application's name as marks have it, whichever object the mark was put on.
    pub fn bearer<'a>(&self, object: &'a Object) -> Option<&'a str> {
        match self.method {
            TrackingMethod::Label => object.label(&self.label).filter(|name| !name.is_empty()),
            _ => self.annotated(object).map(|(name, _)| name),
        }
    }

    /// Who owns a live object, from the view of `application`. A mark that names another object was copied by a controller
    /// or a person, and marks nothing.
    pub fn owner(&self, object: &Object, application: &str) -> Owner {
        let name = match self.method {
            TrackingMethod::Label => self.bearer(object),
            _ => self.annotated(object).filter(|(_, place)| is_of(place, &object.id())).map(|(name, _)| name),
        };
        match name {
            None => Owner::Nobody,
            Some(name) if name == application => Owner::Ours,
            Some(name) => Owner::Other(name.into()),
        }
    }

    /// The annotation of this installation: the application, and the object that it was put on.
    fn annotated<'a>(&self, object: &'a Object) -> Option<(&'a str, &'a str)> {
        let installation = self.installation.as_deref();
        let is_ours = installation.is_none() || object.annotation(INSTALLATION_ID) == installation;
        let (name, place) = object.annotation(TRACKING_ID).filter(|_| is_ours)?.split_once(':')?;
        (!name.is_empty() && parts(place).is_some()).then_some((name, place))
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn annotation(application: &str, id: &ObjectId, namespace: &str) -> String {
    format!("{application}:{}/{}:{namespace}/{}", id.group, id.kind, id.name)
}

/// The place in an annotation, `<group>/<kind>:<namespace>/<name>`. What is no such place marks nothing
/// (`ParseAppInstanceValue`, util/argo/resource_tracking.go, v3.5).
fn parts(place: &str) -> Option<[&str; 4]> {
    let (kind, object) = place.split_once(':')?;
    let ((group, kind), (namespace, name)) = (kind.split_once('/')?, object.split_once('/')?);
    (!kind.contains('/') && !name.contains('/')).then_some([group, kind, namespace, name])
}

/// Whether a place is this object. Argo CD writes the destination's namespace for objects of the whole cluster.
fn is_of(place: &str, id: &ObjectId) -> bool {
    parts(place).is_some_and(|[group, kind, namespace, name]| {
        (group, kind, name) == (id.group.as_str(), id.kind.as_str(), id.name.as_str())
            && id.namespace.as_deref().is_none_or(|own| own == namespace)
    })
}

fn remove_installation(body: &mut Map) {
    let annotations = body.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
    if let Some(Value::Object(annotations)) = annotations {
        annotations.remove(INSTALLATION_ID);
    }
}

/// A name as the value of a label: its beginning, which ends with a letter or digit.
fn shortened(name: &str) -> &str {
    let end = name.floor_char_boundary(LONGEST_LABEL);
    let short = name.get(..end).unwrap_or(name);
    if short.len() == name.len() { name } else { short.trim_end_matches(|last: char| !last.is_ascii_alphanumeric()) }
}

/// Sets the label; Argo CD's first one goes onto the Pods of a workload too.
fn set_label(object: &mut Object, key: &str, value: &str) {
    object.set_label(key, value);
    let has_pods = match object.group() {
        "apps" => ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"].contains(&object.kind()),
        "batch" => object.kind() == "Job",
        _ => false,
    };
    if key == LEGACY_INSTANCE_LABEL && has_pods {
        object.edit(|body| set_at(body, &["spec", "template", "metadata", "labels", key], value));
    }
}

/// Sets a text at a path of keys, where what is on the way is no other value.
fn set_at(map: &mut Map, path: &[&str], value: &str) {
    match path {
        [] => {}
        [key] => drop(map.insert((*key).to_owned(), value.into())),
        [key, rest @ ..] => {
            let below = map.entry((*key).to_owned()).or_insert(Value::Null);
            if below.is_null() {
                *below = Value::Object(Map::new());
            }
            if let Value::Object(below) = below {
                set_at(below, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(version: &str, kind: &str, metadata: Value) -> Object {
        Object::from_value(json!({"apiVersion": version, "kind": kind, "metadata": metadata})).unwrap()
    }

    fn deployment(name: &str) -> Object {
        object("apps/v1", "Deployment", json!({"name": name, "namespace": "shop"}))
    }

    fn by(method: &str) -> Tracking {
        Tracking { method: TrackingMethod::named(method), ..Tracking::default() }
    }

    #[test]
    fn a_copied_annotation_marks_nothing() {
        let tracking = Tracking::default();
        let mut marked = deployment("a");
        tracking.mark(&mut marked, "web", "other");
        assert_eq!(marked.annotation(TRACKING_ID), Some("web:apps/Deployment:shop/a"));
        assert_eq!(tracking.owner(&marked, "web"), Owner::Ours);
        assert_eq!(tracking.owner(&marked, "other"), Owner::Other("web".into()));
        marked.set_name("b");
        assert_eq!(tracking.owner(&marked, "web"), Owner::Nobody);
        assert_eq!(tracking.bearer(&marked), Some("web"));
        for malformed in
            ["web", "web:apps/Deployment", "web:Deployment:shop/b", "web:apps/Deployment:shop/b/c", ":a/B:c/b"]
        {
            marked.set_annotation(TRACKING_ID, malformed);
            assert_eq!(tracking.bearer(&marked), None, "{malformed}");
        }
    }

    #[test]
    fn the_annotation_of_an_object_of_the_whole_cluster_names_the_destination() {
        let tracking = Tracking::default();
        let role = |name: &str| object("rbac.authorization.k8s.io/v1", "ClusterRole", json!({"name": name}));
        let mut marked = role("system:web");
        tracking.mark(&mut marked, "web", "shop");
        let mark = "web:rbac.authorization.k8s.io/ClusterRole:shop/system:web";
        assert_eq!(marked.annotation(TRACKING_ID), Some(mark));
        assert_eq!(tracking.owner(&marked, "web"), Owner::Ours);
        let mut bare = role("system:web");
        bare.set_annotation(TRACKING_ID, &mark.replace("shop", ""));
        assert_eq!(tracking.owner(&bare, "web"), Owner::Ours);
        let mut copied = role("system:other");
        copied.set_annotation(TRACKING_ID, mark);
        assert_eq!(tracking.owner(&copied, "web"), Owner::Nobody);
    }

    #[test]
    fn by_label_the_label_alone_counts() {
        let tracking = by("label");
        let mut marked = deployment("a");
        tracking.mark(&mut marked, "web", "shop");
        assert_eq!((marked.label(INSTANCE_LABEL), marked.annotation(TRACKING_ID)), (Some("web"), None));
        assert_eq!(tracking.owner(&marked, "web"), Owner::Ours);
        assert_eq!(tracking.owner(&marked, "other"), Owner::Other("web".into()));
        assert_eq!(Tracking::default().owner(&marked, "web"), Owner::Nobody);
        let mut annotated = deployment("a");
        Tracking::default().mark(&mut annotated, "web", "shop");
        assert_eq!(tracking.owner(&annotated, "web"), Owner::Nobody);
        let long = "a".repeat(64);
        tracking.mark(&mut marked, &long, "shop");
        assert_eq!(marked.label(INSTANCE_LABEL), Some(long.as_str()));
    }

    #[test]
    fn with_both_the_annotation_counts_and_the_label_is_cut() {
        let tracking = by("annotation+label");
        let mut marked = deployment("a");
        let long = format!("{}-.b", "a".repeat(61));
        tracking.mark(&mut marked, &long, "shop");
        assert_eq!(marked.label(INSTANCE_LABEL), Some("a".repeat(61).as_str()));
        assert_eq!(tracking.owner(&marked, &long), Owner::Ours);
        marked.set_annotation(TRACKING_ID, "");
        assert_eq!(tracking.owner(&marked, &long), Owner::Nobody);
    }

    #[test]
    fn an_annotation_of_another_installation_marks_nothing() {
        let own = Tracking { installation: Some("one".into()), ..Tracking::default() };
        let mut marked = deployment("a");
        own.mark(&mut marked, "web", "shop");
        assert_eq!(own.owner(&marked, "web"), Owner::Ours);
        let other = Tracking { installation: Some("two".into()), ..Tracking::default() };
        assert_eq!(other.owner(&marked, "web"), Owner::Nobody);
        Tracking::default().mark(&mut marked, "web", "shop");
        assert_eq!(marked.annotation(INSTALLATION_ID), None);
    }

    #[test]
    fn the_first_label_goes_onto_pods_too() {
        let tracking = Tracking { label: LEGACY_INSTANCE_LABEL.into(), ..by("label") };
        let mut marked = deployment("a");
        tracking.mark(&mut marked, "web", "shop");
        let on_pods = ["spec", "template", "metadata", "labels", LEGACY_INSTANCE_LABEL];
        assert_eq!(marked.text(&on_pods), Some("web"));
        let mut marked = object("v1", "Service", json!({"name": "a"}));
        tracking.mark(&mut marked, "web", "shop");
        assert_eq!(marked.text(&on_pods), None);
    }
}
