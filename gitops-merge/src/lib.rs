//! The merge library: types of fields, strategic merge, and structured merge with field ownership.
//!
//! One implementation serves strategic merge patches, the embedded cluster, and the prediction of what an apply would do.
//!
//! - [`schema`]: what is atomic, a set, a map or a list-map; built-in kinds from a generated table, custom kinds from
//!   their definitions. Start with [`schema::Kinds`].
//! - [`fields`] and [`managed`]: sets of fields (`fieldsV1`) and who owns them (`metadata.managedFields`).
//! - [`typed`]: validate, compare, merge and remove along a type.
//! - [`apply`]: ownership after an apply or another write.
//! - [`strategic`]: strategic merge patches, [`kustomize`]: what kustomize makes of them.
//! - [`normalize`], [`defaults`], [`custom`]: the form and the defaults of objects.
//! - [`server`]: a whole write, from request to next object or refusal. A store needs only this and [`schema`].
//!
//! Values are [`serde_json::Value`]s whose maps are ordered. Everything is a pure function of its arguments.
//!
//! What this crate must not know: files, networks, clocks, environment, stores and watches, Git, rendering, and where
//! objects come from. Times and uids are passed in.

pub mod apply;
pub mod custom;
pub mod defaults;
pub mod fields;
pub mod kustomize;
pub mod managed;
pub mod normalize;
pub mod schema;
pub mod server;
pub mod strategic;
pub mod typed;
pub mod value;
