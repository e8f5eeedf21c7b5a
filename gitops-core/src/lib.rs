//! The model that every other crate of the engine speaks: Kubernetes objects and their identity, Argo CD's
//! resource schemas, and the seam traits ([`Tree`], [`Cluster`], [`Clock`]) behind which Git, API servers
//! and time live.
//!
//! # What this crate must not know
//! Git, HTTP, Kubernetes clients, files, the environment, the time of day, and how anything is rendered,
//! compared, ordered or applied. It has no runtime: the futures in [`cluster`] are plain values.

pub mod annotations;
pub mod api;
mod clock;
pub mod cluster;
pub mod decode;
mod digest;
mod id;
mod memo;
pub mod need;
mod object;
pub mod quantity;
pub mod secret;
pub mod tree;

pub use clock::{Clock, Timestamp};
pub use cluster::Cluster;
pub use digest::Digest;
pub use id::{GroupKind, GroupVersionKind, ObjectId, ObjectRef};
pub use memo::{MemoStore, NoMemo};
pub use need::{Answer, Need, Provided};
pub use object::{Manifest, Object, ObjectError, Origin};
pub use secret::{Reveal, Secret};
pub use tree::{Tree, TreePath};

/// A JSON value: the body of a Kubernetes object, with maps in key order.
pub use serde_json::Value;
/// The text of a part of an identity: short ones lie where they are compared, long ones are shared by clones.
pub use smol_str::SmolStr;
/// A JSON map, in key order.
pub type Map = serde_json::Map<String, Value>;
