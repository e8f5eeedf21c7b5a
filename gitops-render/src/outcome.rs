use gitops_core::api::SourceType;
use gitops_core::tree::ReadSet;
use gitops_core::{Digest, Manifest};

use crate::Warning;

/// What a render comes to.
#[derive(Debug)]
pub enum Outcome {
    /// It is done.
    Done(Rendered),
    /// It lacks these. Nothing asks yet: what is remote is refused.
    Needs(Vec<Need>),
}

/// Something remote that a render lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Need {
    /// A kustomization of another repository.
    Base {
        /// Its URL, as the kustomization names it.
        url: String,
    },
}

/// The rendered source.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// The objects, in the order in which the source has them.
    pub objects: Vec<Manifest>,
    /// What was read of the tree. The same answers mean the same render.
    pub reads: ReadSet,
    /// The keyed digest of the whole objects in order, Secret payloads included.
    pub digest: Digest,
    /// What was passed over but should be known.
    pub warnings: Vec<Warning>,
    /// How the source was rendered.
    pub source_type: SourceType,
}
