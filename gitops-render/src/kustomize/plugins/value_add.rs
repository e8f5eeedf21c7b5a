//! `ValueAddTransformer`: one text into many fields.

use gitops_core::{Map, Value};
use serde::Deserialize;

use super::Plugin;
use super::loose::{Known, Loose};
use crate::documents::{self, Dialect};
use crate::kustomize::accumulate::Builder;
use crate::kustomize::field_spec::split_path;
use crate::kustomize::load::Root;
use crate::kustomize::model::Selector;
use crate::kustomize::namespace::{self, Namespace};
use crate::kustomize::read::Spot;
use crate::kustomize::resource::Resource;
use crate::kustomize::resources::Resources;
use crate::kustomize::selector::Matcher;
use crate::{Place, Problem, RenderError};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    value: String,
    targets: Vec<Loose<Target>>,
    target_file_path: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Target {
    selector: Option<Loose<Selector>>,
    field_path: String,
    /// From 1: the part of a path before which the value goes; 0 replaces the whole.
    file_path_position: i64,
}

impl Known for Fields {
    const FIELDS: &'static [&'static str] = &["value", "targets", "targetFilePath"];
}

impl Known for Target {
    const FIELDS: &'static [&'static str] = &["selector", "fieldPath", "filePathPosition"];
}

pub(super) fn apply(
    builder: &Builder<'_>,
    root: &Root,
    plugin: &Plugin,
    resources: &mut Resources,
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    let Fields { value, mut targets, target_file_path } = plugin.fields()?;
    let value = match value.trim() {
        "" => root.directory.name(),
        value => value,
    };
    if !target_file_path.is_empty() {
        targets.extend(shared(builder, root, &target_file_path, place)?);
    }
    if targets.is_empty() {
        return Err(plugin.wrong("`targets` are missing"));
    }
    for Loose(target) in &targets {
        if target.field_path.is_empty() {
            return Err(plugin.wrong("a target's `fieldPath` is missing"));
        }
        let Ok(position) = usize::try_from(target.file_path_position) else {
            return Err(plugin.wrong("a target's `filePathPosition` is negative"));
        };
        let selected = match &target.selector {
            Some(Loose(selector)) => Matcher::new(selector, place)?.select(resources),
            None => (0..resources.len()).collect(),
        };
        for index in selected {
            let Some(resource) = resources.get_mut(index) else { continue };
            set(resource, &target.field_path, position, value).map_err(|error| plugin.wrong(error))?;
        }
    }
    Ok(())
}

/// Targets that several plugins share in a file.
fn shared(builder: &Builder<'_>, root: &Root, path: &str, place: &Spot<'_>) -> Result<Vec<Loose<Target>>, RenderError> {
    let (path, text) = builder.read_text(root, path, place)?;
    let documents = documents::read(&text, path.as_str(), Dialect::Plain, builder.files().limits)?;
    let value = documents.into_iter().next().map(|document| document.value).unwrap_or_default();
    let Loose(fields): Loose<Fields> = serde_path_to_error::deserialize(value).map_err(|error| {
        let place = Place::file(&path).field(error.path().to_string());
        place.is(Problem::Value(error.into_inner().to_string()))
    })?;
    Ok(fields.targets)
}

fn set(resource: &mut Resource, field_path: &str, position: usize, value: &str) -> Result<(), String> {
    if field_path == "metadata/namespace" {
        return namespace::set_one(resource, &Namespace::new(value), &[]);
    }
    let mut at = &mut resource.value;
    for part in split_path(field_path) {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return Err(format!("`{field_path}`: expected a map above `{part}`")) };
        at = map.entry(part).or_insert(Value::Null);
    }
    *at = match &*at {
        Value::Array(_) | Value::Object(_) => return Err(format!("`{field_path}`: expected a text")),
        Value::String(old) if position > 0 => inserted(old, position - 1, value).into(),
        Value::Null if position > 0 => inserted("", position - 1, value).into(),
        old if position > 0 => inserted(&old.to_string(), position - 1, value).into(),
        _ => value.into(),
    };
    Ok(())
}

/// A path with a part put in at a position, at its end where it has not so many (kyaml's `InsertPathPart`).
fn inserted(path: &str, position: usize, part: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::inserted;

    #[test]
    fn parts_are_put_into_paths() {
        for (old, position, new) in [
            ("", 3, "PEACH"),
            ("/", 0, "/PEACH"),
            ("pie", 0, "PEACH/pie"),
            ("/pie", 0, "/PEACH/pie"),
            ("raw", 1, "raw/PEACH"),
            ("/raw", 9, "/raw/PEACH"),
            ("a/nice/warm/pie", 3, "a/nice/warm/PEACH/pie"),
            ("/a/nice/warm/pie", 3, "/a/nice/warm/PEACH/pie"),
        ] {
            assert_eq!(inserted(old, position, "PEACH"), new);
        }
    }
}
