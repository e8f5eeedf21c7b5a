//! Says what was expected and what was found, in the words of YAML rather than of Rust.

use serde_json::Value;

use crate::api::{FieldPath, FieldSegment};

/// Longest text of a value that is shown, in characters.
const SHOWN: usize = 60;

/// Turns what serde says about the value at `path` into a path and a message. `root` is the document.
///
/// A missing field is moved into the path, so that it can be looked for by its name.
pub(super) fn translate(root: &Value, mut path: FieldPath, said: &str) -> (FieldPath, String) {
    if let Some(field) = said.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        path.push_key(field.to_owned());
        return (path, "required field is missing".to_owned());
    }
    let mismatch = ["invalid type: ", "invalid value: "].iter().any(|prefix| said.starts_with(prefix));
    if let (true, Some((_, expected))) = (mismatch, said.rsplit_once(", expected ")) {
        let found = at(root, &path).map_or_else(|| "nothing".to_owned(), describe);
        return (path, format!("expected {}, found {found}", expected_in_words(expected)));
    }
    (path, said.to_owned())
}

/// Serde names Rust's types where a schema says nothing of its own.
fn expected_in_words(expected: &str) -> &str {
    match expected {
        "a sequence" => "a list",
        "a map" => "a mapping",
        "i64" => "an integer",
        "i32" => "a 32-bit integer",
        "u32" | "u64" | "usize" => "an integer that is not negative",
        "f64" => "a number",
        other if other.starts_with("struct ") => "a mapping",
        other => other,
    }
}

/// A value in a message: scalars as they are, the rest by their kind.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.chars().count() <= SHOWN => format!("{text:?}"),
        Value::String(text) => {
            let start: String = text.chars().take(SHOWN).collect();
            format!("{start:?}...")
        }
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// The value at a path.
pub(super) fn at<'a>(root: &'a Value, path: &FieldPath) -> Option<&'a Value> {
    path.segments().iter().try_fold(root, |value, segment| match segment {
        FieldSegment::Key(key) => value.get(key.as_ref()),
        FieldSegment::Index(index) => value.get(index),
    })
}

/// The path serde had come to.
pub(super) fn path_of(path: &serde_path_to_error::Path) -> FieldPath {
    use serde_path_to_error::Segment;
    let mut found = FieldPath::root();
    for segment in path {
        match segment {
            Segment::Seq { index } => found.push_index(*index),
            Segment::Map { key } => found.push_key(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    found
}
