//! Objects with one identity: the last one is used, as in Argo CD (`DeduplicateTargetObjects`).

use std::collections::HashMap;

use gitops_core::{Manifest, ObjectId, Origin};

use crate::{Inputs, Place, Problem, RenderError, Warning, WarningKind};

pub(crate) fn remove(
    objects: Vec<Manifest>,
    inputs: &Inputs,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Manifest>, RenderError> {
    let mut last: HashMap<ObjectId, usize> = HashMap::with_capacity(objects.len());
    let mut replaced = vec![false; objects.len()];
    for (index, manifest) in objects.iter().enumerate() {
        // An object with nothing but a `generateName` gets a name of its own each time.
        if manifest.object.name().is_empty() {
            continue;
        }
        let mut id = manifest.object.id();
        if id.namespace.is_none() && !inputs.namespace.is_empty() {
            id.namespace = Some(inputs.namespace.as_str().into());
        }
        let text = manifest.object.id().to_string();
        let Some(earlier) = last.insert(id, index) else { continue };
        let first = objects.get(earlier).map(|manifest| place(manifest.origin.as_ref())).unwrap_or_default();
        let second = place(manifest.origin.as_ref());
        if inputs.strict {
            return Err(second.is(Problem::DuplicateObject { id: text, first }));
        }
        let message = format!("`{text}` is defined a second time and replaces the one at {first}");
        warnings.push(Warning::new(WarningKind::DuplicateObject, second, message));
        if let Some(flag) = replaced.get_mut(earlier) {
            *flag = true;
        }
    }
    if !replaced.contains(&true) {
        return Ok(objects);
    }
    Ok(objects.into_iter().zip(replaced).filter(|(_, replaced)| !replaced).map(|(manifest, _)| manifest).collect())
}

fn place(origin: Option<&Origin>) -> Place {
    origin.map(Place::from).unwrap_or_default()
}
