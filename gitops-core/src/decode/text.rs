//! From the text of a file to values with their lines.

use std::cell::Cell;

use gitops_yaml::{Options, PathSegment, Resolver, Warning, locate, read_documents};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::any::{AnyKind, decode_any_value};
use super::problem::{DecodeError, Problem, Severity};
use super::validate::Validate;
use super::value::{Decoded, Place, decode_value};
use crate::api::{FieldPath, FieldSegment, Schema};

/// How many lines are looked up in a document at most. Each look reads the text again, and who writes a manifest
/// decides how many fields are unknown or wrong; those beyond are reported without their lines.
const MAX_LOOKS: usize = 100;
/// Bytes that are read again for all looks in a document, but for the first look.
const MAX_LOOK_BYTES: usize = 8 << 20;

/// Decodes every document of a text as a `T`. YAML is read as `sigs.k8s.io/yaml` does, as `kubectl` and Argo CD.
///
/// `file` is how errors name the text.
///
/// ```
/// use gitops_core::api::Application;
/// use gitops_core::decode::decode;
///
/// let text = b"metadata: {name: web}\nspec:\n  project: default\n  destination: 5\n";
/// let error = decode::<Application>("web.yaml", text).unwrap_err();
/// assert_eq!(error.to_string(), "web.yaml:4: spec.destination: expected a mapping, found 5");
/// ```
///
/// # Errors
/// For text that is not YAML or breaks a budget, and for the first field that does not have the schema's shape.
pub fn decode<T>(file: &str, text: &[u8]) -> Result<Vec<Decoded<T>>, DecodeError>
where
    T: DeserializeOwned + Schema + Validate,
{
    decode_documents(file, text, decode_value)
}

/// Decodes every document of a text as the kind it says it is.
///
/// # Errors
/// As [`decode`], and for documents of other kinds.
pub fn decode_any(file: &str, text: &[u8]) -> Result<Vec<Decoded<AnyKind>>, DecodeError> {
    decode_documents(file, text, decode_any_value)
}

fn decode_documents<T>(
    file: &str,
    text: &[u8],
    decode_one: impl Fn(&Value, &Place<'_>) -> Result<Decoded<T>, DecodeError>,
) -> Result<Vec<Decoded<T>>, DecodeError> {
    let documents = read_documents(text, &Options::new(Resolver::Sigs))
        .map_err(|error| DecodeError::Read(plain(file, error.line, error.message, Severity::Error)))?;
    let mut found = Vec::with_capacity(documents.len());
    for (number, document) in documents.into_iter().enumerate() {
        let left = Cell::new((MAX_LOOK_BYTES / text.len().max(1)).clamp(1, MAX_LOOKS));
        let line_of = |path: &FieldPath| {
            if path.is_root() {
                return Some(document.line);
            }
            left.set(left.get().checked_sub(1)?);
            locate(text, number, &steps(path)).map(|position| position.line)
        };
        let place = Place { file, document: number, line_of: &line_of };
        let mut decoded = decode_one(&document.value, &place)?;
        let warnings = document.warnings.into_iter();
        decoded
            .problems
            .extend(warnings.map(|Warning { line, message, .. }| plain(file, line, message, Severity::Warning)));
        found.push(decoded);
    }
    Ok(found)
}

/// What the reader says of a line.
fn plain(file: &str, line: usize, message: String, severity: Severity) -> Problem {
    Problem { file: file.to_owned(), line: Some(line), path: FieldPath::root(), message, severity }
}

fn steps(path: &FieldPath) -> Vec<PathSegment> {
    let step = |segment: &FieldSegment| match segment {
        FieldSegment::Key(key) => PathSegment::Key(key.clone().into_owned()),
        FieldSegment::Index(index) => PathSegment::Index(*index),
    };
    path.segments().iter().map(step).collect()
}
