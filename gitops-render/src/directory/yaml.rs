//! YAML files with any number of documents.

use gitops_core::tree::TreePath;
use gitops_core::{Origin, Value};

use super::{Contents, has_kind};
use crate::documents::{self, Dialect};
use crate::lists::flatten;
use crate::render::{Context, Found};
use crate::{Place, Problem, RenderError, Warning, WarningKind};

/// The objects of a YAML file. Argo CD leaves out a file that is not a manifest: one whose first document is malformed or
/// has no kind, and that does not look like a manifest (`getObjsFromYAMLOrJSON`).
pub(super) fn read(context: &Context<'_>, file: &TreePath, text: &str) -> Result<Contents, RenderError> {
    let documents = match documents::read(text, file.as_str(), Dialect::Plain, context.files.limits) {
        Ok(documents) => documents,
        Err(error @ (RenderError::Stopped | RenderError::Budget { .. })) => return Err(error),
        Err(error) if looks_like_manifest(text) => return Err(error),
        Err(_) => return Ok(skipped(file, "it is not YAML, and does not look like a manifest")),
    };
    let mut contents = Contents { objects: Vec::with_capacity(documents.len()), warnings: Vec::new() };
    for document in documents {
        if document.value.is_null() {
            continue;
        }
        let place = Place::line(document.origin.file.clone(), document.origin.line);
        if !has_kind(&document.value) {
            if contents.objects.is_empty() && !looks_like_manifest(text) {
                return Ok(skipped(file, "it does not look like a manifest"));
            }
            return Err(place.is(Problem::Value(describe(&document.value).into())));
        }
        contents.warnings.extend(document.warnings);
        add(document.value, &document.origin, &place, &mut contents.objects)?;
    }
    Ok(contents)
}

fn add(value: Value, origin: &Origin, place: &Place, found: &mut Vec<Found>) -> Result<(), RenderError> {
    let mut values = Vec::with_capacity(1);
    flatten(value, place, &mut values)?;
    found.extend(values.into_iter().map(|value| Found { value, origin: origin.clone() }));
    Ok(())
}

fn describe(value: &Value) -> &'static str {
    if value.is_object() {
        "not a Kubernetes object: `kind` is missing"
    } else {
        "not a Kubernetes object: expected a map"
    }
}

fn looks_like_manifest(text: &str) -> bool {
    ["apiVersion:", "kind:", "metadata:"].iter().all(|field| text.contains(field))
}

fn skipped(file: &TreePath, reason: &str) -> Contents {
    let warning = Warning::new(WarningKind::Skipped, Place::file(file), format!("left out: {reason}"));
    Contents { objects: Vec::new(), warnings: vec![warning] }
}
