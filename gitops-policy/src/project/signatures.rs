//! What must hold of the signatures of commits.

use std::borrow::Cow;

use gitops_core::api::{
    AppProject, SourceIntegrity, SourceIntegrityGit, SourceIntegrityGitPolicy, SourceIntegrityGitRepository,
    SourceIntegrityGpg, SourceIntegrityGpgMode,
};

use crate::glob::Glob;

/// What a project asks of its sources: its `sourceIntegrity`, or its older `signatureKeys` in the same words, which then ask
/// of every repository that the commit is signed by one of them (Argo CD's `EffectiveSourceIntegrity`). Where both are
/// there, the newer ones count.
pub fn source_integrity(project: &AppProject) -> Option<Cow<'_, SourceIntegrity>> {
    let spec = &project.spec;
    if let Some(integrity) = &spec.source_integrity {
        return Some(Cow::Borrowed(integrity));
    }
    let keys: Vec<String> = spec.signature_keys.iter().flatten().map(|key| key.key_id.clone()).collect();
    if keys.is_empty() {
        return None;
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

/// Whether commits of a Git repository have to be signed. More than one rule for a repository is an error in Argo CD; here
/// it has to be signed then.
pub fn requires_signature(integrity: &SourceIntegrity, address: &str) -> bool {
    let mut rules = integrity.git.policies.iter().filter(|policy| is_meant(policy, address));
    rules.any(|policy| policy.gpg.mode != SourceIntegrityGpgMode::None)
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
