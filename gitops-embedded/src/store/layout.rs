//! Tables, and how a new file gets them.

use rusqlite::{Connection, TransactionBehavior};

use crate::failure::Failure;

/// Marks the file as an embedded cluster's ("gops").
const APPLICATION_ID: i64 = 0x676f_7073;
/// The layout that is written here.
pub(crate) const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE state (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO state VALUES ('version', 0), ('definitions', 0);
CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    api_group TEXT NOT NULL,
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    uid TEXT NOT NULL,
    due INTEGER,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX objects_by_key ON objects (api_group, kind, namespace, name);
CREATE UNIQUE INDEX objects_by_uid ON objects (uid);
CREATE INDEX objects_by_due ON objects (due) WHERE due IS NOT NULL;
CREATE INDEX objects_by_namespace ON objects (namespace) WHERE namespace <> '';
CREATE TABLE owners (owner TEXT NOT NULL, object INTEGER NOT NULL, PRIMARY KEY (owner, object)) WITHOUT ROWID;
CREATE INDEX owners_by_object ON owners (object);
CREATE TABLE log (
    version INTEGER PRIMARY KEY,
    change INTEGER NOT NULL,
    api_group TEXT NOT NULL,
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    labels TEXT,
    body TEXT NOT NULL
);
CREATE INDEX log_by_kind ON log (api_group, kind, version);
";

/// What was found in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// It has this layout now.
    Ready,
    /// It has a newer one.
    Newer(i64),
    /// It is something else.
    Foreign,
}

/// Makes the tables of a new file, and lets `first` write the first objects in the same transaction.
pub(crate) fn prepare(
    connection: &mut Connection,
    first: impl FnOnce(&Connection) -> Result<(), Failure>,
) -> Result<Layout, Failure> {
    let number =
        |connection: &Connection, pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let found = number(connection, "user_version")?;
    let application = number(connection, "application_id")?;
    match (application, found) {
        (APPLICATION_ID, VERSION) => return Ok(Layout::Ready),
        (APPLICATION_ID, newer) if newer > VERSION => return Ok(Layout::Newer(newer)),
        _ => {}
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have made them while this one waited for the lock.
    if number(&transaction, "user_version")? == VERSION && number(&transaction, "application_id")? == APPLICATION_ID {
        return Ok(Layout::Ready);
    }
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables > 0 {
        return Ok(Layout::Foreign);
    }
    transaction.execute_batch(TABLES)?;
    first(&transaction)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(Layout::Ready)
}
