//! `namePrefix` and `nameSuffix`.

use gitops_core::{Value, annotations};

use super::field_spec::{Create, FieldSpec};
use super::read::Spot;
use super::resources::Resources;
use crate::{Problem, RenderError};

/// Which end of a name is added to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Prefix,
    Suffix,
}

/// Adds to the names of all resources but those that others find by their whole name, and those that are to keep theirs.
pub(super) fn affix(
    resources: &mut Resources,
    end: End,
    affix: &str,
    fields: &[FieldSpec],
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    if affix.is_empty() {
        return Ok(());
    }
    for resource in resources.iter_mut() {
        let id = resource.original_id();
        if is_exempt(&id.kind, id.group()) || resource.asks(annotations::KEEP_NAME) {
            continue;
        }
        for field in fields.iter().filter(|field| field.selects_id(&id)) {
            if field.text == "metadata/name" {
                match end {
                    End::Prefix => resource.prefixes.push(affix.into()),
                    End::Suffix => resource.suffixes.push(affix.into()),
                }
                resource.remember();
            }
            let mut add = |value: &mut Value| {
                let name = value.as_str().unwrap_or_default();
                *value = match end {
                    End::Prefix => format!("{affix}{name}"),
                    End::Suffix => format!("{name}{affix}"),
                }
                .into();
                Ok(())
            };
            let failed = |error| place.is(Problem::Value(error));
            field.change(resource, Create::Scalar, &mut add).map_err(failed)?;
        }
    }
    Ok(())
}

fn is_exempt(kind: &str, group: &str) -> bool {
    match kind {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => group == "apiregistration.k8s.io",
        _ => false,
    }
}
