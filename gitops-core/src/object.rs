use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::annotations::LAST_APPLIED;
use crate::{GroupVersionKind, Map, ObjectId, ObjectRef, Reveal, Secret, Value};

/// A Kubernetes object.
///
/// The body is plain JSON with one exception: of a core `Secret`, `data`, `stringData` and the last-applied
/// annotation are kept apart, in values that cannot be printed. So [`Object::body`] and everything made from it
/// is safe to show, log and store, and [`Object::reveal`] gives the whole object to who holds the capability.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    body: Map,
    sensitive: Option<Box<Sensitive>>,
}

#[derive(Clone, Debug, PartialEq, Default)]
struct Sensitive {
    data: Option<Secret<Value>>,
    string_data: Option<Secret<Value>>,
    last_applied: Option<Secret<Value>>,
}

/// Why a value is not a Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ObjectError {
    /// It is not a map.
    #[error("expected a map, found {0}")]
    NotAMap(&'static str),
    /// A field that every object has is missing, empty or of another type.
    #[error("{field}: expected a {expected}, found {found}")]
    Field {
        /// The field's path, such as `metadata.name`.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
}

impl Object {
    /// An object from its JSON.
    ///
    /// # Errors
    /// Where `apiVersion`, `kind`, `metadata`, or both `metadata.name` and `metadata.generateName` are missing or not
    /// of their type.
    pub fn from_value(value: Value) -> Result<Self, ObjectError> {
        let Value::Object(mut body) = value else { return Err(ObjectError::NotAMap(type_name(&value))) };
        require_text(&body, "apiVersion", "apiVersion")?;
        require_text(&body, "kind", "kind")?;
        let metadata = match body.get("metadata") {
            Some(Value::Object(metadata)) => metadata,
            other => return Err(field_error("metadata", "map", other)),
        };
        let named = metadata.get("name").is_some_and(|name| name.as_str().is_some_and(|name| !name.is_empty()));
        if !named {
            require_text(metadata, "generateName", "metadata.name")?;
        }
        require_text_map(metadata, "labels", "metadata.labels")?;
        require_text_map(metadata, "annotations", "metadata.annotations")?;
        let sensitive = is_secret(&body).then(|| Box::new(Sensitive::take_from(&mut body)));
        Ok(Self { body, sensitive })
    }

    /// The printable part of the object: everything, of a core `Secret` without its payload.
    pub fn body(&self) -> &Map {
        &self.body
    }

    /// The whole object with secret values in place.
    pub fn reveal(&self, capability: &Reveal) -> Value {
        let mut body = self.body.clone();
        if let Some(sensitive) = &self.sensitive {
            sensitive.put_into(&mut body, |secret| secret.reveal(capability).clone());
        }
        Value::Object(body)
    }

    /// The object as it may be shown: secret values are replaced by a marker under their keys.
    pub fn redacted(&self) -> Value {
        let mut body = self.body.clone();
        if let Some(sensitive) = &self.sensitive {
            sensitive.put_into(&mut body, |secret| redact(secret.inner()));
        }
        Value::Object(body)
    }

    /// Of a core `Secret`, the values that the API server stores (`stringData` folded into `data`), by key.
    /// Empty for every other kind.
    pub fn secret_data(&self) -> BTreeMap<String, Secret<Value>> {
        let mut entries = BTreeMap::new();
        let Some(sensitive) = &self.sensitive else { return entries };
        if let Some(Value::Object(data)) = sensitive.data.as_ref().map(Secret::inner) {
            entries.extend(data.iter().map(|(key, value)| (key.clone(), Secret::new(without_line_breaks(value)))));
        }
        if let Some(Value::Object(data)) = sensitive.string_data.as_ref().map(Secret::inner) {
            entries.extend(data.iter().map(|(key, value)| (key.clone(), Secret::new(encoded(value)))));
        }
        entries
    }

    /// Folds a core `Secret`'s `stringData` into its `data`, as the API server does when it stores it; so field managers
    /// own what is stored. Every other object stays as it is.
    pub fn fold_string_data(&mut self) {
        let Some(sensitive) = &mut self.sensitive else { return };
        let Some(Value::Object(text)) = sensitive.string_data.as_ref().map(Secret::inner) else { return };
        let mut data = match sensitive.data.as_ref().map(Secret::inner) {
            Some(Value::Object(data)) => data.clone(),
            None | Some(Value::Null) => Map::new(),
            // Data of another type is refused by the API server, which says so better.
            Some(_) => return,
        };
        data.extend(text.iter().map(|(key, value)| (key.clone(), encoded(value))));
        sensitive.data = Some(Secret::new(Value::Object(data)));
        sensitive.string_data = None;
    }

    /// Whether the object is a core `Secret`.
    pub fn is_secret(&self) -> bool {
        self.sensitive.is_some()
    }

    /// `apiVersion`.
    pub fn api_version(&self) -> &str {
        self.text(&["apiVersion"]).unwrap_or_default()
    }

    /// `kind`.
    pub fn kind(&self) -> &str {
        self.text(&["kind"]).unwrap_or_default()
    }

    /// The API group, `""` for the core group.
    pub fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// The API version without its group.
    pub fn version(&self) -> &str {
        let api_version = self.api_version();
        api_version.split_once('/').map_or(api_version, |(_, version)| version)
    }

    /// `metadata.name`; empty where the object only has a `generateName`.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"]).unwrap_or_default()
    }

    /// `metadata.namespace`, where it is set.
    pub fn namespace(&self) -> Option<&str> {
        self.text(&["metadata", "namespace"]).filter(|namespace| !namespace.is_empty())
    }

    /// `metadata.uid`, which live objects have.
    pub fn uid(&self) -> Option<&str> {
        self.text(&["metadata", "uid"])
    }

    /// `metadata.resourceVersion`, which live objects have.
    pub fn resource_version(&self) -> Option<&str> {
        self.text(&["metadata", "resourceVersion"])
    }

    /// One annotation. The last-applied annotation of a `Secret` is not among them.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.text(&["metadata", "annotations", key])
    }

    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.text(&["metadata", "labels", key])
    }

    /// Whether deletion was asked for and waits for finalizers.
    pub fn is_terminating(&self) -> bool {
        self.text(&["metadata", "deletionTimestamp"]).is_some()
    }

    /// Which object it is.
    pub fn id(&self) -> ObjectId {
        ObjectId::new(self.group(), self.kind(), self.namespace(), self.name())
    }

    /// Which object it is, in the version that it is written in.
    pub fn reference(&self) -> ObjectRef {
        self.id().at_version(self.version())
    }

    /// Its group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::from_api_version(self.api_version(), self.kind())
    }

    /// The value at a path of map keys in the printable part.
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.body.get(*first)?, |value, key| value.get(*key))
    }

    /// The text at a path of map keys in the printable part.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.get(path)?.as_str()
    }

    /// Puts the object into a namespace, or takes it out of one.
    pub fn set_namespace(&mut self, namespace: Option<&str>) {
        match namespace {
            Some(namespace) => {
                self.edit_metadata(|metadata| drop(metadata.insert("namespace".into(), namespace.into())))
            }
            None => self.edit_metadata(|metadata| drop(metadata.remove("namespace"))),
        }
    }

    /// Names the object.
    pub fn set_name(&mut self, name: &str) {
        self.edit_metadata(|metadata| drop(metadata.insert("name".into(), name.into())));
    }

    /// Sets one annotation.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.edit_metadata(|metadata| set_in(metadata, "annotations", key, value.into()));
    }

    /// Sets one label.
    pub fn set_label(&mut self, key: &str, value: &str) {
        self.edit_metadata(|metadata| set_in(metadata, "labels", key, value.into()));
    }

    /// Changes the printable part by hand. Of a core `Secret` the payload stays apart: what the change puts under
    /// `data` or `stringData` is taken out again.
    pub fn edit(&mut self, change: impl FnOnce(&mut Map)) {
        change(&mut self.body);
        if let Some(sensitive) = &mut self.sensitive {
            sensitive.absorb(Sensitive::take_from(&mut self.body));
        }
    }

    /// Takes off the record of who owns which field.
    pub fn take_managed_fields(&mut self) -> Option<Value> {
        let mut taken = None;
        self.edit_metadata(|metadata| taken = metadata.remove("managedFields"));
        taken
    }

    /// Puts such a record on.
    pub fn set_managed_fields(&mut self, record: Value) {
        self.edit_metadata(|metadata| drop(metadata.insert("managedFields".to_owned(), record)));
    }

    fn edit_metadata(&mut self, change: impl FnOnce(&mut Map)) {
        if let Some(Value::Object(metadata)) = self.body.get_mut("metadata") {
            change(metadata);
        }
    }
}

/// Prints the object with secret values replaced by a marker.
impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.sensitive.is_some() { self.redacted().serialize(serializer) } else { self.body.serialize(serializer) }
    }
}

impl Sensitive {
    fn take_from(body: &mut Map) -> Self {
        let annotations = body
            .get_mut("metadata")
            .and_then(|metadata| metadata.get_mut("annotations"))
            .and_then(Value::as_object_mut);
        let last_applied = annotations.and_then(|annotations| annotations.remove(LAST_APPLIED)).map(Secret::new);
        Self {
            data: body.remove("data").map(Secret::new),
            string_data: body.remove("stringData").map(Secret::new),
            last_applied,
        }
    }

    fn absorb(&mut self, newer: Self) {
        self.data = newer.data.or_else(|| self.data.take());
        self.string_data = newer.string_data.or_else(|| self.string_data.take());
        self.last_applied = newer.last_applied.or_else(|| self.last_applied.take());
    }

    fn put_into(&self, body: &mut Map, open: impl Fn(&Secret<Value>) -> Value) {
        if let Some(data) = &self.data {
            body.insert("data".into(), open(data));
        }
        if let Some(data) = &self.string_data {
            body.insert("stringData".into(), open(data));
        }
        if let (Some(last_applied), Some(Value::Object(metadata))) = (&self.last_applied, body.get_mut("metadata")) {
            set_in(metadata, "annotations", LAST_APPLIED, open(last_applied));
        }
    }
}

/// An object of a rendered source, and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The object.
    pub object: Object,
    /// Where it was written, where that is known.
    pub origin: Option<Origin>,
}

impl Manifest {
    /// An object without a known origin.
    pub fn new(object: Object) -> Self {
        Self { object, origin: None }
    }

    /// An object from a file.
    pub fn at(object: Object, origin: Origin) -> Self {
        Self { object, origin: Some(origin) }
    }
}

/// Where an object was written: a file of the source, and the line of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The file, from the root of the source.
    pub file: Arc<str>,
    /// The object's first line, counted from 1.
    pub line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file, self.line)
    }
}

/// Text in base64; what is no text stays as it is.
fn encoded(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| BASE64.encode(text).into())
}

/// Base64 may be wrapped; Go's decoder leaves line breaks out.
fn without_line_breaks(value: &Value) -> Value {
    match value.as_str() {
        Some(text) if text.contains(['\r', '\n']) => text.replace(['\r', '\n'], "").into(),
        _ => value.clone(),
    }
}

fn is_secret(body: &Map) -> bool {
    let text = |key| body.get(key).and_then(Value::as_str);
    text("kind") == Some("Secret") && text("apiVersion").is_some_and(|version| !version.contains('/'))
}

fn redact(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.keys().map(|key| (key.clone(), crate::secret::MARKER.into())).collect::<Map>().into(),
        Value::Null => Value::Null,
        _ => crate::secret::MARKER.into(),
    }
}

/// Sets an entry of the map at `field`, which is made where it is missing or null.
fn set_in(parent: &mut Map, field: &str, key: &str, value: Value) {
    match parent.get_mut(field) {
        Some(Value::Object(map)) => drop(map.insert(key.into(), value)),
        _ => drop(parent.insert(field.into(), Value::Object(Map::from_iter([(key.into(), value)])))),
    }
}

fn require_text(map: &Map, key: &str, field: &'static str) -> Result<(), ObjectError> {
    match map.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(()),
        other => Err(field_error(field, "string", other)),
    }
}

fn require_text_map(map: &Map, key: &str, field: &'static str) -> Result<(), ObjectError> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(entries)) => match entries.values().find(|value| !value.is_string() && !value.is_null()) {
            Some(value) => Err(field_error(field, "map of strings", Some(value))),
            None => Ok(()),
        },
        other => Err(field_error(field, "map of strings", other)),
    }
}

fn field_error(field: &'static str, expected: &'static str, found: Option<&Value>) -> ObjectError {
    ObjectError::Field { field, expected, found: found.map_or("nothing", type_name) }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty string",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::Purpose;

    fn secret() -> Object {
        Object::from_value(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "db", "annotations": {LAST_APPLIED: "{\"data\":\"canary\"}", "a": "b"}},
            "data": {"one": "Y2FuYXJ5"}, "stringData": {"two": "canary"},
        }))
        .unwrap()
    }

    #[test]
    fn secret_payloads_do_not_print() {
        let object = secret();
        let texts = [format!("{object:?}"), serde_json::to_string(&object).unwrap(), object.redacted().to_string()];
        for text in texts {
            assert!(!text.contains("canary") && !text.contains("Y2FuYXJ5"), "{text}");
        }
        assert_eq!(object.redacted()["data"]["one"], "[secret]");
        assert_eq!(object.annotation("a"), Some("b"));
    }

    #[test]
    fn revealing_gives_back_what_came_in() {
        let whole = secret().reveal(&Reveal::granted(Purpose::ClusterCall));
        assert_eq!(whole["stringData"]["two"], "canary");
        assert_eq!(Object::from_value(whole).unwrap(), secret());
    }

    #[test]
    fn string_data_counts_as_data() {
        let data = secret().secret_data();
        assert_eq!(data["two"], Secret::new(Value::from("Y2FuYXJ5")));
        assert_eq!(data.len(), 2);
    }

    #[test]
    fn folding_leaves_the_stored_data() {
        let mut folded = secret();
        folded.fold_string_data();
        assert_eq!(folded.secret_data(), secret().secret_data());
        let whole = folded.reveal(&Reveal::granted(Purpose::ClusterCall));
        assert_eq!((whole.get("stringData"), &whole["data"]["two"]), (None, &json!("Y2FuYXJ5")));
    }

    #[test]
    fn errors_name_the_field() {
        let error = |value| Object::from_value(value).unwrap_err().to_string();
        assert_eq!(error(json!([])), "expected a map, found a list");
        assert_eq!(error(json!({"kind": "Pod"})), "apiVersion: expected a string, found nothing");
        let unnamed = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}});
        assert_eq!(error(unnamed), "metadata.name: expected a string, found nothing");
        let labelled = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"x": 1}}});
        assert_eq!(error(labelled), "metadata.labels: expected a map of strings, found a number");
    }

    #[test]
    fn edits_of_a_secret_stay_secret() {
        let mut object = secret();
        object.edit(|body| {
            body.insert("data".into(), json!({"one": "bmV3"}));
        });
        assert!(!format!("{object:?}").contains("bmV3"));
        assert_eq!(object.secret_data()["one"], Secret::new(Value::from("bmV3")));
    }
}
