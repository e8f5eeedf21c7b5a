//! JSON as Go's `encoding/json` reads and writes it, with its errors.

mod read;
mod write;

pub(crate) use read::{Unread, from_json_text};
pub(crate) use write::{Style, to_json_text};
