//! Known types: fields of custom resources that hold a built-in type and are written in its canonical form, as Argo CD's
//! `resource.customizations.knownTypeFields` has them.

use gitops_core::{Map, Object, Value};
use gitops_merge::normalize::canonical;
use gitops_merge::schema::{Kind, Kinds, TypeId};
use thiserror::Error;

/// Which fields of which kinds hold which types.
#[derive(Clone, Debug, Default)]
pub struct KnownTypes {
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    group: String,
    kind: String,
    path: Vec<String>,
    held: Held,
    /// Whether it is known without being told.
    by_default: bool,
}

/// What a known field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    Quantity,
    Duration,
    /// A type by its name in the table of built-in kinds, such as `core.v1.PodSpec`.
    Named(String),
}

/// A type that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("type '{0}' is not supported")]
pub struct UnknownType(
    /// Its name.
    pub String,
);

/// A known field with a value of another type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not of the type that it is known to have")]
pub struct Mismatch(
    /// The field, a path with dots.
    pub String,
);

impl KnownTypes {
    /// What is known without being told: the Pod template of an Argo Rollout, as long as nothing is said of Rollouts.
    pub fn new() -> Self {
        let path = ["spec", "template", "spec"].map(str::to_owned).to_vec();
        let held = Held::Named("core.v1.PodSpec".into());
        let (group, kind) = ("argoproj.io".into(), "Rollout".into());
        Self { fields: vec![Field { group, kind, path, held, by_default: true }] }
    }

    /// Learns that a field, a path with dots, of a kind holds a type such as `core/v1/PodSpec` or `core/Quantity`. Lists
    /// on the way stand for each of their items.
    ///
    /// # Errors
    /// Where the type is none of the core group.
    pub fn add(&mut self, group: &str, kind: &str, field: &str, held: &str, kinds: &Kinds) -> Result<(), UnknownType> {
        let held = match held {
            "core/Quantity" => Held::Quantity,
            "meta/v1/Duration" => Held::Duration,
            other => {
                let name = other.strip_prefix("core/v1/").map(|name| format!("core.v1.{name}"));
                let name = name.filter(|name| type_of(kinds, name).is_some());
                Held::Named(name.ok_or_else(|| UnknownType(other.into()))?)
            }
        };
        let path = field.split('.').map(str::to_owned).collect();
        self.fields.retain(|field| !(field.by_default && field.is_of(group, kind)));
        self.fields.push(Field { group: group.into(), kind: kind.into(), path, held, by_default: false });
        Ok(())
    }

    /// An object with its known fields in their canonical form; none where nothing is known of its kind, or a field has a value
    /// of another type: that is compared as it is, as in Argo CD.
    pub(crate) fn canonical(&self, object: &Object, kinds: &Kinds) -> Option<Object> {
        let (group, kind) = (object.group(), object.kind());
        self.fields.iter().find(|field| field.is_of(group, kind))?;
        let mut body = object.body().clone();
        self.normalize(group, kind, &mut body, kinds).ok()?;
        let mut written = object.clone();
        written.edit(|old| *old = body);
        Some(written)
    }

    /// Writes the known fields of an object in their canonical form.
    ///
    /// # Errors
    /// The first field whose value is not of its type; it and what comes after it are left as they are.
    pub fn normalize(&self, group: &str, kind: &str, body: &mut Map, kinds: &Kinds) -> Result<(), Mismatch> {
        for field in self.fields.iter().filter(|field| field.is_of(group, kind)) {
            let rewrite = |value: &Value| field.held.canonical(value, kinds);
            in_map(body, &field.path, &rewrite).ok_or_else(|| Mismatch(field.path.join(".")))?;
        }
        Ok(())
    }
}

impl Field {
    fn is_of(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl Held {
    fn canonical(&self, value: &Value, kinds: &Kinds) -> Option<Value> {
        match self {
            Self::Quantity => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                gitops_merge::normalize::quantity::canonical(&text).map(Value::String)
            }
            Self::Duration => value.is_string().then(|| value.clone()),
            Self::Named(name) => {
                let (kind, id) = type_of(kinds, name)?;
                canonical(&kind.schema, id, value).ok().map(|form| form.value)
            }
        }
    }
}

/// A type of the built-in kinds by its name. All of them share one table.
fn type_of<'a>(kinds: &'a Kinds, name: &str) -> Option<(&'a Kind, TypeId)> {
    let kind = kinds.get("v1", "Pod")?;
    kind.schema.iter().find(|(_, known)| known.name.as_deref() == Some(name)).map(|(id, _)| (kind.as_ref(), id))
}

/// Rewrites what a path leads to; none where a value is not of its type.
fn in_map(map: &mut Map, path: &[String], rewrite: &dyn Fn(&Value) -> Option<Value>) -> Option<()> {
    let Some((key, rest)) = path.split_first() else { return Some(()) };
    let Some(value) = map.get_mut(key) else { return Some(()) };
    match value {
        Value::Array(items) => {
            for item in items.iter_mut().filter(|item| item.is_object()) {
                match (item, rest.is_empty()) {
                    (item, true) => *item = rewrite(item)?,
                    (Value::Object(below), false) => in_map(below, rest, rewrite)?,
                    _ => {}
                }
            }
            Some(())
        }
        value if rest.is_empty() => {
            *value = rewrite(value)?;
            Some(())
        }
        Value::Object(below) => in_map(below, rest, rewrite),
        _ => Some(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_fields_are_written_canonically() {
        let kinds = Kinds::builtin().unwrap();
        let mut known = KnownTypes::new();
        known.add("x.io", "Widget", "spec.parts.size", "core/Quantity", &kinds).unwrap();
        known.add("x.io", "Widget", "spec.pod", "core/v1/PodSpec", &kinds).unwrap();
        assert_eq!(
            known.add("x.io", "Widget", "spec", "core/v1/Nope", &kinds),
            Err(UnknownType("core/v1/Nope".into()))
        );
        let pod = json!({"containers": [{"name": "c", "resources": {"limits": {"cpu": 0.5}}, "args": null}]});
        let spec = json!({"parts": [{"size": "1024Mi"}, {"size": 2}, {}], "pod": pod});
        let mut body = json!({"spec": spec}).as_object().unwrap().clone();
        known.normalize("x.io", "Widget", &mut body, &kinds).unwrap();
        assert_eq!(body["spec"]["parts"], json!([{"size": "1Gi"}, {"size": "2"}, {}]));
        assert_eq!(
            body["spec"]["pod"]["containers"][0],
            json!({"name": "c", "resources": {"limits": {"cpu": "500m"}}})
        );
    }
}
