//! YAML as the Go tools of Kubernetes read it, and the bytes that they write.
//!
//! # What this crate must not know
//! Kubernetes, files, and which tool asks: the caller names the [`Resolver`] that its tool has.

mod anchors;
mod binary;
mod block;
mod compose;
mod error;
mod fold;
mod input;
mod keys;
mod limits;
mod locate;
mod number;
mod resolve;
mod rewrite;
mod write;

pub use error::ReadError;
pub use limits::Limits;
pub use locate::{PathSegment, Position, locate, locate_many};
pub use number::{go_float, go_number};
pub use rewrite::rewrite;
pub use write::{write, write_documents, write_pretty, write_to};

use serde_json::Value;

/// Whose reading of plain scalars, keys and duplicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolver {
    /// kustomize's kyaml (go-yaml v3): `yes` is a string, dates are times, keys stay, duplicate keys are refused.
    Kyaml,
    /// `sigs.k8s.io/yaml` (go-yaml v2): `yes` is true, dates are strings, key `n` is `false`, the last duplicate wins.
    Sigs,
}

/// What becomes of a key that is set twice in one map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DuplicateKeys {
    /// An error that names both lines.
    Refuse,
    /// The last one wins, with a warning that names both lines.
    LastWins,
}

/// How a text is read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Whose reading.
    pub resolver: Resolver,
    /// Budgets.
    pub limits: Limits,
    /// What becomes of duplicate keys; the resolver's own rule unless changed.
    pub duplicate_keys: DuplicateKeys,
    /// The keys that lead to a map whose scalars are texts as they stand, nulls apart: `version: 1.10` is `"1.10"` there.
    pub texts_at: Option<&'static [&'static str]>,
}

impl Options {
    /// A resolver's reading under default budgets.
    pub fn new(resolver: Resolver) -> Self {
        let duplicate_keys = match resolver {
            Resolver::Kyaml => DuplicateKeys::Refuse,
            Resolver::Sigs => DuplicateKeys::LastWins,
        };
        Self { resolver, limits: Limits::default(), duplicate_keys, texts_at: None }
    }
}

/// One document of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its value.
    pub value: Value,
    /// The line of its first content, counted from 1.
    pub line: usize,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
}

/// Something that is read, but may not be meant so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The line, counted from 1.
    pub line: usize,
    /// The line of the other place that it is about.
    pub first_line: usize,
    /// What is wrong, naming both lines.
    pub message: String,
}

/// The documents of a stream; empty ones are left out. JSON is YAML.
///
/// # Errors
/// Where the text is not YAML, has no form in JSON, or breaks a budget.
pub fn read_documents(text: &[u8], options: &Options) -> Result<Vec<Document>, ReadError> {
    let limit = options.limits.max_bytes;
    if text.len() > limit {
        return Err(ReadError::new(1, 1, format!("the text has {} bytes, more than the {limit} allowed", text.len())));
    }
    let text = input::decode(text)?;
    let length = text.len();
    compose::Composer::new(&input::end_line(text), length, options).documents()
}

/// Whether a text is read as that text where it stands without quotes: not as a number, a truth value, null, or YAML's own
/// signs.
#[must_use]
pub fn is_plain(text: &str, resolver: Resolver) -> bool {
    write::may_be_plain(text) && resolve::is_string(text, resolver)
}

/// What a text means where it stands without quotes; where it cannot stand so, it is that text.
#[must_use]
pub fn plain(text: &str, resolver: Resolver) -> Value {
    let unquoted = write::may_be_plain(text).then(|| resolve::plain(text, resolver)).flatten();
    unquoted.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The only document of a stream; null where there is none.
///
/// # Errors
/// As [`read_documents`], and where there are several.
pub fn read_one(text: &[u8], options: &Options) -> Result<Value, ReadError> {
    let mut documents = read_documents(text, options)?;
    if let Some(second) = documents.get(1) {
        return Err(ReadError::new(second.line, 1, "expected a single document".into()));
    }
    Ok(documents.pop().map_or(Value::Null, |document| document.value))
}

/// The first document of a text as `sigs.k8s.io/yaml` reads it, null where there is none. What comes after it is not
/// looked at.
///
/// # Errors
/// Where it is not well-formed, in the words of that library.
pub fn read_first(text: &[u8], limits: &Limits) -> Result<Value, String> {
    let mut options = Options::new(Resolver::Sigs);
    options.limits = limits.clone();
    if text.len() > options.limits.max_bytes {
        return Err(format!("yaml: the text has more than the {} bytes allowed", options.limits.max_bytes));
    }
    let words = |error: ReadError| error.into_go_words();
    let decoded = input::decode(text).map_err(words)?;
    if let Some(value) = block::read(&decoded, limits) {
        return Ok(value);
    }
    let length = decoded.len();
    let ended = input::end_line(decoded);
    compose::Composer::new(&ended, length, &options).first().map_err(|error| {
        // Marks count from the text as it is, which may not end its last line.
        let original = ended.get(..length).unwrap_or_default();
        compose::syntax_error(original).unwrap_or(error).into_go_words()
    })
}

#[cfg(test)]
mod tests;
