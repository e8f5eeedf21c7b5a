//! What a remote advertises, and the same in the cache.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::protocol::handshake::Ref;
use gix::refs::file::transaction::PackedRefs;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};

use crate::failure::Failure;
use crate::revision::Refs;

/// Where the cache keeps the commit of a `HEAD` that names no branch.
const DETACHED_HEAD: &str = "refs/gitops/head";

/// The refs of a remote at one moment.
#[derive(Debug, Default)]
pub(super) struct Advertised {
    head: Option<(Option<String>, ObjectId)>,
    /// Full name to the object that the ref names and the one that it leads to behind a tag.
    refs: BTreeMap<String, (ObjectId, ObjectId)>,
}

impl Advertised {
    pub(super) fn new(remote_refs: &[Ref]) -> Self {
        let mut found = Self::default();
        for one in remote_refs {
            let (name, target, names, leads_to) = match one {
                Ref::Peeled { full_ref_name, tag, object } => (full_ref_name, None, *tag, *object),
                Ref::Direct { full_ref_name, object } => (full_ref_name, None, *object, *object),
                Ref::Symbolic { full_ref_name, target, tag, object } => {
                    (full_ref_name, Some(target.to_string()), tag.unwrap_or(*object), *object)
                }
                Ref::Unborn { .. } => continue,
            };
            let name = name.to_string();
            if name == "HEAD" {
                found.head = Some((target, leads_to));
            } else {
                found.refs.insert(name, (names, leads_to));
            }
        }
        found
    }

    /// What a ref names: a commit, or the object of a tag.
    pub(super) fn object(&self, name: &str) -> Option<ObjectId> {
        match name {
            "HEAD" => self.head.as_ref().map(|(_, id)| *id),
            name => self.refs.get(name).map(|(id, _)| *id),
        }
    }

    /// What the cache should have: full names to what they name.
    fn wanted(&self) -> BTreeMap<&str, ObjectId> {
        let mut wanted: BTreeMap<_, _> = self.refs.iter().map(|(name, (id, _))| (name.as_str(), *id)).collect();
        if let Some((None, id)) = &self.head {
            wanted.insert(DETACHED_HEAD, *id);
        }
        wanted
    }

    /// Removes the refs that the remote no longer has.
    pub(super) fn remove_others(&self, repository: &gix::Repository) -> Result<(), Failure> {
        let wanted = self.wanted();
        let known = known(repository)?;
        let gone = known.keys().filter(|name| !wanted.contains_key(name.as_str()));
        transact(repository, gone.filter_map(|name| delete(name)).collect(), packed(repository))
    }

    /// Writes the refs whose objects are there, at once, and removes those that stand at an older commit.
    pub(super) fn store(&self, repository: &gix::Repository) -> Result<(), Failure> {
        let known = known(repository)?;
        let changed = self.wanted().into_iter().filter(|(name, id)| known.get(*name) != Some(&Some(*id)));
        let edits = changed.filter_map(|(name, id)| match repository.has_object(id) {
            // A name that the library holds for invalid cannot be asked for either.
            true => Some(update(FullName::try_from(name).ok()?, Target::Object(id))),
            false if known.contains_key(name) => delete(name),
            false => None,
        });
        transact(repository, edits.collect(), packed(repository))?;
        self.store_head(repository)
    }

    fn store_head(&self, repository: &gix::Repository) -> Result<(), Failure> {
        let head = match &self.head {
            Some((Some(branch), _)) => FullName::try_from(branch.as_str()).ok().map(Target::Symbolic),
            Some((None, id)) if repository.has_object(id) => Some(Target::Object(*id)),
            _ => None,
        };
        let now = repository.try_find_reference("HEAD")?.map(|head| head.target().into_owned());
        match head {
            Some(head) if now.as_ref() != Some(&head) => {
                let name = FullName::try_from("HEAD").map_err(|error| Failure::new(error.to_string()))?;
                transact(repository, vec![update(name, head)], PackedRefs::DeletionsOnly)
            }
            _ => Ok(()),
        }
    }
}

/// The refs that the cache has.
fn known(repository: &gix::Repository) -> Result<BTreeMap<String, Option<ObjectId>>, Failure> {
    let mut known = BTreeMap::new();
    for reference in repository.references()?.prefixed("refs/")? {
        let reference = reference?;
        known.insert(reference.name().as_bstr().to_string(), reference.try_id().map(gix::Id::detach));
    }
    Ok(known)
}

/// All refs are kept in one file, so that they change at once.
fn packed(repository: &gix::Repository) -> PackedRefs<'_> {
    PackedRefs::DeletionsAndNonSymbolicUpdatesRemoveLooseSourceReference(Box::new(&repository.objects))
}

fn delete(name: &str) -> Option<RefEdit> {
    let change = Change::Delete { expected: PreviousValue::Any, log: RefLog::AndReference };
    Some(RefEdit { change, name: FullName::try_from(name).ok()?, deref: false })
}

fn update(name: FullName, new: Target) -> RefEdit {
    let log = LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: "fetch".into() };
    RefEdit { change: Change::Update { log, expected: PreviousValue::Any, new }, name, deref: false }
}

fn transact(repository: &gix::Repository, edits: Vec<RefEdit>, packed: PackedRefs<'_>) -> Result<(), Failure> {
    if edits.is_empty() {
        return Ok(());
    }
    let wait = gix::lock::acquire::Fail::AfterDurationWithBackoff(std::time::Duration::from_secs(5));
    let mut time = gix::date::parse::TimeBuf::default();
    let who = gix::actor::Signature { name: "gitops".into(), email: "".into(), time: gix::date::Time::new(0, 0) };
    let transaction = repository.refs.transaction().packed_refs(packed);
    transaction.prepare(edits, wait, wait)?.commit(Some(who.to_ref(&mut time)))?;
    Ok(())
}

impl Refs for Advertised {
    fn head(&self) -> Result<Option<(Option<String>, ObjectId)>, Failure> {
        Ok(self.head.clone())
    }

    fn find(&self, name: &str) -> Result<Option<ObjectId>, Failure> {
        Ok(self.refs.get(name).map(|(_, id)| *id))
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        Ok(self.refs.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }
}
