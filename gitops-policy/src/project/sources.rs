//! Repositories that may be used.

use gitops_core::api::AppProjectSpec;

use crate::address::normal;
use crate::glob::Rule;

/// A project's `sourceRepos`.
#[derive(Clone, Debug)]
pub struct Sources(Vec<(String, Rule)>);

/// What `sourceRepos` say of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceVerdict<'a> {
    /// It may be used.
    Permitted,
    /// This pattern, which begins with `!`, excludes it.
    Excluded(&'a str),
    /// No pattern matches it.
    Unmatched,
}

impl Sources {
    /// Those of a project.
    pub fn of(spec: &AppProjectSpec) -> Self {
        let compile = |pattern: &String| {
            let compared = match pattern.strip_prefix('!') {
                Some(rest) => format!("!{}", normal(rest)),
                None => normal(pattern),
            };
            (pattern.clone(), Rule::new(&compared, "/"))
        };
        Self(spec.source_repos.iter().flatten().map(compile).collect())
    }

    /// What they say of a repository (Argo CD's `AppProject.IsSourcePermitted`): some pattern has to match, and none that
    /// begins with `!` may; one that begins with `!` and does not match it counts as a match. `*` ends at a slash, unless
    /// it is the whole pattern.
    pub fn verdict(&self, address: &str) -> SourceVerdict<'_> {
        let compared = normal(address);
        let mut verdict = SourceVerdict::Unmatched;
        for (pattern, rule) in &self.0 {
            if rule.allows(&compared) {
                verdict = SourceVerdict::Permitted;
            } else if rule.is_negated() {
                return SourceVerdict::Excluded(pattern);
            }
        }
        verdict
    }

    /// The same for a repository of this machine, which is not meant by `*` alone, nor by what is excluded.
    pub fn local_verdict(&self, address: &str) -> SourceVerdict<'_> {
        match self.verdict(address) {
            SourceVerdict::Permitted => {
                let compared = normal(address);
                let named =
                    |(_, rule): &&(String, Rule)| !rule.is_negated() && !rule.is_everything() && rule.allows(&compared);
                if self.0.iter().any(|entry| named(&entry)) {
                    SourceVerdict::Permitted
                } else {
                    SourceVerdict::Unmatched
                }
            }
            verdict => verdict,
        }
    }
}
