//! Jsonnet files: programs whose value is one object or a list of objects.

use gitops_core::api::{DirectorySource, JsonnetVariable};
use gitops_core::tree::TreePath;

use super::{Contents, json};
use crate::jsonnet::{JsonnetInput, JsonnetRequest};
use crate::render::Context;
use crate::variables::substitute;
use crate::{JsonnetError, Place, Problem, RenderError};

/// The objects of a program. Variables may name build variables; libraries are paths from the root of the repository,
/// looked through after the importing file's directory, and before the Application's (Argo CD's `makeJsonnetVM`).
pub(super) fn read(
    context: &Context<'_>,
    directory: &TreePath,
    file: &TreePath,
    options: &DirectorySource,
) -> Result<Contents, RenderError> {
    let failed = |source| RenderError::Jsonnet { file: file.as_str().into(), source };
    let Some(evaluator) = &context.inputs.jsonnet else { return Err(failed(JsonnetError::SwitchedOff)) };
    let mut request = JsonnetRequest::new(file.clone());
    request.file_bytes = context.files.limits.file_bytes;
    request.libraries.push(directory.clone());
    if let Some(options) = &options.jsonnet {
        for library in options.libs.iter().flatten() {
            let place = || Place { file: "spec.source.directory.jsonnet.libs".into(), ..Place::default() };
            // Argo CD takes a path from the root of the repository, written with or without a leading slash.
            let library = TreePath::new(library.trim_start_matches('/'));
            request.libraries.push(library.map_err(|error| place().is(Problem::Path(error)))?);
        }
        let inputs = |variables: &Option<Vec<JsonnetVariable>>| -> Vec<JsonnetInput> {
            let mut inputs: Vec<JsonnetInput> = variables.iter().flatten().map(Into::into).collect();
            for input in &mut inputs {
                input.value = substitute(&input.value, context.source, context.inputs);
            }
            inputs
        };
        request.external = inputs(&options.ext_vars);
        request.arguments = inputs(&options.tlas);
    }
    let value = evaluator.evaluate(context.files.tree(), &request).map_err(failed)?;
    json::objects(value, file)
}
