//! Directories of plain manifests, as Argo CD reads them (`findManifests` in its repository server).

mod json;
mod program;
mod walk;
mod yaml;

use gitops_core::Value;
use gitops_core::api::DirectorySource;
use gitops_core::tree::TreePath;

use crate::render::{Context, Found};
use crate::{Place, RenderError, Warning, parallel};

/// Files of which it is worth starting a thread.
const FILES_PER_THREAD: usize = 16;
/// A file with this text is left out.
const SKIP_MARKER: &[u8] = b"+argocd:skip-file-rendering";

/// What a file has.
#[derive(Default)]
struct Contents {
    objects: Vec<Found>,
    warnings: Vec<Warning>,
}

/// The objects of a directory's files, in the order of the files' names.
pub(crate) fn render(
    context: &Context<'_>,
    path: &TreePath,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Found>, RenderError> {
    let default = DirectorySource::default();
    let options = context.source.directory.as_deref().unwrap_or(&default);
    let paths = walk::files(&context.files, path, options, warnings)?;
    let read = |file: &TreePath| read_file(context, path, file, options);
    let mut objects = Vec::new();
    for contents in parallel::map(&paths, FILES_PER_THREAD, read) {
        let contents = contents?;
        objects.extend(contents.objects);
        warnings.extend(contents.warnings);
    }
    Ok(objects)
}

fn read_file(
    context: &Context<'_>,
    directory: &TreePath,
    file: &TreePath,
    options: &DirectorySource,
) -> Result<Contents, RenderError> {
    let Some(bytes) = context.files.read(file)? else { return Ok(Contents::default()) };
    if contains(&bytes, SKIP_MARKER) {
        return Ok(Contents::default());
    }
    let contents = if file.name().ends_with(".jsonnet") {
        program::read(context, directory, file, options)?
    } else {
        context.files.count_manifest(&bytes)?;
        let Some(text) = crate::files::text(&bytes) else { return Err(Place::file(file).is(crate::Problem::NotText)) };
        if file.name().ends_with(".json") { json::read(file, text)? } else { yaml::read(context, file, text)? }
    };
    context.files.count_objects(contents.objects.len())?;
    Ok(contents)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    // The marker starts with a rare byte, so almost nothing is compared.
    bytes
        .iter()
        .enumerate()
        .any(|(at, byte)| Some(byte) == wanted.first() && bytes.get(at..).is_some_and(|rest| rest.starts_with(wanted)))
}

/// Whether a value has what Argo CD asks of a manifest (`unstructured` needs a kind).
fn has_kind(value: &Value) -> bool {
    value.get("kind").and_then(Value::as_str).is_some_and(|kind| !kind.is_empty())
}
