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

    /// Adds the fields of another configuration that this one lacks, and sorts those that are new in by their kinds.
    ///
    /// # Errors
    /// Where both have a field, and only one of them makes it where it is missing.
    pub(super) fn merge(&mut self, other: &Self) -> Result<(), String> {
        for (mine, theirs) in self.lists().into_iter().zip(other.clone().lists()) {
            merge(mine, theirs)?;
        }
        for reference in &other.name_references {
            let same = |mine: &&mut NameReference| {
                mine.group == reference.group && mine.version == reference.version && mine.kind == reference.kind
            };
            match self.name_references.iter_mut().find(same) {
                Some(mine) => merge_in_order(&mut mine.fields, &reference.fields)?,
                None => self.name_references.push(reference.clone()),
            }
        }
        Ok(())
    }

    /// Leaves of the fields those that no earlier one covers: kustomize merges a configuration into an empty one before
    /// it counts, and a field of one kind that sorts before the same field of any kind takes its place.
    ///
    /// # Errors
    /// As in [`Self::merge`].
    pub(super) fn settle(&mut self) -> Result<(), String> {
        for fields in self.lists() {
            let found = std::mem::take(fields);
            merge_in_order(fields, &found)?;
        }
        Ok(())
    }

    fn lists(&mut self) -> [&mut Vec<FieldSpec>; 10] {
        [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.variable_references,
            &mut self.images,
            &mut self.replicas,
        ]
    }
}

/// Adds fields that are not there yet, and sorts all by their kinds where there were new ones.
fn merge(fields: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), String> {
    let before = fields.len();
    merge_in_order(fields, more)?;
    if fields.len() > before && before > 0 {
        fields.sort_by_cached_key(FieldSpec::rank);
    }
    Ok(())
}

/// Adds fields that are not there yet behind the others.
pub(super) fn merge_in_order(fields: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), String> {
    for field in more {
        match fields.iter().find(|known| known.covers(field)) {
            Some(known) if known.is_made() != field.is_made() => {
                return Err(format!("`{}` is made where it is missing, and is not made", field.text));
            }
            Some(_) => {}
            None => fields.push(field.clone()),
        }
    }
    Ok(())
}
