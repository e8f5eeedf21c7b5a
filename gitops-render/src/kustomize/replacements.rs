//! `replacements`: values of one resource, copied into others.

mod structured;

use gitops_core::Value;
use gitops_yaml::Resolver;
use serde::Deserialize;

use super::accumulate::Builder;
use super::field_path::{End, change, find, scalar, split};
use super::id::{ResourceId, effective_namespace};
use super::load::Root;
use super::model::Selector;
use super::read::{File, Spot};
use super::resource::Resource;
use super::resources::Resources;
use super::selector::Matcher;
use crate::documents::{self, Dialect};
use crate::{Problem, RenderError};

const DEFAULT_PATH: &str = "metadata.name";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Replacement {
    path: String,
    source: Option<Source>,
    source_value: Option<String>,
    targets: Vec<Target>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Source {
    group: String,
    version: String,
    kind: String,
    name: String,
    namespace: String,
    field_path: String,
    options: Options,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Target {
    select: Option<Selector>,
    reject: Vec<Selector>,
    field_paths: Vec<String>,
    options: Options,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    delimiter: String,
    index: i64,
    encoding: String,
    create: bool,
}

/// Carries out the replacements of a kustomization.
pub(super) fn run(
    builder: &Builder<'_>,
    root: &Root,
    file: &File,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    for (index, value) in file.kustomization.replacements.iter().enumerate() {
        run_one(builder, root, value, resources, &file.item("replacements", index))?;
    }
    Ok(())
}

/// Carries out one replacement, or those of the file that it names.
pub(super) fn run_one(
    builder: &Builder<'_>,
    root: &Root,
    value: &Value,
    resources: &mut Resources,
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    let replacement: Replacement = parse(value.clone(), place)?;
    if replacement.path.is_empty() {
        return apply(&replacement, resources, place);
    }
    if replacement.source.is_some() || !replacement.targets.is_empty() {
        return Err(place.is(Problem::Value("`path` and a replacement written beside it exclude each other".into())));
    }
    let (path, text) = builder.read_text(root, &replacement.path, place)?;
    for document in documents::read(&text, path.as_str(), Dialect::Plain, builder.files().limits)? {
        let values = match document.value {
            Value::Array(values) => values,
            Value::Null => Vec::new(),
            value => vec![value],
        };
        for value in values {
            apply(&parse(value, place)?, resources, place)?;
        }
    }
    Ok(())
}

fn parse(value: Value, place: &Spot<'_>) -> Result<Replacement, RenderError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = format!("{}.{}", place.name(), error.path());
        place.place().field(field).is(Problem::Value(error.into_inner().to_string()))
    })
}

fn apply(replacement: &Replacement, resources: &mut Resources, place: &Spot<'_>) -> Result<(), RenderError> {
    let failed = |message: String| place.is(Problem::Value(message));
    let value = match (&replacement.source, &replacement.source_value) {
        (Some(source), None) => source_value(source, resources, place)?,
        (None, Some(text)) => Value::from(text.as_str()),
        (Some(_), Some(_)) => return Err(failed("`source` and `sourceValue` exclude each other".into())),
        (None, None) => return Err(failed("`source` is missing".into())),
    };
    if replacement.targets.is_empty() {
        return Err(failed("`targets` are missing".into()));
    }
    for target in &replacement.targets {
        let Some(select) = &target.select else { return Err(failed("a target's `select` is missing".into())) };
        let selected = Matcher::new(select, place)?;
        let rejected: Vec<Matcher> =
            target.reject.iter().map(|reject| Matcher::new(reject, place)).collect::<Result<_, _>>()?;
        let is_target = |resource: &&mut Resource| {
            selected.matches_any_name(resource) && !rejected.iter().any(|reject| reject.rejects(resource))
        };
        for resource in resources.iter_mut().filter(is_target) {
            write(resource, &value, target).map_err(failed)?;
        }
    }
    Ok(())
}

fn source_value(source: &Source, resources: &Resources, place: &Spot<'_>) -> Result<Value, RenderError> {
    let failed = |message: String| place.is(Problem::Value(message));
    let is = |wanted: &str, text: &str| wanted.is_empty() || wanted == text;
    let matches = |id: &ResourceId| {
        let namespace = effective_namespace(&id.api_version, &id.kind, &source.namespace);
        is(&source.name, &id.name)
            && is(&source.kind, &id.kind)
            && is(&source.group, id.group())
            && is(&source.version, id.version())
            && (source.namespace.is_empty() || namespace == id.namespace)
    };
    let mut found = resources
        .iter()
        .filter(|resource| matches(&resource.id()) || resource.former_ids().any(|former| matches(&former)));
    let wanted = format!("{} {}", source.kind, source.name);
    let Some(resource) = found.next() else {
        let names: Vec<String> = resources.iter().map(|resource| resource.id().short()).collect();
        let nearest = crate::nearest::nearest(&wanted, names.iter().map(String::as_str)).map(Into::into);
        return Err(place.is(Problem::NoMatch { wanted, nearest }));
    };
    if let Some(other) = found.next() {
        let found = format!("{}, {}", resource.id(), other.id());
        return Err(place.is(Problem::Ambiguous { wanted, found }));
    }
    let path = if source.field_path.is_empty() { DEFAULT_PATH } else { &source.field_path };
    let value = find(&resource.value, &split(path)).filter(|value| !is_empty(value));
    let value = value.ok_or_else(|| failed(format!("`{}` has no `{path}`", resource.id())))?;
    if source.options.delimiter.is_empty() {
        return Ok(value.clone());
    }
    let text = scalar(value).ok_or_else(|| failed(format!("`{path}` is not a text that `delimiter` could part")))?;
    let part = usize::try_from(source.options.index).ok().and_then(|at| text.split(&source.options.delimiter).nth(at));
    part.map(Value::from).ok_or_else(|| failed(format!("`{path}` has no part {}", source.options.index)))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn write(resource: &mut Resource, value: &Value, target: &Target) -> Result<(), String> {
    let default = [DEFAULT_PATH.to_owned()];
    let paths = if target.field_paths.is_empty() { &default[..] } else { &target.field_paths };
    for path in paths {
        let (parts, create) = (split(path), target.options.create);
        if structured::set(&mut resource.value, &parts, value, create) {
            continue;
        }
        let mut set = |end: End<'_>| set_field(end, value, &target.options);
        let set =
            change(&mut resource.value, &parts, create, &mut set).map_err(|error| format!("`{path}`: {error}"))?;
        if set == 0 {
            return Err(format!("`{}` has no `{path}`", resource.id()));
        }
    }
    Ok(())
}

fn set_field(end: End<'_>, value: &Value, options: &Options) -> Result<(), String> {
    if options.delimiter.is_empty() {
        return put(end, value);
    }
    let (End::There(field) | End::Made(field)) = &end;
    let old = if field.is_null() { Some(String::new()) } else { scalar(field) };
    let Some(old) = old else { return Err("`delimiter` parts texts alone".into()) };
    let text = scalar(value).unwrap_or_default();
    let mut parts: Vec<&str> = old.split(&options.delimiter).collect();
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, &text),
        Ok(index) => match parts.get_mut(index) {
            Some(part) => *part = &text,
            None => parts.push(&text),
        },
    }
    put(end, &parts.join(&options.delimiter).into())
}

/// Writes a value. A scalar gives its text to a scalar, which keeps its type; where one was made, the text stands without
/// quotes and means what it means so.
fn put(end: End<'_>, value: &Value) -> Result<(), String> {
    let text = || scalar(value).unwrap_or_default();
    let (field, new) = match end {
        End::Made(field) if value.is_string() => (field, gitops_yaml::plain(&text(), Resolver::Kyaml)),
        End::There(field @ Value::String(_)) => (field, text().into()),
        End::There(field @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => {
            let new = gitops_yaml::plain(&text(), Resolver::Kyaml);
            let fits = match field {
                Value::Number(number) => new.is_number() && (number.is_f64() || !new.is_f64()),
                Value::Bool(_) => new.is_boolean(),
                _ => new.is_null(),
            };
            if !fits {
                return Err("the replacement is of another type than what is there".into());
            }
            (field, new)
        }
        End::There(field) | End::Made(field) => (field, value.clone()),
    };
    *field = new;
    Ok(())
}
