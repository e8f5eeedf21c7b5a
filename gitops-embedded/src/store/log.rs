//! The order of changes, from which watches are served.

use rusqlite::{OptionalExtension as _, params};

use super::{Key, Session};
use crate::failure::Failure;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It came to be.
    Added,
    /// It changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change.
#[derive(Debug)]
pub(crate) struct LogEntry {
    /// Its resource version.
    pub(crate) version: u64,
    /// What happened.
    pub(crate) change: Change,
    /// The object after it, as JSON.
    pub(crate) body: String,
    /// The labels before it as JSON, where they were others.
    pub(crate) labels_before: Option<String>,
}

/// Changes are trimmed once in so many.
const TRIM_EVERY: u64 = 256;

impl Session<'_> {
    pub(super) fn record(
        &self,
        version: u64,
        change: Change,
        key: &Key,
        labels_before: Option<&str>,
        body: &str,
    ) -> Result<(), Failure> {
        let code = match change {
            Change::Added => 0,
            Change::Modified => 1,
            Change::Deleted => 2,
        };
        self.prepare("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(params![
            version as i64,
            code,
            key.group,
            key.kind,
            key.namespace,
            key.name,
            labels_before,
            body
        ])?;
        if version.is_multiple_of(TRIM_EVERY) {
            let oldest = version.saturating_sub(u64::from(self.history));
            self.prepare("DELETE FROM log WHERE version <= ?1")?.execute([oldest as i64])?;
        }
        Ok(())
    }

    /// Whether changes after this version are all there still.
    pub(crate) fn check_history(&self, after: u64) -> Result<(), Failure> {
        let oldest: Option<i64> = self
            .prepare("SELECT version FROM log ORDER BY version LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        let current = self.version()?;
        let oldest = oldest.map_or(current + 1, |oldest| oldest as u64);
        if after + 1 < oldest || after > current { Err(Failure::expired(after, oldest)) } else { Ok(()) }
    }

    /// Changes to objects of a kind after a version, oldest first, at most `limit`.
    pub(crate) fn changes(
        &self,
        (group, kind): (&str, &str),
        namespace: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LogEntry>, Failure> {
        let mut statement = self.prepare(
            "SELECT version, change, labels, body FROM log
             WHERE api_group = ?1 AND kind = ?2 AND version > ?3 AND (?4 IS NULL OR namespace = ?4)
             ORDER BY version LIMIT ?5",
        )?;
        let rows = statement.query_map(params![group, kind, after as i64, namespace, limit as i64], |row| {
            let change = match row.get::<_, i64>(1)? {
                0 => Change::Added,
                1 => Change::Modified,
                _ => Change::Deleted,
            };
            let version = row.get::<_, i64>(0)? as u64;
            Ok(LogEntry { version, change, labels_before: row.get(2)?, body: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
