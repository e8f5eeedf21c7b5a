//! What an API server does with a request, inside one transaction of the store.

mod bootstrap;
mod collect;
mod definitions;
mod delete;
mod identity;
mod list;
mod namespaces;
mod schedule;
pub(crate) mod selector;
mod write;

use std::sync::Arc;

use gitops_core::{Timestamp, Value};

use crate::catalog::{Catalog, Catalogs};
use crate::failure::Failure;
use crate::options::{Controllers, Options};
use crate::store::{Key, Session, Stored};

pub(crate) use bootstrap::{NODE, bootstrap};
pub(crate) use delete::{Deletion, Removal};
pub(crate) use identity::{new_uid, suffix};
pub(crate) use list::{Page, as_version};
pub(crate) use write::{Request, Written};

/// One transaction's view of the cluster.
#[derive(Clone)]
pub(crate) struct Server<'c> {
    /// The store.
    pub(crate) session: Session<'c>,
    /// The kinds at the transaction's start.
    pub(crate) catalog: Arc<Catalog>,
    /// The moment of the transaction.
    pub(crate) now: Timestamp,
    /// Whether workloads are simulated.
    pub(crate) controllers: Controllers,
    /// Milliseconds between the steps of a controller.
    pub(crate) step: i64,
}

impl<'c> Server<'c> {
    pub(crate) fn new(
        session: Session<'c>,
        catalogs: &Catalogs,
        options: &Options,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let catalog = catalogs.at(session)?;
        let step = i64::try_from(options.step.as_millis()).unwrap_or(i64::MAX / 4).max(1);
        Ok(Self { session, catalog, now, controllers: options.controllers, step })
    }

    /// One object in the version that is asked for.
    pub(crate) fn get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Failure> {
        let kind = self.catalog.kind(api_version, kind)?;
        let stored = self.session.get(&Key::of(kind, namespace, name))?;
        Ok(stored.map(|stored| as_version(stored.body, kind)))
    }

    /// The moment of the transaction in milliseconds since 1970.
    pub(crate) fn moment(&self) -> i64 {
        self.now.as_millisecond()
    }
}

/// Text at a path of a stored object; empty where it is absent.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Whether deletion was asked for.
pub(crate) fn is_deleting(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

/// The uid of a stored object.
pub(crate) fn uid(stored: &Stored) -> &str {
    text(&stored.body, "/metadata/uid")
}
