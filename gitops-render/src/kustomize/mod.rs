//! Kustomize, as v5.8.1 of it builds.
//!
//! A kustomization is loaded ([`load`]), its resources, generators and components are accumulated and changed field by
//! field ([`accumulate`], a file a field), and at the end names are hashed, references follow the names, and the whole
//! is put in order ([`build`]). Every step takes time in proportion to the resources.

mod accumulate;
mod application;
mod build;
mod charts;
mod configuration;
mod field_path;
mod field_spec;
mod generators;
mod hash;
mod id;
mod images;
mod json_patch;
mod labels;
mod load;
mod model;
mod names;
mod namespace;
mod order;
mod pairs;
mod patches;
mod plugins;
mod provenance;
mod read;
mod references;
mod replacements;
mod replicas;
mod resource;
mod resources;
mod schemas;
mod scope;
mod selector;
mod strategic;
mod variables;

use gitops_core::tree::TreePath;

use crate::render::{Context, Found};
use crate::{RenderError, Warning};

/// The objects of a kustomization's directory, with the Application's `kustomize` options applied over it.
pub(crate) fn render(
    context: &Context<'_>,
    path: &TreePath,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Found>, RenderError> {
    let (resources, found) = build::build(context, path)?;
    warnings.extend(found);
    Ok(resources.into_iter().map(|resource| Found { value: resource.value, origin: resource.origin }).collect())
}
