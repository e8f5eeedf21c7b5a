//! Differences to read: as text, as JSON, as JSON patches, and as a page.

mod block;
mod html;
mod json;
mod json_patch;
mod lines;
mod text;

pub use html::{PageOptions, html};
pub use json::json;
pub use json_patch::json_patch;
pub use text::{TextOptions, text};

#[cfg(test)]
mod tests;
