//! Fields of resources by kind and path, in kustomize's own path language.

use gitops_core::{Map, Value};

use super::id::{ResourceId, group_of, version_of};
use super::model::Field;
use super::order::rank_of_kind;
use super::resource::Resource;

/// A field of the resources of a group, version and kind, each empty for any. A path goes through lists without naming
/// them.
#[derive(Clone, Debug)]
pub(super) struct FieldSpec {
    group: String,
    version: String,
    kind: String,
    path: Vec<Segment>,
    /// The path as it is written.
    pub(super) text: String,
    /// Whether the field is made where it is missing.
    create: bool,
}

#[derive(Clone, Debug)]
struct Segment {
    name: String,
    /// Written as `name[]`: it is never made.
    list: bool,
}

/// What a missing field is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Create {
    /// Nothing is made, whatever the field says.
    Never,
    /// A map.
    Map,
    /// A scalar, null before it is set.
    Scalar,
}

impl FieldSpec {
    pub(super) fn new(field: &Field) -> Self {
        let path = split_path(&field.path).into_iter().map(|part| match part.strip_suffix("[]") {
            Some(name) => Segment { name: name.into(), list: true },
            None => Segment { name: part, list: false },
        });
        Self {
            group: field.group.clone(),
            version: field.version.clone(),
            kind: field.kind.clone(),
            path: path.collect(),
            text: field.path.clone(),
            create: field.create,
        }
    }

    /// A field of every kind.
    pub(super) fn any(path: &str, create: bool) -> Self {
        Self::new(&Field { path: path.into(), create, ..Field::default() })
    }

    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// Whether the field is made where it is missing.
    pub(super) fn is_made(&self) -> bool {
        self.create
    }

    /// What fields are sorted by.
    pub(super) fn rank(&self) -> (isize, String) {
        rank_of_kind(&self.group, &self.version, &self.kind)
    }

    /// Whether the field is one of these resources.
    pub(super) fn selects(&self, api_version: &str, kind: &str) -> bool {
        (self.kind.is_empty() || self.kind == kind)
            && (self.group.is_empty() || self.group == group_of(api_version))
            && (self.version.is_empty() || self.version == version_of(api_version))
    }

    pub(super) fn selects_id(&self, id: &ResourceId) -> bool {
        self.selects(&id.api_version, &id.kind)
    }

    /// Whether both name the same field, so that only the first counts.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let selected = |mine: &str, theirs: &str| theirs.is_empty() || mine == theirs;
        self.text == other.text
            && selected(&self.group, &other.group)
            && selected(&self.version, &other.version)
            && selected(&self.kind, &other.kind)
    }

    /// Applies a change to the field's values in a resource of its kind. What is missing is made, or passed over.
    pub(super) fn change(
        &self,
        resource: &mut Resource,
        create: Create,
        change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        if !self.selects(resource.api_version(), resource.kind()) {
            return Ok(());
        }
        self.change_value(&mut resource.value, create, change)
    }

    /// The same, whatever the kind.
    pub(super) fn change_value(
        &self,
        value: &mut Value,
        create: Create,
        change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        let create = if self.create { create } else { Create::Never };
        visit(value, &self.path, create, change).map_err(|error| format!("`{}`: {error}", self.text))
    }
}

fn visit(
    value: &mut Value,
    path: &[Segment],
    create: Create,
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some((segment, rest)) = path.split_first() else { return change(value) };
    match value {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| visit(item, path, create, change)),
        Value::Object(map) => match field_of(map, segment, rest.is_empty(), create) {
            Some(field) => visit(field, rest, create, change),
            None => Ok(()),
        },
        _ => Err("expected a map or a list".into()),
    }
}

fn field_of<'a>(map: &'a mut Map, segment: &Segment, last: bool, create: Create) -> Option<&'a mut Value> {
    if segment.list {
        // Nothing is made for the hint, but a null takes the form that it gives.
        let field = map.get_mut(&segment.name)?;
        if field.is_null() {
            *field = Value::Array(Vec::new());
        }
        return Some(field);
    }
    if create == Create::Never {
        return map.get_mut(&segment.name);
    }
    let made = if last && create == Create::Scalar { Value::Null } else { Value::Object(Map::new()) };
    let field = map.entry(segment.name.clone()).or_insert(Value::Null);
    if field.is_null() {
        *field = made;
    }
    Some(field)
}

/// The parts of a path; `\/` is a slash inside of one.
pub(super) fn split_path(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut joined = false;
    for part in path.strip_prefix('/').unwrap_or(path).split('/') {
        let (text, escaped) = match part.strip_suffix('\\') {
            Some(text) => (text, true),
            None => (part, false),
        };
        match parts.last_mut() {
            Some(last) if joined => {
                last.push('/');
                last.push_str(text);
            }
            _ => parts.push(text.into()),
        }
        joined = escaped;
    }
    parts
}

#[cfg(test)]
mod tests {
    use gitops_core::Origin;
    use serde_json::json;

    use super::*;

    fn changed(value: Value, path: &str, create: Create) -> Value {
        let mut resource = Resource::new(value, Origin { file: "x".into(), line: 1 });
        let spec = FieldSpec::any(path, true);
        spec.change(&mut resource, create, &mut |value| {
            *value = "set".into();
            Ok(())
        })
        .unwrap();
        resource.value
    }

    #[test]
    fn fields_are_found_through_lists_and_made() {
        let value = json!({"spec": {"containers": [{"image": "a"}, {}]}});
        let expected = json!({"spec": {"containers": [{"image": "set"}, {"image": "set"}]}});
        assert_eq!(changed(value.clone(), "spec/containers/image", Create::Scalar), expected);
        let expected = json!({"spec": {"containers": [{"image": "set"}, {}]}});
        assert_eq!(changed(value, "spec/containers/image", Create::Never), expected);
        assert_eq!(changed(json!({}), "a/b", Create::Scalar), json!({"a": {"b": "set"}}));
        assert_eq!(changed(json!({}), "a[]/b", Create::Scalar), json!({}));
        assert_eq!(changed(json!({"a": null}), "a/b", Create::Scalar), json!({"a": {"b": "set"}}));
    }

    #[test]
    fn slashes_can_be_escaped() {
        assert_eq!(split_path(r"metadata/annotations/a.b\/c"), ["metadata", "annotations", "a.b/c"]);
        assert_eq!(split_path("a"), ["a"]);
    }
}
