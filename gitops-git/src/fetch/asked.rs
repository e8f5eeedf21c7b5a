//! When servers were last asked for their refs: whoever asks at the same time is served by one answer.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// So many revisions of a repository are remembered; then it begins anew.
const REMEMBERED: usize = 1_000;

/// What was asked, by where the repository is kept. Clones remember the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Arc<Mutex<HashMap<PathBuf, Arc<Mutex<Answers>>>>>);

/// When the answers of one server were asked for, by revision; none stands for all.
#[derive(Debug, Default)]
pub(super) struct Answers(HashMap<Option<String>, Instant>);

impl Asked {
    /// What was asked of one repository. Who holds its lock is the only one of this process that asks.
    pub(super) fn of(&self, place: &Path) -> Arc<Mutex<Answers>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.entry(place.into()).or_default())
    }
}

impl Answers {
    /// Whether an answer is there that was asked for at a moment or later.
    pub(super) fn serve(&self, revision: Option<&str>, since: Instant) -> bool {
        let recent = |key: &Option<String>| self.0.get(key).is_some_and(|asked| *asked >= since);
        recent(&None) || revision.is_some_and(|revision| recent(&Some(revision.to_owned())))
    }

    /// An answer came to what was asked at a moment.
    pub(super) fn note(&mut self, revision: Option<&str>, asked: Instant) {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(revision.map(str::to_owned), asked);
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
}
