//! Which fields hold names, labels, images and so on: kustomize's transformer configuration.

mod defaults;
pub(super) mod definitions;

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::field_spec::FieldSpec;
use super::model::Field;

/// The fields that kustomize's parts work on. Passed around as a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Configuration {
    pub(super) name_prefix: Vec<FieldSpec>,
    pub(super) name_suffix: Vec<FieldSpec>,
    pub(super) namespace: Vec<FieldSpec>,
    /// Labels and selectors.
    pub(super) common_labels: Vec<FieldSpec>,
    /// Fields that the entries of `labels` always set.
    pub(super) labels: Vec<FieldSpec>,
    pub(super) template_labels: Vec<FieldSpec>,
    pub(super) volume_claim_template_labels: Vec<FieldSpec>,
    pub(super) common_annotations: Vec<FieldSpec>,
    pub(super) name_references: Vec<NameReference>,
    pub(super) variable_references: Vec<FieldSpec>,
    pub(super) images: Vec<FieldSpec>,
    pub(super) replicas: Vec<FieldSpec>,
}

/// The fields that hold names of resources of a kind.
#[derive(Clone, Debug)]
pub(super) struct NameReference {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) fields: Vec<FieldSpec>,
}

/// A file of `configurations`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ConfigurationFile {
    name_prefix: Vec<Field>,
    name_suffix: Vec<Field>,
    namespace: Vec<Field>,
    common_labels: Vec<Field>,
    labels: Vec<Field>,
    template_labels: Vec<Field>,
    volume_claim_template_labels: Vec<Field>,
    common_annotations: Vec<Field>,
    name_reference: Vec<NameReferenceFields>,
    var_reference: Vec<Field>,
    images: Vec<Field>,
    replicas: Vec<Field>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NameReferenceFields {
    group: String,
    version: String,
    kind: String,
    field_specs: Vec<Field>,
}

impl From<ConfigurationFile> for Configuration {
    fn from(file: ConfigurationFile) -> Self {
        let specs = |fields: Vec<Field>| fields.iter().map(FieldSpec::new).collect();
        let reference = |NameReferenceFields { group, version, kind, field_specs }| NameReference {
            group,
            version,
            kind,
            fields: field_specs.iter().map(FieldSpec::new).collect(),
        };
        Self {
            name_prefix: specs(file.name_prefix),
            name_suffix: specs(file.name_suffix),
            namespace: specs(file.namespace),
            common_labels: specs(file.common_labels),
            labels: specs(file.labels),
            template_labels: specs(file.template_labels),
            volume_claim_template_labels: specs(file.volume_claim_template_labels),
            common_annotations: specs(file.common_annotations),
            name_references: file.name_reference.into_iter().map(reference).collect(),
            variable_references: specs(file.var_reference),
            images: specs(file.images),
            replicas: specs(file.replicas),
        }
    }
}

impl Configuration {
    /// The built-in fields: a constant that no build changes, read when the first one asks.
    pub(super) fn built_in() -> Arc<Self> {
        static BUILT_IN: LazyLock<Arc<Configuration>> = LazyLock::new(|| Arc::new(defaults::configuration()));
        Arc::clone(&BUILT_IN)
    }

    /// Adds the fields of another configuration that this one lacks.
    pub(super) fn merge(&mut self, other: &Self) {
        merge(&mut self.name_prefix, &other.name_prefix);
        merge(&mut self.name_suffix, &other.name_suffix);
        merge(&mut self.namespace, &other.namespace);
        merge(&mut self.common_labels, &other.common_labels);
        merge(&mut self.labels, &other.labels);
        merge(&mut self.template_labels, &other.template_labels);
        merge(&mut self.volume_claim_template_labels, &other.volume_claim_template_labels);
        merge(&mut self.common_annotations, &other.common_annotations);
        merge(&mut self.variable_references, &other.variable_references);
        merge(&mut self.images, &other.images);
        merge(&mut self.replicas, &other.replicas);
        for reference in &other.name_references {
            let same = |mine: &&mut NameReference| {
                mine.group == reference.group && mine.version == reference.version && mine.kind == reference.kind
            };
            match self.name_references.iter_mut().find(same) {
                Some(mine) => merge(&mut mine.fields, &reference.fields),
                None => self.name_references.push(reference.clone()),
            }
        }
    }
}

/// Adds fields that are not there yet.
pub(super) fn merge(fields: &mut Vec<FieldSpec>, more: &[FieldSpec]) {
    for field in more {
        if !fields.iter().any(|known| known.covers(field)) {
            fields.push(field.clone());
        }
    }
}
