//! Reading and writing objects inside a transaction.

use gitops_core::Value;
use gitops_merge::server::ServerError;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};

use super::{Change, Key};
use crate::failure::Failure;

/// A transaction's view of the store.
#[derive(Clone, Copy)]
pub(crate) struct Session<'c> {
    connection: &'c Connection,
    pub(super) history: u32,
}

/// An object with what the store knows of it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// Its place in the store.
    pub(crate) id: i64,
    /// Its identity.
    pub(crate) key: Key,
    /// When a controller looks at it next, in milliseconds since 1970.
    pub(crate) due: Option<i64>,
    /// The object.
    pub(crate) body: Value,
}

/// What is known of an object without reading it.
#[derive(Debug)]
pub(crate) struct Outline {
    /// Its place in the store.
    pub(crate) id: i64,
    /// Its API group.
    pub(crate) group: String,
    /// Its kind.
    pub(crate) kind: String,
    /// Whether its text has the mark of a deletion.
    pub(crate) may_be_deleting: bool,
}

const COLUMNS: &str = "id, api_group, kind, namespace, name, due, body";

impl<'c> Session<'c> {
    pub(crate) fn new(connection: &'c Connection, history: u32) -> Self {
        Self { connection, history }
    }

    pub(super) fn prepare(&self, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
        self.connection.prepare_cached(sql)
    }

    /// The resource version of the last change.
    pub(crate) fn version(&self) -> Result<u64, Failure> {
        self.counter("version")
    }

    /// A number that moves with every change to a definition of a custom kind.
    pub(crate) fn definitions(&self) -> Result<u64, Failure> {
        self.counter("definitions")
    }

    fn counter(&self, key: &str) -> Result<u64, Failure> {
        let value: i64 = self.prepare("SELECT value FROM state WHERE key = ?1")?.query_row([key], |row| row.get(0))?;
        Ok(value as u64)
    }

    /// Moves a counter on.
    fn count(&self, key: &str) -> Result<u64, Failure> {
        let mut statement = self.prepare("UPDATE state SET value = value + 1 WHERE key = ?1 RETURNING value")?;
        let value: i64 = statement.query_row([key], |row| row.get(0))?;
        Ok(value as u64)
    }

    /// Says that definitions of custom kinds changed.
    pub(crate) fn definitions_changed(&self) -> Result<(), Failure> {
        self.count("definitions").map(drop)
    }

    /// One object.
    pub(crate) fn get(&self, key: &Key) -> Result<Option<Stored>, Failure> {
        let sql = "SELECT id, api_group, kind, namespace, name, due, body FROM objects
                   WHERE api_group = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4";
        let mut statement = self.prepare(sql)?;
        let row = statement.query_row(params![key.group, key.kind, key.namespace, key.name], raw).optional()?;
        row.map(Raw::read).transpose()
    }

    /// The resource version of an object.
    pub(crate) fn version_of(&self, key: &Key) -> Result<Option<String>, Failure> {
        let sql = "SELECT json_extract(body, '$.metadata.resourceVersion') FROM objects
                   WHERE api_group = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4";
        let mut statement = self.prepare(sql)?;
        Ok(statement.query_row(params![key.group, key.kind, key.namespace, key.name], |row| row.get(0)).optional()?)
    }

    /// The object with this uid.
    pub(crate) fn by_uid(&self, uid: &str) -> Result<Option<Stored>, Failure> {
        let mut statement = self.prepare(&format!("SELECT {COLUMNS} FROM objects WHERE uid = ?1"))?;
        statement.query_row([uid], raw).optional()?.map(Raw::read).transpose()
    }

    /// The outline of the object with this uid.
    pub(crate) fn outline(&self, uid: &str) -> Result<Option<Outline>, Failure> {
        let sql = "SELECT id, api_group, kind, instr(body, '\"deletionTimestamp\":\"') > 0 FROM objects WHERE uid = ?1";
        let outline = self.prepare(sql)?.query_row([uid], |row| {
            Ok(Outline { id: row.get(0)?, group: row.get(1)?, kind: row.get(2)?, may_be_deleting: row.get(3)? })
        });
        Ok(outline.optional()?)
    }

    /// Whether there is an object with this uid.
    pub(crate) fn has_uid(&self, uid: &str) -> Result<bool, Failure> {
        Ok(self.prepare("SELECT 1 FROM objects WHERE uid = ?1")?.exists([uid])?)
    }

    /// Bodies of a kind in the order of namespace and name, after a place in that order, at most `limit`.
    pub(crate) fn bodies(
        &self,
        (group, kind): (&str, &str),
        namespace: Option<&str>,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<String>, Failure> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (after_namespace, after_name) = after.unwrap_or(("", ""));
        let sql = match namespace {
            Some(_) => {
                "SELECT body FROM objects WHERE api_group = ?1 AND kind = ?2 AND namespace = ?3 AND name > ?5
                 AND ?4 IS NOT NULL ORDER BY name LIMIT ?6"
            }
            None => {
                "SELECT body FROM objects WHERE api_group = ?1 AND kind = ?2 AND ?3 IS NULL
                 AND (namespace, name) > (?4, ?5) ORDER BY namespace, name LIMIT ?6"
            }
        };
        let mut statement = self.prepare(sql)?;
        let rows = statement
            .query_map(params![group, kind, namespace, after_namespace, after_name, limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The objects that name this uid as an owner.
    pub(crate) fn owned_by(&self, uid: &str, limit: usize) -> Result<Vec<Stored>, Failure> {
        let sql = "SELECT id, api_group, kind, namespace, name, due, body FROM objects
                   WHERE id IN (SELECT object FROM owners WHERE owner = ?1) ORDER BY id LIMIT ?2";
        self.many(sql, params![uid, limit as i64])
    }

    /// Objects in a namespace.
    pub(crate) fn in_namespace(&self, namespace: &str, limit: usize) -> Result<Vec<Stored>, Failure> {
        let sql = "SELECT id, api_group, kind, namespace, name, due, body FROM objects
                   WHERE namespace = ?1 AND namespace <> '' ORDER BY id LIMIT ?2";
        self.many(sql, params![namespace, limit as i64])
    }

    /// Objects of a kind in all namespaces.
    pub(crate) fn of_kind(&self, (group, kind): (&str, &str), limit: usize) -> Result<Vec<Stored>, Failure> {
        let sql = "SELECT id, api_group, kind, namespace, name, due, body FROM objects
                   WHERE api_group = ?1 AND kind = ?2 ORDER BY namespace, name LIMIT ?3";
        self.many(sql, params![group, kind, limit as i64])
    }

    /// The object whose time comes first, where it is not after `until`.
    pub(crate) fn next_due(&self, until: i64) -> Result<Option<Stored>, Failure> {
        let sql = "SELECT id, api_group, kind, namespace, name, due, body FROM objects
                   WHERE due IS NOT NULL AND due <= ?1 ORDER BY due, id LIMIT 1";
        self.prepare(sql)?.query_row([until], raw).optional()?.map(Raw::read).transpose()
    }

    /// When the next object is due.
    pub(crate) fn first_due(&self) -> Result<Option<i64>, Failure> {
        Ok(self.prepare("SELECT min(due) FROM objects WHERE due IS NOT NULL")?.query_row([], |row| row.get(0))?)
    }

    /// Says when a controller looks at an object next.
    pub(crate) fn set_due(&self, id: i64, due: Option<i64>) -> Result<(), Failure> {
        self.prepare("UPDATE objects SET due = ?2 WHERE id = ?1")?.execute(params![id, due])?;
        Ok(())
    }

    /// Has a controller look at an object no later than this.
    pub(crate) fn due_by(&self, id: i64, due: i64) -> Result<(), Failure> {
        self.prepare("UPDATE objects SET due = ?2 WHERE id = ?1 AND (due IS NULL OR due > ?2)")?
            .execute(params![id, due])?;
        Ok(())
    }

    /// Has controllers look at everything that this uid owns, no later than this.
    pub(crate) fn dependents_due_by(&self, uid: &str, due: i64) -> Result<(), Failure> {
        let sql = "UPDATE objects SET due = ?2 WHERE id IN (SELECT object FROM owners WHERE owner = ?1)
                   AND (due IS NULL OR due > ?2)";
        self.prepare(sql)?.execute(params![uid, due])?;
        Ok(())
    }

    /// Has controllers look at the objects of a kind in a namespace no later than this.
    pub(crate) fn kind_due_by(&self, (group, kind): (&str, &str), namespace: &str, due: i64) -> Result<(), Failure> {
        let sql = "UPDATE objects SET due = ?4 WHERE api_group = ?1 AND kind = ?2 AND namespace = ?3
                   AND (due IS NULL OR due > ?4)";
        self.prepare(sql)?.execute(params![group, kind, namespace, due])?;
        Ok(())
    }

    fn many(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Stored>, Failure> {
        let mut statement = self.prepare(sql)?;
        let rows = statement.query_map(params, raw)?;
        rows.map(|row| row?.read()).collect()
    }

    /// Keeps a new object: gives it a resource version and returns its place.
    pub(crate) fn insert(&self, key: &Key, body: &mut Value) -> Result<i64, Failure> {
        let version = self.stamp(body)?;
        let text = written(body)?;
        let sql = "INSERT INTO objects (api_group, kind, namespace, name, uid, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   RETURNING id";
        let id = self
            .prepare(sql)?
            .query_row(params![key.group, key.kind, key.namespace, key.name, uid(body), text], |row| row.get(0))?;
        self.own(id, None, body)?;
        self.record(version, Change::Added, key, None, &text)?;
        Ok(id)
    }

    /// Keeps the next state of an object with a new resource version.
    pub(crate) fn replace(&self, stored: &Stored, body: &mut Value) -> Result<(), Failure> {
        let version = self.stamp(body)?;
        let text = written(body)?;
        self.prepare("UPDATE objects SET body = ?2 WHERE id = ?1")?.execute(params![stored.id, text])?;
        self.own(stored.id, Some(&stored.body), body)?;
        let before = labels(&stored.body);
        let before = (before != labels(body)).then(|| before.map_or_else(|| "{}".to_owned(), Value::to_string));
        self.record(version, Change::Modified, &stored.key, before.as_deref(), &text)
    }

    /// Removes an object; `last` is its last state, which gets the resource version of the removal.
    pub(crate) fn remove(&self, stored: &Stored, last: &mut Value) -> Result<(), Failure> {
        let version = self.stamp(last)?;
        self.prepare("DELETE FROM objects WHERE id = ?1")?.execute([stored.id])?;
        self.prepare("DELETE FROM owners WHERE object = ?1")?.execute([stored.id])?;
        let before = labels(&stored.body);
        let before = (before != labels(last)).then(|| before.map_or_else(|| "{}".to_owned(), Value::to_string));
        self.record(version, Change::Deleted, &stored.key, before.as_deref(), &last.to_string())
    }

    fn stamp(&self, body: &mut Value) -> Result<u64, Failure> {
        let version = self.count("version")?;
        if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), Value::from(version.to_string()));
        }
        Ok(version)
    }

    /// Keeps who owns an object.
    fn own(&self, id: i64, before: Option<&Value>, body: &Value) -> Result<(), Failure> {
        let references = |body: &Value| body.pointer("/metadata/ownerReferences").cloned();
        if before.is_some_and(|before| references(before) == references(body)) {
            return Ok(());
        }
        if before.is_some() {
            self.prepare("DELETE FROM owners WHERE object = ?1")?.execute([id])?;
        }
        for owner in references(body).iter().filter_map(Value::as_array).flatten() {
            let owner = owner.get("uid").and_then(Value::as_str).unwrap_or_default();
            self.prepare("INSERT OR IGNORE INTO owners VALUES (?1, ?2)")?.execute(params![owner, id])?;
        }
        Ok(())
    }
}

fn labels(body: &Value) -> Option<&Value> {
    body.pointer("/metadata/labels")
}

fn uid(body: &Value) -> &str {
    body.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default()
}

/// The largest object, in bytes of JSON: what an API server takes from a client.
const MAX_OBJECT: usize = 3 * 1024 * 1024;

fn written(body: &Value) -> Result<String, Failure> {
    let text = body.to_string();
    if text.len() <= MAX_OBJECT {
        return Ok(text);
    }
    let message = format!("the object has {} bytes, more than the {MAX_OBJECT} that are kept", text.len());
    Err(ServerError::too_large(message).into())
}

struct Raw {
    id: i64,
    key: Key,
    due: Option<i64>,
    body: String,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let key = Key { group: row.get(1)?, kind: row.get(2)?, namespace: row.get(3)?, name: row.get(4)? };
    Ok(Raw { id: row.get(0)?, key, due: row.get(5)?, body: row.get(6)? })
}

impl Raw {
    fn read(self) -> Result<Stored, Failure> {
        let body = parse(&self.body)?;
        Ok(Stored { id: self.id, key: self.key, due: self.due, body })
    }
}

/// Reads a stored body. Its text is never worded: it may be a Secret's.
pub(crate) fn parse(body: &str) -> Result<Value, Failure> {
    serde_json::from_str(body).map_err(|error| {
        Failure::Damaged(format!("a stored object cannot be read at line {} column {}", error.line(), error.column()))
    })
}
