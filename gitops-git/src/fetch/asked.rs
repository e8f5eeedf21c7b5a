//! When servers were last asked for their refs: whoever asks at the same time is served by one answer.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::FetchError;

/// So many revisions of a repository are remembered; then it begins anew.
const REMEMBERED: usize = 1_000;

/// What was asked, by where the repository is kept. Clones remember the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Arc<Mutex<HashMap<PathBuf, Arc<Mutex<Answers>>>>>);

/// What one server said.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// When its answers were asked for, by revision; none stands for all.
    asked: HashMap<Option<String>, Instant>,
    /// When nothing came of the last question, whatever the revision, and why.
    failed: Option<(Instant, FetchError)>,
}

impl Asked {
    /// What was asked of one repository. Who holds its lock is the only one of this process that asks.
    pub(super) fn of(&self, place: &Path) -> Arc<Mutex<Answers>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.entry(place.into()).or_default())
    }

    /// Forgets what was asked of all repositories below a folder, which is gone.
    pub(super) fn forget(&self, folder: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|place, _| !place.starts_with(folder));
    }
}

impl Answers {
    /// Whether an answer is there that was asked for at a moment or later.
    pub(super) fn serve(&self, revision: Option<&str>, since: Instant) -> bool {
        let recent = |key: &Option<String>| self.asked.get(key).is_some_and(|asked| *asked >= since);
        recent(&None) || revision.is_some_and(|revision| recent(&Some(revision.to_owned())))
    }

    /// An answer came to what was asked at a moment.
    pub(super) fn note(&mut self, revision: Option<&str>, asked: Instant) {
        if self.asked.len() >= REMEMBERED {
            self.asked.clear();
        }
        self.asked.insert(revision.map(str::to_owned), asked);
        self.failed = None;
    }

    /// Why nothing came of a question that failed at a moment or later: a server that does not answer is waited for once by
    /// all who want something of it, and not by one after the other.
    pub(super) fn failure(&self, since: Instant) -> Option<FetchError> {
        let (_, why) = self.failed.as_ref().filter(|(failed, _)| *failed >= since)?;
        why.of_server()
    }

    /// Nothing came of a question, as is known since a moment.
    pub(super) fn note_failure(&mut self, why: &FetchError, failed: Instant) {
        self.failed = why.of_server().map(|why| (failed, why));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_answer_serves_who_asked_before_it_was_asked_for() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut answers = Answers::default();
        answers.note(Some("main"), now);
        assert!(answers.serve(Some("main"), now) && !answers.serve(Some("main"), later));
        assert!(!answers.serve(Some("other"), now) && !answers.serve(None, now));
        answers.note(None, later);
        assert!(answers.serve(Some("other"), later) && answers.serve(None, later));
    }

    #[test]
    fn who_waits_for_a_server_that_fails_is_told_with_the_first() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let gone = FetchError::Deadline { url: "https://git.example.com/shop".into(), limit: Duration::from_secs(15) };
        let mut answers = Answers::default();
        answers.note_failure(&gone, now);
        assert_eq!(answers.failure(now).map(|why| why.to_string()), Some(gone.to_string()));
        assert!(answers.failure(later).is_none());
        answers.note(Some("main"), later);
        assert!(answers.failure(now).is_none());
        answers.note_failure(&FetchError::Locked { path: "shop.lock".into(), waited: Duration::ZERO }, later);
        assert!(answers.failure(now).is_none(), "which is not the server's");
    }
}
