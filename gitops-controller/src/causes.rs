//! Errors with their causes, for where only a text is kept of them.

use std::error::Error;

/// What an error and its causes say, from the outer to the inner.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
