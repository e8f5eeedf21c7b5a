//! `labels`, `commonLabels` and `commonAnnotations`.

use gitops_core::{Map, Value};

use super::configuration::{Configuration, merge_in_order};
use super::field_spec::{Create, FieldSpec};
use super::model::{Label, Texts};
use super::read::Spot;
use super::resources::Resources;
use crate::{Problem, RenderError};

/// Sets entries of the maps at these fields.
pub(super) fn set(
    resources: &mut Resources,
    entries: &Texts,
    fields: &[FieldSpec],
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut write = |value: &mut Value| {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        let Some(map) = value.as_object_mut() else { return Err("expected a map".into()) };
        for (key, entry) in entries {
            map.insert(key.clone(), entry.as_str().into());
        }
        Ok(())
    };
    for resource in resources.iter_mut() {
        for field in fields {
            let failed = |error| place.is(Problem::Value(error));
            field.change(resource, Create::Map, &mut write).map_err(failed)?;
        }
    }
    Ok(())
}

/// The fields that an entry of `labels` sets.
pub(super) fn fields_of(label: &Label, configuration: &Configuration) -> Result<Vec<FieldSpec>, String> {
    let mut fields: Vec<FieldSpec> = label.fields.iter().map(FieldSpec::new).collect();
    merge_in_order(&mut fields, &configuration.labels)?;
    if label.include_selectors {
        merge_in_order(&mut fields, &configuration.common_labels)?;
        return Ok(fields);
    }
    if label.include_templates {
        merge_in_order(&mut fields, &configuration.template_labels)?;
    }
    merge_in_order(&mut fields, &[FieldSpec::any("metadata/labels", true)])?;
    Ok(fields)
}
