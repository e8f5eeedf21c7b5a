//! JSON files: one object, or a list of objects.

use gitops_core::tree::TreePath;
use gitops_core::{Origin, Value};

use super::{Contents, has_kind};
use crate::lists::flatten;
use crate::render::Found;
use crate::{Place, Problem, RenderError};

pub(super) fn read(file: &TreePath, text: &str) -> Result<Contents, RenderError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Place::line(file.as_str(), error.line()).is(Problem::Json(format!("{error}"))))?;
    objects(value, file)
}

/// The objects of a JSON value: itself, or of a list every item.
pub(super) fn objects(value: Value, file: &TreePath) -> Result<Contents, RenderError> {
    let place = Place::line(file.as_str(), 1);
    let items = match value {
        Value::Array(items) => items,
        value => vec![value],
    };
    let mut values = Vec::new();
    for item in items {
        if !has_kind(&item) {
            return Err(place.is(Problem::Value("not a Kubernetes object: `kind` is missing".into())));
        }
        flatten(item, &place, &mut values)?;
    }
    let file: std::sync::Arc<str> = file.as_str().into();
    let found = |value| Found { value, origin: Origin { file: file.clone(), line: 1 } };
    Ok(Contents { objects: values.into_iter().map(found).collect(), warnings: Vec::new() })
}
