//! The second step: trees to objects, source by source.

use std::sync::Arc;

use gitops_core::api::{Application, SourceType};
use gitops_core::{Digest, Manifest};
use gitops_render::{Inputs, Limits, Need, Outcome, RenderError, Warning};
use thiserror::Error;

use crate::resolve::Resolved;

/// What all sources of an Application render to.
#[derive(Debug)]
pub struct Rendering {
    /// The objects, in the order of the sources.
    pub objects: Vec<Manifest>,
    /// The digest over the digests of the sources.
    pub digest: Digest,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
    /// What each source was rendered as.
    pub source_types: Vec<SourceType>,
    /// How many files, listings and misses were read.
    pub reads: usize,
}

/// Why an Application does not render.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderingError {
    /// A source does not render.
    #[error("cannot render `{repository}`")]
    Source {
        /// The repository's address.
        repository: String,
        /// Why.
        #[source]
        source: RenderError,
    },
    /// A source needs something from elsewhere.
    #[error("cannot render `{repository}`: it needs {}, and remote bases are not fetched by this version", .needs.join(", "))]
    Needs {
        /// The repository's address.
        repository: String,
        /// What is needed.
        needs: Vec<String>,
    },
}

/// Renders every source that has files; one that only gives others a `ref` has none.
///
/// # Errors
/// Where a source does not render.
pub fn render(application: &Application, resolved: &Resolved, inputs: &Inputs) -> Result<Rendering, RenderingError> {
    let mut rendering = Rendering {
        objects: Vec::new(),
        digest: Digest::of(&[]),
        warnings: Vec::new(),
        source_types: Vec::new(),
        reads: 0,
    };
    let mut digests = Vec::new();
    let several = application.spec.has_multiple_sources();
    for one in &resolved.sources {
        if several && one.source.reference().is_some() && one.source.path().is_none() {
            continue;
        }
        let repository = || one.source.repo_url.clone();
        let mut inputs = inputs.clone();
        inputs.revision = one.commit.id.to_string();
        let outcome = gitops_render::render(Arc::clone(&one.tree), &one.source, &inputs, &Limits::default())
            .map_err(|source| RenderingError::Source { repository: repository(), source })?;
        let rendered = match outcome {
            Outcome::Done(rendered) => rendered,
            Outcome::Needs(needs) => {
                return Err(RenderingError::Needs {
                    repository: repository(),
                    needs: needs.iter().map(words).collect(),
                });
            }
        };
        rendering.objects.extend(rendered.objects);
        rendering.warnings.extend(rendered.warnings);
        rendering.source_types.push(rendered.source_type);
        rendering.reads += rendered.reads.len();
        digests.push(rendered.digest);
    }
    rendering.digest = Digest::of_parts(digests.iter().map(|digest| digest.as_str().as_bytes()));
    Ok(rendering)
}

fn words(need: &Need) -> String {
    match need {
        Need::Base { url } => format!("the base `{url}`"),
        other => format!("{other:?}"),
    }
}
