//! Helm charts, as Helm 3.22 renders them: `helm template` without a program, a cluster or a network.
//!
//! A [`Chart`] is read once and shared. A [`Release`] says what it is rendered for, and [`render`] gives the manifests
//! in the order of their installation. Values are merged, charts in charts are switched on and off, and templates are
//! executed by rules that are Helm's, down to the words of errors.

mod api_versions;
mod application;
mod cache;
mod chart;
mod dependencies;
mod describe;
mod engine;
mod error;
mod ignore;
mod kube_version;
mod load;
mod manifests;
mod metadata;
mod objects;
mod output;
mod pattern;
mod release;
mod schema;
mod seeded;
mod settings;
mod show;
pub mod strvals;
mod values;
mod yaml;

pub(crate) use application::render as render_application;
pub use application::{Requirement, lock_text, requirements};
pub use cache::ChartCache;
pub use chart::{Chart, ChartFile};
pub use error::HelmError;
pub use kube_version::KubeVersion;
pub use manifests::{Hook, Manifest};
pub use metadata::{Dependency, Maintainer, Metadata};
pub use output::{OutputOptions, Part, parts, write};
pub use release::{Release, Rendered, name_from, render, render_templates};
pub use schema::Schema;
pub(crate) use seeded::Seeded;
pub use settings::ValueSources;
pub use show::{Shown, show};
