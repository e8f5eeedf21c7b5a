//! Pictures of a plan's graph: Graphviz, and a page that stands alone.

mod dot;
mod html;

pub use dot::dot;
pub use html::html;
