//! What patterns are made of, and how that is said as a regular expression.

use std::fmt::Write;

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// This text.
    Text(String),
    /// Any number of characters, up to a separator.
    Any,
    /// Any number of characters.
    Super,
    /// One character that is no separator.
    One,
    /// One character of these ranges, or outside them.
    Class { ranges: Vec<(char, char)>, is_negated: bool },
    /// One of several patterns.
    Alternatives(Vec<Vec<Term>>),
}

/// A regular expression for the whole of a text.
pub(super) fn regular(terms: &[Term], separators: &str) -> String {
    let any = match separators {
        "" => ".".to_owned(),
        separators => class(separators.chars().map(|one| (one, one)), true),
    };
    let mut out = String::from(r"(?s)\A");
    write_terms(&mut out, terms, &any);
    out.push_str(r"\z");
    out
}

fn write_terms(out: &mut String, terms: &[Term], any: &str) {
    for term in terms {
        match term {
            Term::Text(text) => out.push_str(&regex::escape(text)),
            Term::Any => out.extend([any, "*"]),
            Term::Super => out.push_str(".*"),
            Term::One => out.push_str(any),
            Term::Class { ranges, is_negated } => out.push_str(&class(ranges.iter().copied(), *is_negated)),
            Term::Alternatives(alternatives) => {
                out.push_str("(?:");
                for (index, alternative) in alternatives.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "|" });
                    write_terms(out, alternative, any);
                }
                out.push(')');
            }
        }
    }
}

fn class(ranges: impl Iterator<Item = (char, char)>, is_negated: bool) -> String {
    let mut out = String::from(if is_negated { "[^" } else { "[" });
    for (low, high) in ranges {
        // A string takes any text.
        let _ = write!(out, r"\x{{{:x}}}-\x{{{:x}}}", u32::from(low), u32::from(high));
    }
    out.push(']');
    out
}
