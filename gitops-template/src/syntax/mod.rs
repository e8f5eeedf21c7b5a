//! The language: text to tokens to templates.

pub(crate) mod character;
mod lex;
pub(crate) mod node;
pub(crate) mod number;
mod parse;
mod pipeline;
mod token;

pub use lex::Delimiters;
pub use node::Template;
pub use parse::{ParseError, Templates, parse};
