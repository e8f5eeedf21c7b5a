//! The types by which patches merge lists: the built-in ones, or those of the OpenAPI document that a kustomization names.

use std::sync::{Arc, LazyLock};

use gitops_core::annotations;
use gitops_merge::schema::{Definitions, Schema, TypeId};

use super::accumulate::Builder;
use super::load::Root;
use super::read::File;
use super::resource::Resource;
use super::resources::Resources;
use crate::documents::{self, Dialect};
use crate::{Place, Problem, RenderError};

/// The one version that kustomize v5.8.1 ships.
const VERSION: &str = "v1.21.2";

/// A constant, whose text takes longer to read than most builds. The crate that ships it tests it; without one, lists would
/// be replaced as those of custom kinds are.
static BUILT_IN: LazyLock<Definitions> = LazyLock::new(|| Definitions::kustomize().unwrap_or_default());

/// The types of fields that a build knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Schemas {
    custom: Option<Arc<Definitions>>,
    /// Types of custom kinds whose definitions ask for lists to be merged.
    merged: Option<Arc<Definitions>>,
    /// Whether the document takes the place of the built-in types: where the built kustomization itself names it.
    alone: bool,
    /// Whether a kustomization chose: the first choice counts.
    chosen: bool,
}

impl Schemas {
    /// The type of a kind.
    pub(super) fn get(&self, api_version: &str, kind: &str) -> Option<(&Schema, TypeId)> {
        let merged = self.merged.as_ref().and_then(|merged| merged.get(api_version, kind));
        if merged.is_some() {
            return merged;
        }
        let custom = self.custom.as_ref().and_then(|custom| custom.get(api_version, kind));
        if custom.is_some() || self.alone {
            return custom;
        }
        BUILT_IN.get(api_version, kind)
    }
}

/// Takes over what a kustomization says of types, where none said anything before.
pub(super) fn choose(builder: &mut Builder<'_>, root: &Root, file: &File) -> Result<(), RenderError> {
    let openapi = &file.kustomization.openapi;
    let place = file.place("openapi");
    let wrong = |message: String| Err(place.is(Problem::Value(message)));
    if let Some(field) = openapi.keys().find(|field| !["path", "version"].contains(&field.as_str())) {
        return wrong(format!("expected `path` or `version`, found `{field}`"));
    }
    if builder.schemas.chosen {
        return Ok(());
    }
    match (openapi.get("path"), openapi.get("version").filter(|version| !version.is_empty())) {
        (Some(_), Some(_)) => wrong("`path` and `version` exclude each other".into()),
        (None, Some(version)) if version != VERSION => {
            wrong(format!("`{version}` is not built in, as in kustomize v5.8.1; `{VERSION}` is"))
        }
        (None, version) => {
            builder.schemas.chosen = version.is_some();
            Ok(())
        }
        (Some(path), None) => {
            let (path, text) = builder.read_text(root, path, &place)?;
            let documents = documents::read(&text, path.as_str(), Dialect::Plain, builder.files().limits)?;
            let document = documents.into_iter().next().map(|document| document.value).unwrap_or_default();
            let alone = root.depth() == 0 && !adds(file);
            let base = (!alone).then(|| BUILT_IN.schema());
            let custom = Definitions::read(&document, base);
            let custom = custom.map_err(|error| place.is(Problem::Value(error.to_string())))?;
            builder.schemas = Schemas { custom: Some(Arc::new(custom)), merged: None, alone, chosen: true };
            Ok(())
        }
    }
}

/// Whether a kustomization's own schema adds to the built-in one.
fn adds(file: &File) -> bool {
    let own = file.kustomization.metadata.as_ref().and_then(|metadata| metadata.get("annotations"));
    let value = own.and_then(|own| own.get(annotations::MERGE_SCHEMAS));
    value.is_some_and(|value| value == "true" || value.as_bool() == Some(true))
}

/// Takes over the schemas of the definitions among the resources that ask for it.
pub(super) fn learn(schemas: &mut Schemas, resources: &Resources) -> Result<(), RenderError> {
    let asks =
        |resource: &&Resource| resource.kind() == "CustomResourceDefinition" && resource.asks(annotations::MERGE_LISTS);
    let asking: Vec<&Resource> = resources.iter().filter(asks).collect();
    schemas.merged = match asking.first() {
        Some(first) => {
            let read = Definitions::of_custom(asking.iter().map(|resource| &resource.value));
            Some(Arc::new(read.map_err(|error| Place::from(&first.origin).is(Problem::Value(error.to_string())))?))
        }
        None => None,
    };
    Ok(())
}
