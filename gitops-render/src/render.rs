use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use gitops_core::api::{ApplicationSource, SourceType};
use gitops_core::need::Pinned;
use gitops_core::tree::{RecordingTree, Tree};
use gitops_core::{Manifest, Need, Object, Origin, Provided, Value};

use crate::detect::{detect_in, directory_of, refuse};
use crate::files::Files;
use crate::remote::Remotes;
use crate::{Inputs, Limits, Outcome, Place, Problem, RenderError, Rendered, Warning, WarningKind};
use crate::{digest, directory, duplicates, helm, kustomize, overrides};

/// A value that is to be an object, and where it was written.
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// What every part of a render has at hand.
pub(crate) struct Context<'a> {
    pub(crate) files: Files<'a>,
    pub(crate) source: &'a ApplicationSource,
    pub(crate) inputs: &'a Inputs,
    /// The files of other sources of the Application, by their `ref`.
    pub(crate) references: BTreeMap<&'a str, Files<'a>>,
}

/// Renders a source of a tree.
///
/// The objects come in the order of the source: of a directory in the order of file names, of a kustomization in
/// kustomize's. Two objects with one identity are one, the last, with a warning; with [`Inputs::strict`] they are an
/// error.
///
/// # Errors
/// Where the source is not one, a file of it cannot be read, is malformed or not an object, or a limit is passed. The
/// message names the file and, where it is known, the line.
pub fn render(
    tree: Arc<dyn Tree>,
    source: &ApplicationSource,
    inputs: &Inputs,
    limits: &Limits,
) -> Result<Outcome, RenderError> {
    let tree = RecordingTree::new(tree);
    let inputs = &inputs.afresh();
    let files = Files::new(&tree, limits).with_remotes(Remotes::new(&inputs.provided));
    let path = directory_of(source)?;
    if files.list(&path)?.is_none() {
        return Err(RenderError::NotADirectory { path });
    }
    let source = &*overrides::apply(&files, source, &path, &inputs.application)?;
    let source_type = detect_in(&files, source)?;
    let recorded: Vec<(&str, RecordingTree)> =
        inputs.references.iter().map(|(name, tree)| (name.as_str(), RecordingTree::new(Arc::clone(tree)))).collect();
    let references = recorded.iter().map(|(name, tree)| (*name, Files::new(tree, limits))).collect();
    let context = Context { files, source, inputs, references };
    let mut warnings = Vec::new();
    let found = match source_type {
        SourceType::Directory => directory::render(&context, &path, &mut warnings),
        SourceType::Kustomize => kustomize::render(&context, &path, &mut warnings),
        SourceType::Helm => helm::render_application(&context, &path, &mut warnings),
        other => return Err(refuse(&other, &path)),
    };
    let found = match found {
        Err(RenderError::Elsewhere(need)) => return Ok(Outcome::Needs(needs(&context.files, need))),
        found => found?,
    };
    limits.go_on()?;
    if found.len() > limits.objects {
        return Err(RenderError::Budget { what: "objects", limit: limits.objects as u64 });
    }
    refuse_duplicate_keys(inputs, &mut warnings)?;
    let objects = duplicates::remove(objects_of(found)?, inputs, &mut warnings)?;
    let digest = digest::digest(&objects, &inputs.digest_key);
    let remotes = pinned(&context.files, &inputs.provided);
    let names_revision = inputs.revision_read.load(Ordering::Relaxed);
    let reads = tree.reads();
    let reference_reads = recorded.iter().map(|(name, tree)| ((*name).to_owned(), tree.reads()));
    let reference_reads = reference_reads.filter(|(_, reads)| !reads.is_empty()).collect();
    Ok(Outcome::Done(Rendered {
        objects,
        reads,
        reference_reads,
        remotes,
        digest,
        warnings,
        names_revision,
        source_type,
    }))
}

/// What is a warning otherwise is an error where it was asked to be.
pub(crate) fn refuse_duplicate_keys(inputs: &Inputs, warnings: &mut Vec<Warning>) -> Result<(), RenderError> {
    let found = warnings.iter().position(|warning| warning.kind == WarningKind::DuplicateKey);
    let Some(found) = found.filter(|_| inputs.strict) else { return Ok(()) };
    let Warning { place, message, .. } = warnings.swap_remove(found);
    Err(place.is(Problem::DuplicateKey(message)))
}

/// Everything that was missed, of which the first ended the render.
pub(crate) fn needs(files: &Files<'_>, first: Need) -> Vec<Need> {
    let missing = files.remotes().map(Remotes::missing).unwrap_or_default();
    if missing.is_empty() { vec![first] } else { missing }
}

pub(crate) fn pinned(files: &Files<'_>, provided: &Provided) -> Vec<Pinned> {
    let used = files.remotes().map(Remotes::used).unwrap_or_default();
    let pin = |need: Need| provided.get(&need).map(|answer| Pinned { pin: answer.pin(), need });
    used.into_iter().filter_map(pin).collect()
}

fn objects_of(found: Vec<Found>) -> Result<Vec<Manifest>, RenderError> {
    found
        .into_iter()
        .map(|Found { value, origin }| match Object::from_value(value) {
            Ok(object) => Ok(Manifest::at(object, origin)),
            Err(error) => Err(Place::from(&origin).is(Problem::NotAnObject(error))),
        })
        .collect()
}
