//! Sets of fields: the `fieldsV1` of `metadata.managedFields`.
//!
//! A [`Set`] is a tree of [`PathElement`]s, as in structured-merge-diff's package `fieldpath`. Reading and printing
//! follow its serialization (`f:` a field, `k:` the keys of a list item, `v:` a value in a set, `i:` an index, `.` the
//! item itself).

mod element;
mod path;
mod serial;
mod set;

pub use element::{Keys, PathElement};
pub use path::Path;
pub use serial::FieldsError;
pub use set::Set;
