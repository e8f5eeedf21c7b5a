use std::cmp::Ordering;

use super::parts::Parts;
use super::version::{SemverError, Version, compare_prereleases};
use crate::quote::quote;

/// The longest text that is read as a range, in bytes.
const MAX_LENGTH: usize = 512;

/// The most alternatives of a range.
const MAX_GROUPS: usize = 32;

/// A range of versions: comparisons that must all hold, or alternatives of such with `||` between them.
#[derive(Clone, Debug)]
pub struct Constraint {
    groups: Vec<Vec<Comparison>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// Operators as they are written, longer ones before those that they start with.
const OPERATORS: &[(&str, Operator)] = &[
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    ("", Operator::Equal),
];

/// The first number of a version that is left to any value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Major,
    Minor,
    Patch,
}

#[derive(Clone, Debug)]
struct Comparison {
    operator: Operator,
    version: Version,
    open: Open,
}

impl Constraint {
    /// Reads a range.
    ///
    /// # Errors
    /// Where the text is none.
    pub fn parse(text: &str) -> Result<Self, SemverError> {
        if text.len() > MAX_LENGTH {
            return Err(SemverError::ConstraintTooLong(MAX_LENGTH));
        }
        let text = without_hyphens(text);
        if text.split("||").count() > MAX_GROUPS {
            return Err(SemverError::TooManyGroups(MAX_GROUPS));
        }
        Ok(Self { groups: text.split("||").map(group).collect::<Result<_, _>>()? })
    }

    /// Whether a version is in the range. Prereleases are only in alternatives that name one.
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let named = group.iter().any(|comparison| !comparison.version.prerelease.is_empty());
            (named || version.prerelease.is_empty()) && group.iter().all(|comparison| comparison.holds(version))
        })
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

/// What a number in a range is made of: the pipe is there in the original, though nothing is read from it.
fn is_number(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, 'x' | 'X' | '*' | '|')
}

/// Comparisons with blanks or commas between them.
fn group(text: &str) -> Result<Vec<Comparison>, SemverError> {
    let improper = || SemverError::Constraint(quote(text.as_bytes()));
    let mut written = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    loop {
        let (operator, parts, after) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| {
                let version = rest.strip_prefix(sign)?.trim_start_matches(is_blank);
                let (parts, after) = Parts::read(version, is_number)?;
                Some((*operator, parts, after))
            })
            .ok_or_else(improper)?;
        written.push((operator, parts));
        let next = after.trim_start_matches(is_blank);
        if next.is_empty() {
            break;
        }
        rest = match next.strip_prefix(',') {
            Some(next) => next.trim_start_matches(is_blank),
            None if next.len() < after.len() => next,
            None => return Err(improper()),
        };
    }
    written.into_iter().map(|(operator, parts)| Comparison::of(operator, &parts)).collect()
}

impl Comparison {
    fn of(operator: Operator, parts: &Parts<'_>) -> Result<Self, SemverError> {
        let is_open = |number: Option<&str>| matches!(number, None | Some("x" | "X" | "*"));
        let number = |number: Option<&str>| number.unwrap_or("0").to_owned();
        let (major, minor, patch) = (Some(parts.major), parts.minor, parts.patch);
        let (open, numbers, metadata) = if is_open(major) {
            (Open::Major, "0.0.0".to_owned(), "")
        } else if is_open(minor) {
            (Open::Minor, format!("{}.0.0", number(major)), "")
        } else if is_open(patch) {
            (Open::Patch, format!("{}.{}.0", number(major), number(minor)), "")
        } else {
            let numbers = format!("{}.{}.{}", number(major), number(minor), number(patch));
            (Open::Nothing, numbers, parts.metadata)
        };
        let mut text = numbers;
        for (sign, part) in [('-', parts.prerelease), ('+', metadata)] {
            if !part.is_empty() {
                text.push(sign);
                text.push_str(part);
            }
        }
        let version = Version::parse(&text).map_err(|_| SemverError::ConstraintVersion)?;
        Ok(Self { operator, version, open })
    }

    fn holds(&self, other: &Version) -> bool {
        let (own, order) = (&self.version, other.compare(&self.version));
        match self.operator {
            Operator::Equal if self.open == Open::Nothing => order == Ordering::Equal,
            Operator::Equal | Operator::Tilde => self.tilde(other),
            Operator::NotEqual => self.differs(other),
            Operator::Less => order == Ordering::Less,
            Operator::GreaterOrEqual => order != Ordering::Less,
            Operator::Greater => match self.open {
                Open::Nothing => order == Ordering::Greater,
                _ if other.major != own.major => other.major > own.major,
                Open::Minor => false,
                Open::Patch => other.minor > own.minor,
                Open::Major => order == Ordering::Greater,
            },
            Operator::LessOrEqual if self.open == Open::Nothing => order != Ordering::Greater,
            Operator::LessOrEqual => {
                other.major < own.major
                    || (other.major == own.major && (other.minor <= own.minor || self.open == Open::Minor))
            }
            Operator::Caret => order != Ordering::Less && self.caret(other),
        }
    }

    /// The same numbers up to the last but one that is written.
    fn tilde(&self, other: &Version) -> bool {
        let own = &self.version;
        if other.compare(own) == Ordering::Less {
            return false;
        }
        let zero = own.major == 0 && own.minor == 0 && own.patch == 0;
        if zero && !matches!(self.open, Open::Minor | Open::Patch) {
            return true;
        }
        other.major == own.major && (other.minor == own.minor || self.open == Open::Minor)
    }

    fn differs(&self, other: &Version) -> bool {
        let own = &self.version;
        if self.open != Open::Nothing {
            if other.major != own.major {
                return true;
            }
            if self.open == Open::Minor {
                return false;
            }
            if other.minor != own.minor {
                return true;
            }
            if self.open == Open::Patch {
                return compare_prereleases(&other.prerelease, &own.prerelease) != Ordering::Equal;
            }
            if other.patch != own.patch {
                return true;
            }
        }
        other.compare(own) != Ordering::Equal
    }

    /// The same first number that is not zero.
    fn caret(&self, other: &Version) -> bool {
        let own = &self.version;
        if own.major > 0 || self.open == Open::Minor {
            return other.major == own.major;
        }
        if other.major > 0 {
            return false;
        }
        if own.minor > 0 || self.open == Open::Patch {
            return other.minor == own.minor;
        }
        other.minor == 0 && other.patch == own.patch
    }
}

/// A text with each `1.2 - 1.4` as `>= 1.2, <= 1.4`.
fn without_hyphens(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match hyphenated(rest) {
            Some((low, high, after)) => {
                out.push_str(&format!(">= {low}, <= {high} "));
                rest = after;
            }
            None => {
                out.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// The two versions of a range with a hyphen at the start of a text, and what comes after it.
fn hyphenated(text: &str) -> Option<(&str, &str, &str)> {
    let version = |text| {
        let (_, after) = Parts::read(text, is_number)?;
        let length = text.len() - after.len();
        Some((text.get(..length)?, after))
    };
    let blanks = |text: &'_ str| text.len() - text.trim_start_matches(is_blank).len();
    let (low, after) = version(text.trim_start_matches(is_blank))?;
    if blanks(after) == 0 {
        return None;
    }
    let after = after.trim_start_matches(is_blank).strip_prefix('-')?;
    if blanks(after) == 0 {
        return None;
    }
    let (high, after) = version(after.trim_start_matches(is_blank))?;
    Some((low, high, after.trim_start_matches(is_blank)))
}
