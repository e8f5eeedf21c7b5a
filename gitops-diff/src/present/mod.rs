//! Differences to read: as text, as Markdown, as JSON, as JSON patches, and as a page.

mod block;
mod html;
mod json;
mod json_patch;
mod lines;
mod markdown;
mod text;

use crate::ObjectDiff;

pub use html::{PageOptions, html, html_sections};
pub use json::json;
pub use json_patch::json_patch;
pub use markdown::markdown;
pub use text::{TextOptions, text};

/// Differences that belong together, such as those of one Application.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// What they are of.
    pub title: &'a str,
    /// What there is to say beside them.
    pub notes: &'a [String],
    /// The differences.
    pub diffs: &'a [ObjectDiff],
}

#[cfg(test)]
mod tests;
