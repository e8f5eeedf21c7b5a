use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Place;

/// Something that a render passed over but that its author should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// Which kind.
    pub kind: WarningKind,
    /// Where.
    pub place: Place,
    /// What, in words.
    pub message: String,
}

/// The kinds of warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum WarningKind {
    /// Two objects have one identity; the last one is used.
    DuplicateObject,
    /// A map has a key twice; the last one is used.
    DuplicateKey,
    /// A field has a newer spelling.
    Deprecated,
    /// A file was left out.
    Skipped,
    /// A field that has no effect here.
    Ignored,
    /// Something that a chart, or Helm's rules, have to say.
    Chart,
    /// YAML that other tools may read in another way.
    Yaml,
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, place: Place, message: impl Into<String>) -> Self {
        Self { kind, place, message: message.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.message)
    }
}
