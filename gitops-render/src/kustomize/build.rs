//! A whole build: what is left to do once everything is accumulated.

use gitops_core::Value;
use gitops_core::tree::TreePath;

use super::accumulate::Builder;
use super::charts::OF_CHART;
use super::configuration::Configuration;
use super::load::Root;
use super::provenance::{Metadata, Provenance};
use super::resource::Resource;
use super::schemas::Schemas;
use super::{application, hash, order, read, references, variables};
use crate::render::Context;
use crate::{RenderError, Warning};

/// Resources with this annotation are for kustomize alone.
const LOCAL: &str = "config.kubernetes.io/local-config";

/// Builds the kustomization of a directory.
pub(super) fn build(context: &Context<'_>, path: &TreePath) -> Result<(Vec<Resource>, Vec<Warning>), RenderError> {
    let built_in = Configuration::built_in();
    let mut builder = Builder { context, built_in, schemas: Schemas::default(), warnings: Vec::new() };
    let mut root = Root::new(path.clone());
    let mut warnings = Vec::new();
    let mut file = read::read(&context.files, path, &mut warnings)?;
    builder.warnings.append(&mut warnings);
    application::apply(context, &root, &mut file, &mut builder.warnings)?;
    let mut metadata = Metadata::parse(&file.kustomization.build_metadata);
    metadata.managed_by |= context.inputs.managed_by_label;
    root.provenance = metadata.is_traced().then(Provenance::default);
    let empty = builder.empty();
    let mut accumulator = builder.accumulate(&root, &file, empty)?;
    hash::add_to_names(&mut accumulator.resources);
    references::update(&mut accumulator.resources, &accumulator.configuration)?;
    variables::resolve(&mut accumulator.resources, &accumulator.variables, &accumulator.configuration)?;
    accumulator.resources.retain(|resource| !resource.is_empty() && !is_local(resource));
    order::sort(&mut accumulator.resources, &file, context.inputs.reorder)?;
    metadata.finish(&mut accumulator.resources);
    accumulator.resources.iter_mut().for_each(finish_annotations);
    Ok((accumulator.resources.into_items(), builder.warnings))
}

/// Annotations are texts in the end, and no annotations are no field: kustomize writes them all anew.
fn finish_annotations(resource: &mut Resource) {
    let Some(Value::Object(metadata)) = resource.value.get_mut("metadata") else { return };
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.remove(OF_CHART);
    }
    match metadata.get_mut("annotations") {
        Some(Value::Object(annotations)) if !annotations.is_empty() => {
            for value in annotations.values_mut() {
                match value {
                    Value::Null => *value = "".into(),
                    Value::Number(_) | Value::Bool(_) => *value = value.to_string().into(),
                    _ => {}
                }
            }
        }
        Some(Value::Object(_) | Value::Null) => drop(metadata.remove("annotations")),
        _ => {}
    }
}

fn is_local(resource: &Resource) -> bool {
    let annotation = resource.metadata_map("annotations").and_then(|annotations| annotations.get(LOCAL));
    annotation.is_some_and(|value| value.as_str() != Some("false") && *value != Value::Bool(false))
}
