//! Executing templates, as Go 1.26's `text/template` does.

mod arguments;
mod call;
mod error;
mod fields;
mod frame;
mod options;
mod pipeline;
mod render;
mod set;
mod walk;

pub use error::{ExecuteError, Place};
pub use options::{Limits, MissingKey, Options};
pub use render::{Render, without_no_value};
pub use set::TemplateSet;
