//! What templates wrote, cut into manifests and put into the order of their installation.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::HelmError;
use super::yaml::{kind, read, scalar_text};

/// A document that a template wrote.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Manifest {
    /// The template, from the name of the chart on.
    pub path: String,
    /// The text.
    pub text: String,
    /// What the text says.
    pub value: Value,
    /// Its kind; empty where it says none.
    pub kind: String,
    /// What makes it a hook; none of a manifest that is none.
    pub hook: Option<Hook>,
}

/// When a hook runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// `pre-install`, `post-upgrade` and so on, as `helm.sh/hook` lists them.
    pub events: Vec<String>,
    /// Hooks of one event run by weight.
    pub weight: i64,
}

impl Manifest {
    /// Whether it is a hook that only `helm test` runs, or runs too.
    pub fn is_test(&self) -> bool {
        self.hook.as_ref().is_some_and(|hook| hook.events.iter().any(|event| event == "test"))
    }
}

/// The kinds in the order in which Helm 3.22 installs them; others come after, by name.
const INSTALL_ORDER: &[&str] = &[
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

const EVENTS: &[&str] = &[
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
];

/// What a release consists of, in the order of installation: first what is no hook.
pub(super) struct Sorted {
    pub(super) manifests: Vec<Manifest>,
    pub(super) hooks: Vec<Manifest>,
}

/// Cuts what templates wrote into manifests and sorts them.
pub(super) fn sort(rendered: BTreeMap<String, Vec<u8>>, warnings: &mut Vec<String>) -> Result<Sorted, HelmError> {
    let mut sorted = Sorted { manifests: Vec::new(), hooks: Vec::new() };
    for (path, text) in rendered {
        let text = String::from_utf8_lossy(&text);
        for document in split(&text) {
            let fail = |message| HelmError::Manifest { path: path.clone(), message };
            let value = read(document.as_bytes()).map_err(fail)?;
            let head = Head::of(&value).map_err(fail)?;
            let hook = match head.annotations.get("helm.sh/hook") {
                None => None,
                Some(events) => match hook(events, &head) {
                    Some(hook) => Some(hook),
                    None => {
                        warnings.push(format!("info: skipping unknown hook: {events:?}"));
                        continue;
                    }
                },
            };
            let list = if hook.is_some() { &mut sorted.hooks } else { &mut sorted.manifests };
            list.push(Manifest { path: path.clone(), text: document.to_owned(), value, kind: head.kind, hook });
        }
    }
    sorted.manifests.sort_by(by_kind);
    sorted.hooks.sort_by(by_kind);
    Ok(sorted)
}

fn by_kind(left: &Manifest, right: &Manifest) -> std::cmp::Ordering {
    let rank = |kind: &str| INSTALL_ORDER.iter().position(|known| *known == kind);
    match (rank(&left.kind), rank(&right.kind)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => left.kind.cmp(&right.kind),
    }
}

/// The documents of a text, without the white space around them; those that are empty only at the start are left out.
pub(super) fn split(text: &str) -> Vec<&str> {
    let text = go_trim(text);
    let mut documents = Vec::new();
    let mut start = 0;
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("---")) {
        let at = from + found;
        let before = text.get(..at).unwrap_or_default();
        // A newline that the mark before has taken along doesn't count again.
        if at > 0 && (!before.ends_with('\n') || at == start) {
            from = at + 1;
            continue;
        }
        documents.push(text.get(start..before.trim_end_matches(is_space).len().max(start)).unwrap_or_default());
        let after = text.get(at + 3..).unwrap_or_default();
        start = text.len() - after.trim_start_matches(is_space).len();
        from = start;
    }
    documents.push(text.get(start..).unwrap_or_default());
    documents.into_iter().filter(|document| !document.is_empty()).map(go_trim).collect()
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

fn go_trim(text: &str) -> &str {
    text.trim()
}

/// The part of a manifest that Helm looks at.
struct Head {
    kind: String,
    annotations: BTreeMap<String, String>,
}

impl Head {
    fn of(value: &Value) -> Result<Self, String> {
        let mut head = Self { kind: String::new(), annotations: BTreeMap::new() };
        let map = match value {
            Value::Null => return Ok(head),
            Value::Object(map) => map,
            other => return Err(mismatch(other, "value of type releaseutil.SimpleHead")),
        };
        text(map, "apiVersion", "SimpleHead.apiVersion")?;
        head.kind = text(map, "kind", "SimpleHead.kind")?;
        let metadata = match field(map, "metadata") {
            None => return Ok(head),
            Some(Value::Object(metadata)) => metadata,
            Some(other) => {
                let of = "struct field SimpleHead.metadata of type struct { Name string \"json:\\\"name\\\"\"; \
                          Annotations map[string]string \"json:\\\"annotations\\\"\" }";
                return Err(mismatch(other, of));
            }
        };
        text(metadata, "name", ".metadata.name")?;
        let place = "SimpleHead.metadata.annotations";
        match field(metadata, "annotations") {
            None => {}
            Some(Value::Object(annotations)) => {
                for (key, value) in annotations {
                    let text = match value {
                        Value::Null => Some(String::new()),
                        value => scalar_text(value),
                    };
                    let mismatch = || mismatch(value, &format!("struct field {place} of type string"));
                    head.annotations.insert(key.clone(), text.ok_or_else(mismatch)?);
                }
            }
            Some(other) => return Err(mismatch(other, &format!("struct field {place} of type map[string]string"))),
        }
        Ok(head)
    }
}

fn field<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    map.get(name).filter(|value| !value.is_null())
}

fn text(map: &Map<String, Value>, name: &str, place: &str) -> Result<String, String> {
    match field(map, name) {
        None => Ok(String::new()),
        Some(value) => {
            scalar_text(value).ok_or_else(|| mismatch(value, &format!("struct field {place} of type string")))
        }
    }
}

fn mismatch(value: &Value, what: &str) -> String {
    format!("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go {what}", kind(value))
}

/// What the annotations of a hook say; none where they name an event that Helm doesn't know.
fn hook(events: &str, head: &Head) -> Option<Hook> {
    let event = |name: &str| {
        let name = name.trim().to_lowercase();
        let name = if name == "test-success" { "test".to_owned() } else { name };
        EVENTS.contains(&name.as_str()).then_some(name)
    };
    let events = events.split(',').map(event).collect::<Option<Vec<_>>>()?;
    let weight = head.annotations.get("helm.sh/hook-weight").and_then(|weight| weight.parse().ok()).unwrap_or(0);
    Some(Hook { events, weight })
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn documents_are_cut_at_lines_of_dashes() {
        assert_eq!(split("\n---\na: 1\n---\n\n---  \nb: 2\n"), ["a: 1", "---  \nb: 2"]);
        assert_eq!(split("a: x---y\n--- # note\nb: 1"), ["a: x---y", "# note\nb: 1"]);
        assert_eq!(split("  \n"), Vec::<&str>::new());
        assert_eq!(split("---\n---\na: 1"), ["---\na: 1"]);
        assert_eq!(split("a: 1\n ---\nb: 2"), ["a: 1\n ---\nb: 2"]);
    }
}
