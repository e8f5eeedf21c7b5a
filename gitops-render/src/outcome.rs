use std::collections::BTreeMap;

use gitops_core::api::SourceType;
use gitops_core::need::Pinned;
use gitops_core::tree::ReadSet;
use gitops_core::{Digest, Manifest, Need};

use crate::Warning;

/// What a render comes to.
#[derive(Debug)]
pub enum Outcome {
    /// It is done.
    Done(Rendered),
    /// It lacks these: whoever calls gets them, adds them to [`Inputs::provided`](crate::Inputs::provided) and calls again.
    /// There may be more to need after that.
    Needs(Vec<Need>),
}

/// The rendered source.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// The objects, in the order in which the source has them.
    pub objects: Vec<Manifest>,
    /// What was read of the tree. The same answers mean the same render.
    pub reads: ReadSet,
    /// What was read of other sources of the Application, by their `ref`.
    pub reference_reads: BTreeMap<String, ReadSet>,
    /// What was used of elsewhere, in the order of needs.
    pub remotes: Vec<Pinned>,
    /// The keyed digest of the whole objects in order, Secret payloads included.
    pub digest: Digest,
    /// What was passed over but should be known.
    pub warnings: Vec<Warning>,
    /// Whether the commit's id is part of the result, so that another commit with the same files comes out differently.
    pub names_revision: bool,
    /// How the source was rendered.
    pub source_type: SourceType,
}
