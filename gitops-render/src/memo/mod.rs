//! Answers from earlier renders.
//!
//! A result is kept under what it was made of: (source, inputs, engine version) -> what was read -> digest -> objects. It
//! is given again for every tree that answers what was read in the same way: the same contents and links under the same
//! paths, the same names in the directories that were listed, and nothing where nothing was. So a commit that touches
//! none of a source's reads costs a comparison and no render.
//!
//! [`Affected`] turns that round: from the paths that a commit changed to the sources that read them.

mod affected;
mod entry;
#[cfg(test)]
mod tests;

use gitops_core::api::ApplicationSource;
use gitops_core::need::Pinned;
use gitops_core::tree::Tree;
use gitops_core::{Digest, MemoStore};

pub use affected::Affected;

use crate::{Inputs, Limits, Rendered, digest};
use entry::{Known, Stored};

/// States of the sources that are remembered for each source and inputs; the last used one is first.
const MAX_KNOWN: usize = 8;
/// The form of what is kept.
const FORMAT: &str = "2";

/// Earlier renders, kept in a store.
///
/// Trees must name contents by what they are, as those of commits do; a folder that is being edited is not one.
#[derive(Clone, Copy)]
pub struct Memo<'a> {
    store: &'a dyn MemoStore,
    engine: &'a str,
}

impl<'a> Memo<'a> {
    /// Renders of an engine, named so that another build of it has another name: it may render in another way.
    pub fn new(store: &'a dyn MemoStore, engine: &'a str) -> Self {
        Self { store, engine }
    }

    /// The result of an earlier render that this one would repeat.
    ///
    /// `still` says whether what was used of elsewhere is as it was then; it is asked only where the tree answers as it
    /// did. What was kept but cannot be read, or does not have its digest under the inputs' key, is not used.
    pub fn recall(
        &self,
        tree: &dyn Tree,
        source: &ApplicationSource,
        inputs: &Inputs,
        limits: &Limits,
        still: &mut dyn FnMut(&[Pinned]) -> bool,
    ) -> Option<Rendered> {
        let key = self.key(source, inputs, limits)?;
        let mut known = self.known(&key);
        let holds = |known: &Known| {
            known.revision.as_ref().is_none_or(|revision| *revision == inputs.revision)
                && known.reads.holds_in(tree).unwrap_or(false)
                && known.references.iter().all(|(name, reads)| {
                    inputs.references.get(name).is_some_and(|tree| reads.holds_in(&**tree).unwrap_or(false))
                })
        };
        let at = known.iter().position(|known| holds(known) && (known.remotes.is_empty() || still(&known.remotes)))?;
        let found = known.get(at)?;
        let stored = Stored::decode(&self.store.get(&found.result)?)?;
        let rendered = stored.into_rendered(found)?;
        if digest::digest(&rendered.objects, &inputs.digest_key) != rendered.digest {
            return None;
        }
        if at > 0 {
            let used = known.remove(at);
            known.insert(0, used);
            self.remember(&key, &known);
        }
        Some(rendered)
    }

    /// Keeps the result of a render.
    pub fn keep(&self, source: &ApplicationSource, inputs: &Inputs, limits: &Limits, rendered: &Rendered) {
        let Some(key) = self.key(source, inputs, limits) else { return };
        let Some(content) = Stored::of(rendered).encode() else { return };
        let result = Digest::of(&content);
        let revision = rendered.names_revision.then(|| inputs.revision.clone());
        let (reads, references) = (rendered.reads.clone(), rendered.reference_reads.clone());
        let newest = Known { revision, reads, references, remotes: rendered.remotes.clone(), result };
        self.store.put(&newest.result, &content);
        let mut known = self.known(&key);
        known.retain(|known| !known.is_of_the_same(&newest));
        known.insert(0, newest);
        known.truncate(MAX_KNOWN);
        self.remember(&key, &known);
    }

    fn known(&self, key: &Digest) -> Vec<Known> {
        self.store.get(key).and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn remember(&self, key: &Digest, known: &[Known]) {
        if let Ok(bytes) = serde_json::to_vec(known) {
            self.store.put(key, &bytes);
        }
    }

    /// What a result is made of beside what is read. The commit and its time are no part of it: a result
    /// that names them says so.
    fn key(&self, source: &ApplicationSource, inputs: &Inputs, limits: &Limits) -> Option<Digest> {
        // Every field by name: a new one does not compile until it is decided whether results depend on it.
        let Inputs {
            application,
            namespace,
            project,
            revision: _,
            kube_version,
            api_versions,
            digest_key,
            jsonnet,
            keys,
            provided: _,
            strict,
            seconds: _,
            references,
            load_restrictor,
            managed_by_label,
            charts,
            chart_cache: _,
            reorder,
            revision_read: _,
        } = inputs;
        let references = serde_json::to_vec(&references.keys().collect::<Vec<_>>()).ok()?;
        let source = serde_json::to_vec(source).ok()?;
        let api_versions = serde_json::to_vec(&**api_versions).ok()?;
        let switches = format!(
            "{} {} {strict} {load_restrictor:?} {reorder:?} {managed_by_label} {charts} {limits:?}",
            jsonnet.is_some(),
            keys.is_some()
        );
        let parts: [&[u8]; 12] = [
            b"render",
            FORMAT.as_bytes(),
            self.engine.as_bytes(),
            &source,
            application.as_bytes(),
            namespace.as_bytes(),
            project.as_bytes(),
            kube_version.as_bytes(),
            &api_versions,
            &references,
            switches.as_bytes(),
            &digest_key.derive("render memo"),
        ];
        Some(Digest::of_parts(parts))
    }
}

impl std::fmt::Debug for Memo<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Memo").field("engine", &self.engine).finish_non_exhaustive()
    }
}
