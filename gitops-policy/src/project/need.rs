//! What a render needs from elsewhere.

use gitops_core::Need;
use gitops_core::need::without_password;

use super::{Limits, Project, SourceVerdict};

impl Project {
    /// Whether its `sourceRepos` allow what a render needs from elsewhere. Argo CD holds the repositories of charts'
    /// dependencies to them; here all that is fetched is. A repository of this machine is not meant by `*` alone.
    ///
    /// # Errors
    /// Why it is not allowed, and what would allow it.
    pub fn allows(&self, need: &Need) -> Result<(), String> {
        let address = match need {
            Need::Repository(need) => without_password(&need.address),
            Need::File { url } => without_password(url),
            Need::Chart(need) => without_password(&need.repository),
            other => return Err(format!("projects say nothing of {other}")),
        };
        let Self { name, namespace, limits } = self;
        let Limits::Found(found) = limits else {
            return Err(format!(
                "what lies elsewhere is off by default, and there is no AppProject `{name}` in the namespace `{namespace}`; \
                 one whose `spec.sourceRepos` has `{address}` allows it"
            ));
        };
        let verdict = |address: &str| match address.starts_with("file://") {
            true => found.sources.local_verdict(address),
            false => found.sources.verdict(address),
        };
        // Argo CD writes registries without a scheme; what excludes either form excludes both.
        let both = [Some(address.as_ref()), address.strip_prefix("oci://")];
        let verdicts = || both.into_iter().flatten().map(verdict);
        if let Some(SourceVerdict::Excluded(pattern)) =
            verdicts().find(|verdict| matches!(verdict, SourceVerdict::Excluded(_)))
        {
            return Err(format!("the AppProject `{name}` excludes it by `{pattern}` in `spec.sourceRepos`"));
        }
        if verdicts().any(|verdict| verdict == SourceVerdict::Permitted) {
            return Ok(());
        }
        Err(format!("the AppProject `{name}` does not allow it; `{address}` in its `spec.sourceRepos` would"))
    }
}
