//! The type of an object in each of its versions.

use crate::schema::{Kind, Kinds, Schema, TypeId};

/// Finds the type in which a manager's fields are named.
///
/// Values are taken to read the same in every version of a kind, which holds for custom kinds without a conversion
/// webhook and for the built-in kinds that have one version.
#[derive(Debug, Clone, Copy)]
pub struct Versions<'a> {
    kinds: &'a Kinds,
    kind: &'a Kind,
}

impl<'a> Versions<'a> {
    /// The versions of `kind` among `kinds`.
    #[must_use]
    pub fn new(kinds: &'a Kinds, kind: &'a Kind) -> Self {
        Self { kinds, kind }
    }

    /// The kind as it is written.
    #[must_use]
    pub fn kind(&self) -> &'a Kind {
        self.kind
    }

    /// The type in one version; none where that version is not served.
    #[must_use]
    pub fn get(&self, api_version: &str) -> Option<(&'a Schema, TypeId)> {
        if api_version == self.kind.api_version {
            return Some((&self.kind.schema, self.kind.type_id));
        }
        self.kinds.get(api_version, &self.kind.kind).map(|kind| (&kind.schema, kind.type_id))
    }
}
