//! Differences to read: as text, and as JSON.

mod block;
mod json;
mod text;

pub use json::json;
pub use text::{TextOptions, text};
