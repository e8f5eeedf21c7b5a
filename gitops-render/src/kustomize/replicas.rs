//! `replicas`.

use gitops_core::Value;

use super::field_spec::{Create, FieldSpec};
use super::model::Replica;
use super::read::Spot;
use super::resource::Resource;
use super::resources::Resources;
use crate::nearest::nearest;
use crate::{Problem, RenderError};

/// Sets the count of the workloads that are or were called so.
pub(super) fn set(
    resources: &mut Resources,
    replica: &Replica,
    fields: &[FieldSpec],
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    let mut found = false;
    for resource in resources.iter_mut() {
        if !was_called(resource, &replica.name) {
            continue;
        }
        for field in fields {
            if !std::iter::once(resource.id())
                .chain(resource.former_ids())
                .any(|id| id.name == replica.name && field.selects_id(&id))
            {
                continue;
            }
            found = true;
            let mut write = |value: &mut Value| {
                *value = replica.count.into();
                Ok(())
            };
            let failed = |error| place.is(Problem::Value(error));
            field.change(resource, Create::Scalar, &mut write).map_err(failed)?;
        }
    }
    if found {
        return Ok(());
    }
    let scaled =
        |resource: &&Resource| fields.iter().any(|field| field.selects(resource.api_version(), resource.kind()));
    let names = resources.iter().filter(scaled).map(Resource::name);
    let nearest = nearest(&replica.name, names).map(Into::into);
    Err(place.is(Problem::NoMatch { wanted: replica.name.clone(), nearest }))
}

fn was_called(resource: &Resource, name: &str) -> bool {
    resource.name() == name || resource.formers.iter().any(|former| former.name == name)
}
