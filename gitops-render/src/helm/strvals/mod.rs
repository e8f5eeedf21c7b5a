//! Single values as `--set` and its relatives write them, by the rules of Helm 3.22's package `strvals`.

mod grammar;
mod parser;
mod scanner;

use serde_json::{Map, Value};
use thiserror::Error;

use grammar::Grammar;
use parser::Parser;

/// What one option sets, in the text that the user gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `--set`: whole numbers, truths and null are what they look like, everything else is text.
    Set(String),
    /// `--set-string`: every value is text.
    SetString(String),
    /// `--set-json`: every value is JSON; an empty one is null.
    SetJson(String),
    /// `--set-literal`: one value, which is text up to the end, commas and backslashes included.
    SetLiteral(String),
    /// `--set-file`: every value is the name of a file, whose content is set.
    SetFile(String),
}

/// Why a setting cannot be carried out. The words are Helm's, save those about budgets.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StrvalsError {
    /// A name that no `=` follows.
    #[error("key {0} has no value")]
    NoValue(String),
    /// A name that a comma follows.
    #[error("key {0} has no value (cannot end with ,)")]
    NoValueBeforeComma(String),
    /// A name with a dot behind which nothing is set.
    #[error("key map {0} has no value")]
    EmptyMap(String),
    /// More names with dots between them than are allowed.
    #[error("value name nested level is greater than maximum supported nested level of {0}")]
    TooDeep(usize),
    /// What stands between brackets is no number.
    #[error("error parsing index: {0}")]
    Index(String),
    /// A number below zero stands between brackets.
    #[error("negative {0} index not allowed")]
    Negative(i64),
    /// A number between brackets is larger than is allowed.
    #[error("index of {index} is greater than maximum supported index of {limit}")]
    TooLarge {
        /// The number.
        index: i64,
        /// The largest that is allowed.
        limit: usize,
    },
    /// Something stands between a bracket and what may follow it.
    #[error("unexpected data at end of array index: {0}")]
    AfterIndex(String),
    /// A list without its closing brace.
    #[error("list must terminate with '}}'")]
    OpenList,
    /// Something is there already, and is of another type.
    #[error("unable to parse key: interface conversion: interface {{}} is {found}, not {wanted}")]
    Mismatch {
        /// Go's type of what is there.
        found: &'static str,
        /// Go's type of what the setting takes it for.
        wanted: &'static str,
    },
    /// A value that should be JSON is none.
    #[error("the value is no JSON")]
    Json(#[source] serde_json::Error),
    /// A file cannot be read.
    #[error("{0}")]
    File(String),
    /// Indexes of indexes, deeper than is allowed.
    #[error("lists are nested deeper than the {0} levels allowed")]
    TooNested(usize),
    /// Places in lists that nothing is set to, more than are allowed.
    #[error("lists are filled up with more than the {0} places allowed")]
    TooSparse(usize),
}

/// Carries out a setting in `values`. `read` gives the content of a file by its name.
///
/// Whole numbers of `--set` stay whole, as Go's `int64`; those of `--set-json` are floats.
///
/// # Errors
/// Where the text is malformed, a budget is passed, or a value that is there has another type. What was set before
/// that stays set, and lists and maps on the way may be gone.
pub fn apply(
    setting: &Setting,
    values: &mut Map<String, Value>,
    read: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<(), StrvalsError> {
    let (text, grammar) = match setting {
        Setting::Set(text) => (text, Grammar::Typed),
        Setting::SetString(text) => (text, Grammar::Text),
        Setting::SetJson(text) => (text, Grammar::Json),
        Setting::SetLiteral(text) => (text, Grammar::Literal),
        Setting::SetFile(text) => (text, Grammar::File(read)),
    };
    Parser::new(text, grammar).parse(values)
}

#[cfg(test)]
mod tests;
