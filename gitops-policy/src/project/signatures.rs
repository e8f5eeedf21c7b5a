//! What must hold of the signatures of commits.

use std::borrow::Cow;

use gitops_core::api::{
    AppProject, SourceIntegrity, SourceIntegrityGit, SourceIntegrityGitPolicy, SourceIntegrityGitRepository,
    SourceIntegrityGpg, SourceIntegrityGpgMode,
};

use thiserror::Error;

use crate::glob::Glob;

/// What a project asks of its sources: its `sourceIntegrity`, or its older `signatureKeys` in the same words, which then ask
/// of every repository that the commit is signed by one of them (Argo CD's `EffectiveSourceIntegrity`). Where both are
/// there, the newer ones count, if they say anything of Git.
pub fn source_integrity(project: &AppProject) -> Option<Cow<'_, SourceIntegrity>> {
    let spec = &project.spec;
    let keys: Vec<String> = spec.signature_keys.iter().flatten().map(|key| key.key_id.clone()).collect();
    match &spec.source_integrity {
        Some(integrity) if keys.is_empty() || !integrity.git.policies.is_empty() => {
            return Some(Cow::Borrowed(integrity));
        }
        None if keys.is_empty() => return None,
        _ => {}
    }
    let mut everywhere = SourceIntegrityGitRepository::default();
    everywhere.url = "*".into();
    let mut gpg = SourceIntegrityGpg::default();
    gpg.mode = SourceIntegrityGpgMode::Head;
    gpg.keys = keys;
    let mut policy = SourceIntegrityGitPolicy::default();
    policy.repos = vec![everywhere];
    policy.gpg = gpg;
    let mut git = SourceIntegrityGit::default();
    git.policies = vec![policy];
    let mut integrity = SourceIntegrity::default();
    integrity.git = git;
    Some(Cow::Owned(integrity))
}

/// Why it cannot be said what a project asks of a repository. Nothing of it may be used then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IntegrityError {
    /// More than one rule is for the repository (the words are Argo CD's).
    #[error("multiple ({rules}) git source integrity policies found for repo URL: {address}")]
    Several {
        /// How many there are.
        rules: usize,
        /// The repository.
        address: String,
    },
    /// The rule has a mode that is none (the words are Argo CD's).
    #[error("unknown GPG mode {mode:?} configured for GIT source integrity")]
    Mode {
        /// The mode.
        mode: String,
    },
}

/// What has to be signed of a Git repository, and by whom; none where nothing has to.
///
/// # Errors
/// Where the project does not say it in a way that can be followed.
pub fn required_signatures<'a>(
    integrity: &'a SourceIntegrity,
    address: &str,
) -> Result<Option<RequiredSignatures<'a>>, IntegrityError> {
    let rules: Vec<_> = integrity.git.policies.iter().filter(|policy| is_meant(policy, address)).collect();
    let rule = match rules.as_slice() {
        [] => return Ok(None),
        [rule] => rule,
        several => return Err(IntegrityError::Several { rules: several.len(), address: address.into() }),
    };
    let history = match &rule.gpg.mode {
        SourceIntegrityGpgMode::None => return Ok(None),
        SourceIntegrityGpgMode::Head => false,
        SourceIntegrityGpgMode::Strict => true,
        other => return Err(IntegrityError::Mode { mode: other.to_string() }),
    };
    Ok(Some(RequiredSignatures { history, keys: &rule.gpg.keys }))
}

/// What has to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequiredSignatures<'a> {
    /// Whether all commits before have to be as well.
    pub history: bool,
    /// The keys, one of which has to have signed.
    pub keys: &'a [String],
}

fn is_meant(policy: &SourceIntegrityGitPolicy, address: &str) -> bool {
    let mut included = false;
    for repository in &policy.repos {
        match repository.url.strip_prefix('!') {
            Some(pattern) if Glob::new(pattern).matches(address) => return false,
            Some(_) => {}
            None => included |= Glob::new(&repository.url).matches(address),
        }
    }
    included
}
