//! The audit trail: who did what, when, from which commit, to which objects and fields.
//!
//! One JSON record a line, appended and flushed to disk before a sync is reported as finished. A record holds no
//! value of any field, only paths.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use gitops_core::{ObjectRef, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// When it ended.
    pub time: Timestamp,
    /// The Application, as `namespace/name`.
    pub application: String,
    /// What was done.
    pub action: Action,
    /// Who asked for it.
    pub initiator: String,
    /// The commits that were deployed, one a source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<CommitFacts>,
    /// The digest of what was rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How it ended, in Argo CD's words for an operation: `Succeeded`, `Failed`, `Error`.
    pub outcome: String,
    /// The words that go with it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ObjectChange>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// An Application was defined or changed.
    Create,
    /// It was synced.
    Sync,
    /// It was put back to an earlier commit.
    Rollback,
    /// It was deleted.
    Delete,
}

/// What is known of a deployed commit, or of a chart's version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitFacts {
    /// The repository.
    pub repository: String,
    /// The full id, or the version.
    pub id: String,
    /// Who wrote it, as `Name <mail>`; empty for a chart.
    pub author: String,
    /// When; not known of a chart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The first line of its message.
    pub subject: String,
    /// The kind of its signature, where it is signed. It is not verified here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// One object and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectChange {
    /// Which.
    pub object: ObjectRef,
    /// What was done: `create`, `update`, `prune`, `hook`.
    pub verb: String,
    /// How it ended: `Synced`, `SyncFailed`, `Pruned`, `PruneSkipped`.
    pub result: String,
    /// The fields that were written, as JSON pointers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// Why the audit trail cannot be read or written.
#[derive(Debug, Error)]
#[error("{}: the audit trail cannot be {action}", .path.display())]
pub struct AuditError {
    path: PathBuf,
    action: &'static str,
    #[source]
    source: io::Error,
}

/// Where records go, and where they are read from.
pub trait Journal: Send + Sync {
    /// Makes sure that a record could be added now, so that nothing is done that would not be on record.
    ///
    /// # Errors
    /// Where none could be.
    fn ready(&self) -> Result<(), AuditError>;

    /// Adds a record and returns when it is on disk.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn append(&self, record: &Record) -> Result<(), AuditError>;

    /// The records, oldest first; of one Application where one is named.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn read(&self, application: Option<&str>) -> Result<Vec<Record>, AuditError>;
}

/// A file of JSON lines.
#[derive(Debug)]
pub struct FileJournal {
    path: PathBuf,
}

impl FileJournal {
    /// The journal in this file, which is made at the first record.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn error(&self, action: &'static str) -> impl Fn(io::Error) -> AuditError + '_ {
        move |source| AuditError { path: self.path.clone(), action, source }
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).read(true).open(&self.path)
    }
}

impl Journal for FileJournal {
    fn ready(&self) -> Result<(), AuditError> {
        self.open().map(drop).map_err(self.error("written"))
    }

    fn append(&self, record: &Record) -> Result<(), AuditError> {
        let failed = self.error("written");
        let mut line = serde_json::to_vec(record).map_err(io::Error::from).map_err(&failed)?;
        line.push(b'\n');
        let mut file = self.open().map_err(&failed)?;
        // One process writes at a time, and a line that a killed process left unfinished is closed first.
        file.lock().map_err(&failed)?;
        if !ends_with_newline(&file).map_err(&failed)? {
            line.insert(0, b'\n');
        }
        file.write_all(&line).map_err(&failed)?;
        file.sync_data().map_err(&failed)
    }

    fn read(&self, application: Option<&str>) -> Result<Vec<Record>, AuditError> {
        let failed = self.error("read");
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut records = Vec::new();
        for line in BufReader::new(file).split(b'\n') {
            // A line that does not parse is one that a killed process left unfinished: it was never acknowledged.
            let Ok(record) = serde_json::from_slice::<Record>(&line.map_err(&failed)?) else { continue };
            if application.is_none_or(|name| record.application == name) {
                records.push(record);
            }
        }
        Ok(records)
    }
}

fn ends_with_newline(mut file: &File) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(application: &str) -> Record {
        Record {
            time: Timestamp::UNIX_EPOCH,
            application: application.into(),
            action: Action::Sync,
            initiator: "alice".into(),
            commits: Vec::new(),
            digest: None,
            outcome: "Succeeded".into(),
            message: String::new(),
            changes: Vec::new(),
        }
    }

    #[test]
    fn records_are_kept_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let journal = FileJournal::new(folder.path().join("audit.jsonl"));
        assert!(journal.read(None).unwrap().is_empty());
        journal.append(&record("argocd/a")).unwrap();
        journal.append(&record("argocd/b")).unwrap();
        assert_eq!(journal.read(None).unwrap().len(), 2);
        assert_eq!(journal.read(Some("argocd/b")).unwrap(), [record("argocd/b")]);
    }

    #[test]
    fn a_journal_that_cannot_be_written_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        FileJournal::new(folder.path().join("audit.jsonl")).ready().unwrap();
        let error = FileJournal::new(folder.path()).ready().unwrap_err();
        assert!(error.to_string().ends_with("the audit trail cannot be written"), "{error}");
    }

    #[test]
    fn an_unfinished_line_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let journal = FileJournal::new(folder.path().join("audit.jsonl"));
        journal.append(&record("argocd/a")).unwrap();
        let mut file = OpenOptions::new().append(true).open(journal.path()).unwrap();
        file.write_all(b"{\"time\":\"20").unwrap();
        journal.append(&record("argocd/b")).unwrap();
        let names: Vec<_> = journal.read(None).unwrap().into_iter().map(|record| record.application).collect();
        assert_eq!(names, ["argocd/a", "argocd/b"]);
    }
}
