//! Ranges of semantic versions, as Argo CD reads them in `targetRevision`.
//!
//! The rules are those of Masterminds/semver 3.4 (its README, "Checking Version Constraints"), which Argo CD uses.

use std::cmp::Ordering;
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease, Version};
use thiserror::Error;

/// Bytes of a range that are read at most.
const MAX_LENGTH: usize = 1024;

/// A range of versions: alternatives by `||`, each of comparisons that must all hold, by spaces or commas.
///
/// Comparisons are `=`, `!=`, `>`, `<`, `>=`, `<=`, `~` (the same minor version), `^` (the same major version), none, and
/// `1.0 - 2.0`. A part of a version may be `x`, `X`, `*` or missing. A pre-release matches only where the
/// alternative names one (`>=1.0.0-0`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    alternatives: Vec<Vec<Comparator>>,
}

/// Why a text is no range of versions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no range of versions")]
pub struct ConstraintError {
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

/// The longer spelling stands before the shorter one that it starts with.
const OPERATORS: &[(&str, Operator)] = &[
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

/// The last part of a version that a range fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fixed {
    Nothing,
    Major,
    Minor,
    Patch,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparator {
    operator: Operator,
    version: Version,
    fixed: Fixed,
}

impl FromStr for Constraint {
    type Err = ConstraintError;

    fn from_str(text: &str) -> Result<Self, ConstraintError> {
        let parse = || text.split("||").map(alternative).collect::<Option<Vec<_>>>();
        let alternatives = if text.len() > MAX_LENGTH { None } else { parse() };
        alternatives.map(|alternatives| Self { alternatives }).ok_or_else(|| ConstraintError { text: text.into() })
    }
}

impl Constraint {
    /// Whether a version lies in the range.
    pub fn matches(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|all| {
            let names_pre = all.iter().any(|one| !one.version.pre.is_empty());
            (version.pre.is_empty() || names_pre) && all.iter().all(|one| one.matches(version))
        })
    }

    /// The tag with the highest version in the range; the first of equal ones. Other tags are passed over.
    ///
    /// Version 0.0.0 and its pre-releases are never taken, as in Argo CD.
    pub fn highest<'a>(&self, tags: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let mut best: (Version, Option<&str>) = (Version::new(0, 0, 0), None);
        for tag in tags {
            let Some(version) = parse_version(tag) else { continue };
            if self.matches(&version) && version.cmp_precedence(&best.0) == Ordering::Greater {
                best = (version, Some(tag));
            }
        }
        best.1
    }
}

/// A version from a tag's name: a leading `v` and missing parts are allowed.
pub(crate) fn parse_version(text: &str) -> Option<Version> {
    let (version, fixed) = partial_version(text)?;
    let wild = text.split(['-', '+']).next().unwrap_or_default().contains(['x', 'X', '*']);
    (fixed != Fixed::Nothing && !wild).then_some(version)
}

fn alternative(text: &str) -> Option<Vec<Comparator>> {
    let mut comparators = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (comparator, spelled, after) = comparator(rest)?;
        let after = after.trim_start();
        let upper = after.strip_prefix("- ").filter(|_| !spelled && after.len() < rest.len());
        if let Some(upper) = upper {
            let (upper, spelled, after) = self::comparator(upper.trim_start())?;
            if spelled {
                return None;
            }
            comparators.push(Comparator { operator: Operator::GreaterEqual, ..comparator });
            comparators.push(Comparator { operator: Operator::LessEqual, ..upper });
            rest = after.trim_start();
        } else {
            comparators.push(comparator);
            rest = after;
        }
        if rest.is_empty() {
            return Some(comparators);
        }
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
}

/// A comparison at the start of a text, whether its operator is spelled, and the text after it.
fn comparator(text: &str) -> Option<(Comparator, bool, &str)> {
    let spelled = OPERATORS.iter().find_map(|(spelling, operator)| Some((*operator, text.strip_prefix(spelling)?)));
    let (operator, rest) = spelled.unwrap_or((Operator::Equal, text));
    let rest = rest.trim_start();
    let end = rest.find(|char: char| char.is_whitespace() || char == ',').unwrap_or(rest.len());
    let (version, rest) = rest.split_at(end);
    let (version, fixed) = partial_version(version)?;
    Some((Comparator { operator, version, fixed }, spelled.is_some(), rest))
}

/// A version of one to three parts, of which the last may be wild cards.
fn partial_version(text: &str) -> Option<(Version, Fixed)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = text.split_once('+').map_or((text, ""), |(text, build)| (text, build));
    let (numbers, pre) = text.split_once('-').map_or((text, ""), |(numbers, pre)| (numbers, pre));
    let mut parts = numbers.split('.');
    let (major, minor, patch) = (number(parts.next()?)?, parts.next(), parts.next());
    if parts.next().is_some() || (text.contains('-') && pre.is_empty()) {
        return None;
    }
    let (minor, patch) = (minor.map_or(Some(None), number)?, patch.map_or(Some(None), number)?);
    // What follows a wild card has no meaning.
    let (fixed, version) = match (major, minor, patch) {
        (None, ..) => (Fixed::Nothing, Version::new(0, 0, 0)),
        (Some(major), None, _) => (Fixed::Major, Version::new(major, 0, 0)),
        (Some(major), Some(minor), None) => (Fixed::Minor, Version::new(major, minor, 0)),
        (Some(major), Some(minor), Some(patch)) => (Fixed::Patch, Version::new(major, minor, patch)),
    };
    let (pre, build) = (Prerelease::new(pre).ok()?, BuildMetadata::new(build).ok()?);
    Some((Version { pre, build, ..version }, fixed))
}

/// A part of a version; the inner none is a wild card.
fn number(text: &str) -> Option<Option<u64>> {
    match text {
        "x" | "X" | "*" => Some(None),
        digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().map(Some)
        }
        _ => None,
    }
}

impl Comparator {
    fn matches(&self, version: &Version) -> bool {
        let order = version.cmp_precedence(&self.version);
        match self.operator {
            Operator::Equal if self.fixed == Fixed::Patch => order.is_eq(),
            Operator::Equal | Operator::Tilde => self.tilde(version, order),
            Operator::NotEqual => self.not_equal(version, order),
            Operator::Greater => self.greater(version, order),
            Operator::Less => order.is_lt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::LessEqual => self.less_equal(version, order),
            Operator::Caret => self.caret(version, order),
        }
    }

    fn same_major(&self, version: &Version) -> bool {
        version.major == self.version.major
    }

    fn same_minor(&self, version: &Version) -> bool {
        self.same_major(version) && version.minor == self.version.minor
    }

    fn tilde(&self, version: &Version, order: Ordering) -> bool {
        let zero = (self.version.major, self.version.minor, self.version.patch) == (0, 0, 0);
        let any = zero && matches!(self.fixed, Fixed::Nothing | Fixed::Patch);
        let same = if self.fixed == Fixed::Major { self.same_major(version) } else { self.same_minor(version) };
        order.is_ge() && (any || same)
    }

    fn not_equal(&self, version: &Version, order: Ordering) -> bool {
        match self.fixed {
            Fixed::Patch => order.is_ne(),
            Fixed::Major => !self.same_major(version),
            Fixed::Minor => !self.same_minor(version) || version.pre != self.version.pre,
            Fixed::Nothing => order.is_ne(),
        }
    }

    fn greater(&self, version: &Version, order: Ordering) -> bool {
        match self.fixed {
            Fixed::Major => version.major > self.version.major,
            Fixed::Minor => (version.major, version.minor) > (self.version.major, self.version.minor),
            Fixed::Patch | Fixed::Nothing => order.is_gt(),
        }
    }

    fn less_equal(&self, version: &Version, order: Ordering) -> bool {
        match self.fixed {
            Fixed::Patch => order.is_le(),
            Fixed::Major => version.major <= self.version.major,
            Fixed::Minor | Fixed::Nothing => (version.major, version.minor) <= (self.version.major, self.version.minor),
        }
    }

    fn caret(&self, version: &Version, order: Ordering) -> bool {
        let same = match self.fixed {
            Fixed::Major => self.same_major(version),
            _ if self.version.major > 0 => self.same_major(version),
            Fixed::Minor => self.same_minor(version),
            _ if self.version.minor > 0 => self.same_minor(version),
            Fixed::Patch | Fixed::Nothing => self.same_minor(version) && version.patch == self.version.patch,
        };
        order.is_ge() && same
    }
}

#[cfg(test)]
mod tests;
