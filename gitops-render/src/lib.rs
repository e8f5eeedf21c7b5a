//! Renders the manifests of an Application: plain directories (YAML, JSON, Jsonnet) and Kustomize, from a
//! [`Tree`](gitops_core::Tree) to [`Manifest`](gitops_core::Manifest)s.
//!
//! [`render`] is a pure, synchronous function of a tree, a source and its [`Inputs`]: no disk, network, environment or
//! clock. Where it lacks something that only the outside has, it answers [`Outcome::Needs`], and is called again.
//!
//! ```
//! use std::sync::Arc;
//! use gitops_core::{api::ApplicationSource, tree::MemoryTree};
//! use gitops_render::{Inputs, Limits, Outcome, render};
//!
//! let tree = MemoryTree::new().with_file(
//!     "web/config.yaml",
//!     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {colour: blue}\n",
//! );
//! let mut source = ApplicationSource::new("https://example.com/shop.git");
//! source.path = Some("web".into());
//! let outcome = render(Arc::new(tree), &source, &Inputs::new("web"), &Limits::default())?;
//! let Outcome::Done(rendered) = outcome else { unreachable!("nothing remote is named") };
//! assert_eq!(rendered.objects[0].object.name(), "web");
//! assert_eq!(rendered.objects[0].origin.as_ref().map(ToString::to_string).as_deref(), Some("web/config.yaml:1"));
//! # Ok::<(), gitops_render::RenderError>(())
//! ```
//!
//! # What this crate must not know
//! Git, disks, the network, clusters and what is live in them, the namespace that an object ends in, and tracking
//! marks. It starts no program: Jsonnet is evaluated behind [`JsonnetEvaluator`], since its loops cannot be interrupted.

mod build;
mod detect;
mod digest;
mod directory;
mod documents;
mod duplicates;
mod error;
mod files;
mod glob;
pub mod helm;
mod inputs;
pub mod jsonnet;
mod kustomize;
mod limits;
mod lists;
pub mod memo;
mod nearest;
mod outcome;
mod overrides;
mod parallel;
mod remote;
mod render;
mod variables;
mod warning;

pub use build::{BuildOutcome, Built, BuiltResource, build};
pub use detect::detect;
pub use error::{Place, Problem, RenderError};
pub use gitops_core::api::SourceType;
pub use gitops_core::{Answer, Need, Provided};
pub use inputs::{Inputs, LoadRestrictor, Reorder};
pub use jsonnet::{JsonnetError, JsonnetEvaluator, JsonnetRequest};
pub use limits::{Limits, Stop};
pub use outcome::{Outcome, Rendered};
pub use remote::remote_directory;
pub use render::render;
pub use warning::{Warning, WarningKind};
