//! What is kept of a render.

use std::collections::BTreeMap;

use gitops_core::need::Pinned;
use gitops_core::secret::Purpose;
use gitops_core::tree::ReadSet;
use gitops_core::{Digest, Manifest, Object, Origin, Reveal, Value};
use serde::{Deserialize, Serialize};

use crate::{Rendered, SourceType, Warning};

/// A state in which a source was rendered, and where the result is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Known {
    /// The commit, where the result depends on it.
    pub(super) revision: Option<String>,
    pub(super) reads: ReadSet,
    /// What was read of other sources, by their `ref`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) references: BTreeMap<String, ReadSet>,
    pub(super) remotes: Vec<Pinned>,
    /// The digest of the stored result, under which it is kept.
    pub(super) result: Digest,
}

/// A result. It has the values of Secrets in it: a store encrypts it.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    objects: Vec<StoredObject>,
    digest: Digest,
    warnings: Vec<Warning>,
    source_type: SourceType,
}

#[derive(Serialize, Deserialize)]
struct StoredObject {
    file: Option<std::sync::Arc<str>>,
    line: usize,
    value: Value,
}

impl Known {
    /// Whether another is of the same state, so that it takes this one's place.
    pub(super) fn is_of_the_same(&self, other: &Self) -> bool {
        self.revision == other.revision
            && self.reads == other.reads
            && self.references == other.references
            && self.remotes == other.remotes
    }
}

impl Stored {
    pub(super) fn of(rendered: &Rendered) -> Self {
        let reveal = Reveal::granted(Purpose::Memo);
        let object = |manifest: &Manifest| StoredObject {
            file: manifest.origin.as_ref().map(|origin| origin.file.clone()),
            line: manifest.origin.as_ref().map(|origin| origin.line).unwrap_or_default(),
            value: manifest.object.reveal(&reveal),
        };
        Self {
            objects: rendered.objects.iter().map(object).collect(),
            digest: rendered.digest.clone(),
            warnings: rendered.warnings.clone(),
            source_type: rendered.source_type.clone(),
        }
    }

    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The result as it was; none where an object is not one.
    pub(super) fn into_rendered(self, known: &Known) -> Option<Rendered> {
        let manifest = |StoredObject { file, line, value }| {
            let object = Object::from_value(value).ok()?;
            Some(Manifest { object, origin: file.map(|file| Origin { file, line }) })
        };
        let objects = self.objects.into_iter().map(manifest).collect::<Option<Vec<_>>>()?;
        let Self { digest, warnings, source_type, .. } = self;
        Some(Rendered {
            objects,
            reads: known.reads.clone(),
            reference_reads: known.references.clone(),
            remotes: known.remotes.clone(),
            digest,
            warnings,
            names_revision: known.revision.is_some(),
            source_type,
        })
    }
}
