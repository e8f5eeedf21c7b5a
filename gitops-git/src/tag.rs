use gix::objs::TagRef;

use crate::commit::{CommitId, Person, SignedCommit, person};
use crate::failure::Failure;
use crate::revision::ResolveError;

/// Bytes of a tag object that is read, its message included.
const MAX_TAG_BYTES: u64 = 8 << 20;
/// How lines begin that signatures begin with, as Git looks for them.
const ARMOURS: [&[u8]; 4] = [
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"-----BEGIN SIGNED MESSAGE-----",
    b"-----BEGIN SSH SIGNATURE-----",
];

/// A tag that is an object of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnnotatedTag {
    /// What it calls itself.
    pub name: String,
    /// The commit that it leads to.
    pub commit: CommitId,
    /// Who made it; none in tags of very old versions of Git.
    pub tagger: Option<Person>,
    /// Its signature with the bytes that it signs; none where it is not signed. It is not verified.
    pub signed: Option<SignedCommit>,
}

/// The tag object that a ref names; none where it names a commit.
pub(crate) fn annotated(repository: &gix::Repository, ref_name: &str) -> Result<Option<AnnotatedTag>, ResolveError> {
    let failed = |source: gix::Error| ResolveError::Refs { source: source.into() };
    let too_large =
        |size| ResolveError::Refs { source: Failure::new(format!("the tag `{ref_name}` has {size} bytes")) };
    let Some(reference) = repository.try_find_reference(ref_name).map_err(failed)? else { return Ok(None) };
    let Some(id) = reference.try_id() else { return Ok(None) };
    let header = repository.find_header(id).map_err(failed)?;
    if header.kind() != gix::objs::Kind::Tag {
        return Ok(None);
    }
    if header.size() > MAX_TAG_BYTES {
        return Err(too_large(header.size()));
    }
    let object = repository.find_object(id).map_err(failed)?;
    let broken = |_| ResolveError::Refs { source: Failure::new(format!("the tag `{ref_name}` cannot be read")) };
    let tag = TagRef::from_bytes(&object.data, gix::hash::Kind::Sha1).map_err(broken)?;
    let tagger = tag.tagger().ok().flatten().map(person);
    let (name, signed) = (tag.name.to_string(), signed(&object.data));
    let commit = object.peel_tags_to_end().map_err(failed)?;
    if commit.kind != gix::objs::Kind::Commit {
        return Err(ResolveError::NotACommit { revision: ref_name.into(), kind: commit.kind.to_string() });
    }
    Ok(Some(AnnotatedTag { name, commit: CommitId(commit.id), tagger, signed }))
}

/// The signature at the end of a tag object, and what is before it. As in Git, the last line that could begin one does.
fn signed(object: &[u8]) -> Option<SignedCommit> {
    let mut starts =
        std::iter::once(0).chain(object.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1));
    let begins = |at: &usize| object.get(*at..).is_some_and(|rest| ARMOURS.iter().any(|begin| rest.starts_with(begin)));
    let (payload, signature) = object.split_at_checked(starts.rfind(begins)?)?;
    Some(SignedCommit { signature: String::from_utf8_lossy(signature).into_owned(), payload: payload.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_armour_is_the_signature() {
        let object = b"object a\ntag b\n\n-----BEGIN PGP SIGNATURE-----\nx\n-----BEGIN SSH SIGNATURE-----\ny\n";
        let found = signed(object).unwrap();
        assert!(found.payload.ends_with(b"\nx\n"));
        assert_eq!(found.signature, "-----BEGIN SSH SIGNATURE-----\ny\n");
        assert_eq!(signed(b"object a\n\n not at a line's begin -----BEGIN PGP SIGNATURE-----"), None);
    }
}
