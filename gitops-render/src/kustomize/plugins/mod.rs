//! `generators`, `transformers` and `validators`: kustomize's builtin plugins, configured by resources that are written in
//! the kustomization, in files, or built by kustomizations of their own. No other plugin is run, since each is a program.

mod generate;
mod loose;
mod transform;
mod value_add;

use std::collections::BTreeMap;

use gitops_core::Value;

use self::loose::{Known, Loose};
use super::accumulate::Builder;
use super::id::ResourceId;
use super::load::{self, Root};
use super::patches::inline_place;
use super::provenance::Provenance;
use super::read::{File, Spot};
use super::resource::Resource;
use super::resources::Resources;
use crate::{Place, Problem, RenderError};

pub(super) use generate::generate;
pub(super) use transform::{transform, validate};

/// The `apiVersion` of builtin plugins.
const BUILTIN: &str = "builtin";

/// A plugin's configuration.
struct Plugin {
    resource: Resource,
    /// What it is noted as having changed, where that is traced.
    provenance: Option<Provenance>,
}

impl Plugin {
    /// The kind of a builtin plugin.
    fn kind(&self) -> &str {
        self.resource.kind()
    }

    /// The fields of the configuration.
    fn fields<T: Known>(&self) -> Result<T, RenderError> {
        let read: Result<Loose<T>, _> = serde_json::from_value(self.resource.value.clone());
        read.map(|Loose(fields)| fields).map_err(|error| self.wrong(error.to_string()))
    }

    /// That something is wrong with the configuration.
    fn is(&self, problem: Problem) -> RenderError {
        Place::from(&self.resource.origin).is(problem)
    }

    fn wrong(&self, words: impl Into<String>) -> RenderError {
        self.is(Problem::Value(words.into()))
    }
}

/// The plugins that a field names: first those that are written in it, then those of files and kustomizations.
fn load(
    builder: &mut Builder<'_>,
    root: &Root,
    file: &File,
    field: &'static str,
    texts: &[String],
) -> Result<Vec<Plugin>, RenderError> {
    let mut accumulator = builder.empty();
    let mut paths = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let place = file.item(field, index);
        match load::parse(text, &inline_place(file, &place), builder.files(), &mut Vec::new()) {
            Ok(mut inline) => {
                let own = root.provenance.as_ref().map(|here| here.append(file.path.name()));
                inline.iter_mut().for_each(|resource| resource.provenance = own.clone().map(Into::into));
                accumulator.resources.add_all(inline)?;
            }
            Err(_) if !text.contains('\n') => paths.push((index, text)),
            Err(error) => return Err(error),
        }
    }
    builder.add_paths(root, file, field, &paths, &mut accumulator)?;
    let plugin = |resource: Resource| {
        if resource.api_version() != BUILTIN {
            return Err(refused(&resource, &file.place(field)));
        }
        let from = resource.provenance.as_ref();
        let provenance = from.map(|from| from.by_plugin(&resource.value));
        Ok(Plugin { resource, provenance })
    };
    accumulator.resources.into_items().into_iter().map(plugin).collect()
}

fn refused(resource: &Resource, place: &Spot<'_>) -> RenderError {
    let message =
        format!("`{}` is no builtin plugin; others are programs, and no program is started", resource.original_id());
    place.is(Problem::Value(message))
}

/// The values of resources by what they are called, without a label that validators may add.
fn values(resources: &Resources) -> BTreeMap<ResourceId, Value> {
    let value = |resource: &Resource| {
        let mut value = resource.value.clone();
        if let Some(Value::Object(labels)) = value.pointer_mut("/metadata/labels") {
            labels.remove("validated-by");
            if labels.is_empty()
                && let Some(Value::Object(metadata)) = value.get_mut("metadata")
            {
                metadata.remove("labels");
            }
        }
        (resource.id(), value)
    };
    resources.iter().map(value).collect()
}
