//! Patterns as Argo CD matches them. There are two notations: that of its glob library (github.com/gobwas/glob, version 1.1),
//! which most fields have, and that of Go's `path/filepath.Match`, which the lists of kinds have. Both become one regular
//! expression, which takes time in proportion to the text, whatever the pattern.

mod braces;
mod path;
mod regular;
mod term;

use regex::Regex;
use thiserror::Error;

pub use regular::RegularExpression;
use term::Term;

/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 4096;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Glob {
    text: String,
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    Literal(String),
    Regular(Regex),
    Nothing,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{pattern}` is no pattern: {reason}")]
pub struct GlobError {
    /// The text.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Glob {
    /// Reads a pattern whose `*` and `?` match anything.
    ///
    /// # Errors
    /// Where the text is no pattern.
    pub fn parse(pattern: &str) -> Result<Self, GlobError> {
        Self::compile(pattern, "", braces::parse)
    }

    /// A pattern whose `*` and `?` match anything; where the text is no pattern, one that matches nothing, as Argo CD
    /// takes it.
    pub fn new(pattern: &str) -> Self {
        Self::lenient(pattern, Self::parse(pattern))
    }

    /// A pattern whose `*` and `?` end at these characters, while `**` does not.
    pub fn with_separators(pattern: &str, separators: &str) -> Self {
        Self::lenient(pattern, Self::compile(pattern, separators, braces::parse))
    }

    /// A pattern in the notation of Go's `filepath.Match`, whose `*` and `?` end at a slash.
    pub fn path(pattern: &str) -> Self {
        Self::lenient(pattern, Self::compile(pattern, "/", path::parse))
    }

    fn lenient(pattern: &str, compiled: Result<Self, GlobError>) -> Self {
        compiled.unwrap_or_else(|_| Self { text: pattern.into(), matcher: Matcher::Nothing })
    }

    fn compile(
        pattern: &str,
        separators: &str,
        parse: fn(&str) -> Result<Vec<Term>, &'static str>,
    ) -> Result<Self, GlobError> {
        let wrong = |reason| GlobError { pattern: pattern.into(), reason };
        if pattern.len() > MAX_LENGTH {
            return Err(wrong("it is too long"));
        }
        let terms = parse(pattern).map_err(wrong)?;
        let matcher = match terms.as_slice() {
            [] => Matcher::Literal(String::new()),
            [Term::Text(text)] => Matcher::Literal(text.clone()),
            terms => {
                let regular = Regex::new(&term::regular(terms, separators));
                Matcher::Regular(regular.map_err(|_| wrong("it is too large"))?)
            }
        };
        Ok(Self { text: pattern.into(), matcher })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches the whole text.
    pub fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Literal(literal) => literal == text,
            Matcher::Regular(regular) => regular.is_match(text),
            Matcher::Nothing => false,
        }
    }
}

/// A pattern that may be turned round by a `!` before it, and of which `*` alone matches everything (Argo CD's `globMatch`).
#[derive(Clone, Debug)]
pub struct Rule {
    glob: Glob,
    is_negated: bool,
    is_everything: bool,
}

impl Rule {
    /// Reads a pattern to which `!` is a letter as any other.
    pub fn plain(pattern: &str, separators: &str) -> Self {
        let glob = Glob::with_separators(pattern, separators);
        Self { glob, is_negated: false, is_everything: pattern == "*" }
    }

    /// Reads a pattern with or without `!`.
    pub fn new(pattern: &str, separators: &str) -> Self {
        match pattern.strip_prefix('!') {
            Some(rest) => Self { is_negated: true, is_everything: false, ..Self::plain(rest, separators) },
            None => Self::plain(pattern, separators),
        }
    }

    /// Whether it is `*` alone.
    pub fn is_everything(&self) -> bool {
        self.is_everything
    }

    /// Whether it begins with `!`.
    pub fn is_negated(&self) -> bool {
        self.is_negated
    }

    /// Whether the text is meant by it: matched, or with `!` not matched.
    pub fn allows(&self, text: &str) -> bool {
        self.is_everything || self.glob.matches(text) != self.is_negated
    }
}

/// How the elements of a [`PatternList`] are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListMode {
    /// As texts.
    Exact,
    /// As globs.
    Glob,
    /// As globs and, between slashes, as regular expressions.
    Regular,
}

/// A list of patterns, one of which has to match (Argo CD's `MatchStringInList`).
#[derive(Clone, Debug)]
pub struct PatternList(Vec<Element>);

#[derive(Clone, Debug)]
enum Element {
    Exact(String),
    Glob(Glob),
    Either(Glob, RegularExpression),
}

impl PatternList {
    /// Reads a list.
    pub fn new<'a>(mode: ListMode, patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let element = |pattern: &str| match mode {
            ListMode::Exact => Element::Exact(pattern.into()),
            ListMode::Glob => Element::Glob(Glob::new(pattern)),
            ListMode::Regular => match between_slashes(pattern).and_then(RegularExpression::parse) {
                Some(regular) => Element::Either(Glob::new(pattern), regular),
                None => Element::Glob(Glob::new(pattern)),
            },
        };
        Self(patterns.into_iter().map(element).collect())
    }

    /// Whether one of them matches: a text or glob the whole text, a regular expression some part of it.
    pub fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|element| match element {
            Element::Exact(exact) => exact == text,
            Element::Glob(glob) => glob.matches(text),
            Element::Either(glob, regular) => glob.matches(text) || regular.is_match(text),
        })
    }
}

fn between_slashes(pattern: &str) -> Option<&str> {
    pattern.strip_prefix('/')?.strip_suffix('/')
}

#[cfg(test)]
mod tests;
