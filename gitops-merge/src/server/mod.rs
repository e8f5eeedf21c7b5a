//! Everything about a write that follows from the live object, the request and the schema.
//!
//! A store calls [`write()`] with the live object under its lock, sets `metadata.resourceVersion` of the result and
//! keeps it as [`Effect`] says; [`delete`] likewise. A dry run is the same call whose result is not kept.
//!
//! ```
//! use gitops_merge::schema::Kinds;
//! use gitops_merge::server::{Effect, Moment, Operation, Request, write};
//! use serde_json::json;
//!
//! let kinds = Kinds::builtin()?;
//! let kind = kinds.get("v1", "ConfigMap").ok_or("no such kind")?;
//! let moment = Moment { now: "2026-01-02T03:04:05Z".parse()?, uid: "8f7c" };
//! let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}});
//! let request = Request::new(Operation::Apply { body: &body, force: false }, "default", "c", "me");
//! let written = write(&kinds, kind, None, &request, moment)?;
//! assert_eq!(written.effect, Effect::Created);
//! assert_eq!(written.object["metadata"]["managedFields"][0]["manager"], "me");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Messages, codes and the order of the steps follow kube-apiserver v1.34 (apiserver's `endpoints/handlers`,
//! `registry/generic` and the strategies of the kinds).

mod admit;
mod delete;
mod error;
mod form;
mod meta;
mod patch;
mod request;
mod scale;
mod service;
mod strategy;
mod write;

#[cfg(test)]
mod tests;

pub use delete::{answers_with_object, delete};
pub use error::{Cause, ServerError, Subject};
pub use request::{Delete, Deleted, Effect, FieldValidation, Moment, Operation, Propagation, Request, Target, Written};
pub use scale::scale_of;
pub use write::write;
