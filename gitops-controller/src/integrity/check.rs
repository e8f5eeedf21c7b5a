use std::collections::{BTreeSet, BinaryHeap};

use gitops_core::Timestamp;
use gitops_git::{AnnotatedTag, Commit, CommitId, Repository, ResolveError};
use gitops_policy::project::RequiredSignatures;
use gitops_signatures::{Found, Verdict};

use super::IntegrityError;
use super::keys::Ring;

/// So many commits of a history are looked at.
const MAX_COMMITS: usize = 20_000;
/// So many problems are told, as in Argo CD.
const MAX_PROBLEMS: usize = 10;
/// What the message of a commit has that answers for all commits before it.
const SEAL: &str = "argocd-gpg-seal:";

/// Looks at the signatures of one repository.
#[derive(Clone, Copy)]
pub(super) struct Check<'a> {
    pub(super) repository: &'a Repository,
    pub(super) ring: &'a Ring,
    pub(super) required: RequiredSignatures<'a>,
    pub(super) now: Timestamp,
}

/// Why a check did not come to its end.
#[derive(Debug)]
pub(super) enum Stopped {
    Resolve(ResolveError),
    Moved(String),
    TooLong,
}

impl From<ResolveError> for Stopped {
    fn from(error: ResolveError) -> Self {
        Self::Resolve(error)
    }
}

impl Stopped {
    pub(super) fn at(self, address: &str) -> IntegrityError {
        match self {
            Self::Resolve(source) => IntegrityError::Unreadable { address: address.into(), source },
            Self::Moved(tag) => IntegrityError::Moved { tag },
            Self::TooLong => IntegrityError::TooLong { limit: MAX_COMMITS },
        }
    }
}

/// What is wrong with a revision, and whether others may be wrong in the same way: keys are named once.
struct Problem {
    commit: CommitId,
    key: Option<String>,
    words: String,
}

impl Check<'_> {
    /// What is wrong with a commit that a revision named: with its annotated tag where that is what named it, otherwise with
    /// itself; and with all commits before, where these have to be signed too.
    pub(super) fn problems(&self, commit: &Commit) -> Result<Vec<String>, Stopped> {
        let mut all = Vec::new();
        let tag = match commit.ref_name.as_deref().filter(|name| name.starts_with("refs/tags/")) {
            Some(name) => self.repository.annotated_tag(name)?,
            None => None,
        };
        if let Some(tag) = &tag {
            if tag.commit != commit.id {
                return Err(Stopped::Moved(tag.name.clone()));
            }
            all.extend(self.problem_of_tag(tag));
        }
        if self.required.history {
            all.extend(self.problems_of_history(commit.id)?);
        } else if tag.is_none() {
            all.extend(self.problem_of(commit, self.found(commit)?.as_ref()).map(|problem| problem.words));
        }
        if !all.is_empty() {
            all.extend(self.ring.problems().iter().cloned());
        }
        all.truncate(MAX_PROBLEMS);
        Ok(all)
    }

    fn problem_of_tag(&self, tag: &AnnotatedTag) -> Option<String> {
        let found = tag.signed.as_ref().map(|signed| self.ring.check(signed));
        let tagger = tag.tagger.as_ref().map(|who| format!("{} \"<{}>\"", who.name, who.email)).unwrap_or_default();
        self.words(&tag.name, &tagger, found.as_ref())
    }

    /// What is wrong with the commits from this one back to those that seal the history, or to its beginning. As in Argo CD, a
    /// seal has to be signed by a known key, and what lies behind one is not asked about, whichever way leads there.
    fn problems_of_history(&self, from: CommitId) -> Result<Vec<String>, Stopped> {
        let (mut problems, mut sealed_from) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::from([from]);
        let mut waiting = BinaryHeap::from([(Timestamp::MAX, from)]);
        while let Some((_, id)) = waiting.pop() {
            let commit = self.repository.commit(id)?;
            let found = self.found(&commit)?;
            problems.extend(self.problem_of(&commit, found.as_ref()));
            let is_good = found.is_some_and(|found| found.verdict(self.now) == Verdict::Good);
            if is_good && commit.message.to_ascii_lowercase().contains(SEAL) {
                sealed_from.extend(commit.parents);
                continue;
            }
            for parent in commit.parents {
                if seen.insert(parent) {
                    waiting.push((commit.time, parent));
                }
            }
            if seen.len() > MAX_COMMITS {
                return Err(Stopped::TooLong);
            }
        }
        if !problems.is_empty() && !sealed_from.is_empty() {
            let sealed = self.ancestors(sealed_from)?;
            problems.retain(|problem| !sealed.contains(&problem.commit));
        }
        let mut keys = BTreeSet::new();
        let is_new = |problem: &Problem| problem.key.as_ref().is_none_or(|key| keys.insert(key.clone()));
        Ok(problems.into_iter().filter(is_new).map(|problem| problem.words).collect())
    }

    /// These commits and all before them.
    fn ancestors(&self, from: Vec<CommitId>) -> Result<BTreeSet<CommitId>, Stopped> {
        let (mut seen, mut waiting) = (BTreeSet::new(), from);
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                waiting.extend(self.repository.commit(id)?.parents);
            }
            if seen.len() > MAX_COMMITS {
                return Err(Stopped::TooLong);
            }
        }
        Ok(seen)
    }

    fn found(&self, commit: &Commit) -> Result<Option<Found>, Stopped> {
        Ok(self.ring.of_commit(commit.id, || self.repository.signed_commit(commit.id))?)
    }

    fn problem_of(&self, commit: &Commit, found: Option<&Found>) -> Option<Problem> {
        let words = self.words(&commit.id.to_string(), &commit.author.to_string(), found)?;
        Some(Problem { commit: commit.id, key: found.map(|found| found.key.clone()), words })
    }

    /// What is wrong, in Argo CD's words.
    fn words(&self, revision: &str, who: &str, found: Option<&Found>) -> Option<String> {
        let key = found.map(|found| found.key.as_str()).unwrap_or_default();
        let what = match found.map(|found| found.verdict(self.now)) {
            None => "unsigned".to_owned(),
            Some(Verdict::Good) if found.is_some_and(|found| self.required.keys.iter().any(|key| found.is_by(key))) => {
                return None;
            }
            Some(Verdict::Good) => "signed with unallowed key".into(),
            Some(verdict) => verdict.to_string(),
        };
        Some(format!("Failed verifying revision {revision} by '{who}': {what} (key_id={key})"))
    }
}
