//! Go's text templates as Helm, ApplicationSets and notifications use them, with their functions.
//!
//! A file is read once into templates that any number of renders share, on any thread ([`parse`]). A [`TemplateSet`]
//! names them, and a [`Render`] executes one of them over a [`Value`], under budgets. What a render could learn of the
//! world outside, the time included, it asks of a [`Host`], so that the same inputs give the same bytes.
//!
//! Behaviour and words of errors follow Go 1.26's `text/template`, sprig 3.3 and Helm 3.22.
//!
//! # What this crate must not know
//! Kubernetes, charts, files, the network, the clock of the machine.

mod execute;
mod functions;
mod host;
mod json;
mod keys;
mod pattern;
mod pem;
mod print;
mod quote;
pub mod semver;
mod syntax;
mod time;
mod toml;
mod url;
mod value;

pub use execute::{ExecuteError, Limits, MissingKey, Options, Place, Render, TemplateSet, without_no_value};
pub use functions::{Arguments, Call, Failure, Function, Functions, Parameter, Signature};
pub use host::{Fixed, Host};
pub use keys::{Certificate, CertificateRequest, KeyKind, KeyMaker};
pub use print::{print_by_verb, print_value};
pub use syntax::{Delimiters, ParseError, Template, Templates, parse};
pub use value::{Element, FromJson, List, Map, MapKind, Object, Text, Value, from_json, to_json, to_yaml};
