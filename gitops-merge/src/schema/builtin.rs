//! The table of built-in types.

use super::parse::{Row, TableError, parse};
use super::{Schema, Type, TypeId};

/// The type that accepts anything and merges nothing.
pub(super) const UNTYPED: &str = "__untyped_atomic_";
/// The type that accepts anything and merges maps.
pub(super) const DEDUCED: &str = "__untyped_deduced_";
/// Metadata of every object.
pub(super) const OBJECT_META: &str = "machinery.apis.meta.v1.ObjectMeta";

/// Written by `tools/schema-table`.
const TABLE: &str = include_str!("builtin.table");

pub(super) fn load() -> Result<(Schema, Vec<Row>), TableError> {
    parse(TABLE)
}

/// A named type of a schema.
pub(super) fn named<'a>(schema: &'a Schema, name: &str) -> Option<(TypeId, &'a Type)> {
    schema.iter().find(|(_, known)| known.name.as_deref() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let (schema, rows) = load().unwrap();
        assert!(rows.len() > 60, "{}", rows.len());
        for (_, known) in schema.iter() {
            let empty = known.scalar.is_none() && known.list.is_none() && known.map.is_none();
            assert!(!empty, "{:?} is referred to but not defined", known.name);
        }
        assert!(named(&schema, OBJECT_META).is_some());
    }
}
