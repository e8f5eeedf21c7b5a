//! One file of a three-way merge.

use gix::merge::blob::Resolution;
use gix::merge::blob::builtin_driver::text;
use gix::objs::tree::EntryKind as Mode;

use super::WriteError;
use crate::odb::Found;
use gitops_core::tree::EntryKind;

/// Bytes of a file that is merged line by line.
const MAX_MERGED_BYTES: u64 = 8 << 20;

/// What becomes of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    Keep,
    Remove,
    Put(Mode, gix::ObjectId),
    Conflict,
}

/// Brings the change from `base` to `theirs` into `ours`.
pub(super) fn merge(
    repository: &gix::Repository,
    base: Option<&Found>,
    ours: Option<&Found>,
    theirs: Option<&Found>,
) -> Result<Merged, WriteError> {
    let same = |one: Option<&Found>, other: Option<&Found>| {
        one.map(|found| (found.kind, found.id)) == other.map(|found| (found.kind, found.id))
    };
    if same(ours, theirs) {
        return Ok(Merged::Keep);
    }
    if same(ours, base) {
        return Ok(match theirs {
            None => Merged::Remove,
            Some(found) => Merged::Put(mode_of(found.kind), found.id),
        });
    }
    let (Some(base), Some(ours), Some(theirs)) = (base, ours, theirs) else { return Ok(Merged::Conflict) };
    let is_file = |found: &Found| matches!(found.kind, EntryKind::File | EntryKind::Executable);
    if ![base, ours, theirs].into_iter().all(is_file) {
        return Ok(Merged::Conflict);
    }
    // The mode that changed wins; both cannot have changed to different ones, as there are two.
    let kind = if ours.kind == base.kind { theirs.kind } else { ours.kind };
    Ok(match lines(repository, base.id, ours.id, theirs.id)? {
        Some(id) => Merged::Put(mode_of(kind), id),
        None => Merged::Conflict,
    })
}

/// The file with the lines of both sides; none where they changed the same lines, or it is no text.
fn lines(
    repository: &gix::Repository,
    base: gix::ObjectId,
    ours: gix::ObjectId,
    theirs: gix::ObjectId,
) -> Result<Option<gix::ObjectId>, WriteError> {
    let failed = |source: gix::Error| WriteError::Object { source: source.into() };
    let mut contents = Vec::new();
    for id in [base, ours, theirs] {
        if repository.find_header(id).map_err(failed)?.size() > MAX_MERGED_BYTES {
            return Ok(None);
        }
        let bytes = repository.find_blob(id).map_err(failed)?.take_data();
        if bytes.iter().take(8000).any(|byte| *byte == 0) {
            return Ok(None);
        }
        contents.push(bytes);
    }
    let [base, ours, theirs] = contents.as_slice() else { return Ok(None) };
    let mut input = Default::default();
    let mut merged = Vec::new();
    let options = text::Options::default();
    let merge = text::Merge::new(&mut input, ours, base, theirs, options.diff_algorithm);
    match merge.run(&mut merged, text::Labels::default(), options.conflict) {
        Resolution::Complete => Ok(Some(repository.write_blob(merged).map_err(failed)?.detach())),
        Resolution::CompleteWithAutoResolvedConflict | Resolution::Conflict => Ok(None),
    }
}

fn mode_of(kind: EntryKind) -> Mode {
    match kind {
        EntryKind::File => Mode::Blob,
        EntryKind::Executable => Mode::BlobExecutable,
        EntryKind::Symlink => Mode::Link,
        EntryKind::Directory => Mode::Tree,
        EntryKind::Submodule => Mode::Commit,
    }
}
