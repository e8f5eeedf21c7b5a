use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

use super::parts::Parts;

/// The longest text that is read as a version, in bytes.
const MAX_LENGTH: usize = 256;

/// Why a text is no version, or no range of versions.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SemverError {
    /// It isn't written like a version.
    #[error("invalid semantic version")]
    Invalid,
    /// A number of a prerelease has a zero before it.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// A prerelease has other characters than letters, digits and hyphens.
    #[error("invalid prerelease string")]
    Prerelease,
    /// A build has other characters than letters, digits and hyphens.
    #[error("invalid metadata string")]
    Metadata,
    /// A number is larger than 64 bits.
    #[error("error parsing version segment: strconv.ParseUint: parsing \"{0}\": value out of range")]
    TooLarge(String),
    /// It is longer than 256 bytes.
    #[error("version string is too long (max {MAX_LENGTH} bytes)")]
    TooLong,
    /// A number would grow beyond 64 bits.
    #[error("{0} version increment would overflow uint64")]
    Overflow(&'static str),
    /// It isn't written like a range.
    #[error("improper constraint: {0}")]
    Constraint(String),
    /// A number in a range is none.
    #[error("constraint parser error")]
    ConstraintVersion,
    /// A range is longer than 512 bytes.
    #[error("constraint string is too long (max {0} bytes)")]
    ConstraintTooLong(usize),
    /// A range has more than 32 alternatives.
    #[error("too many constraint groups (max {0})")]
    TooManyGroups(usize),
}

/// A semantic version. Numbers that are left out are 0, and a `v` may stand before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
    /// What stands behind the hyphen, empty for a release.
    pub prerelease: String,
    /// What stands behind the plus.
    pub metadata: String,
    /// The text that it was read from.
    pub original: String,
}

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    /// Where the text is none.
    pub fn parse(text: &str) -> Result<Self, SemverError> {
        if text.len() > MAX_LENGTH {
            return Err(SemverError::TooLong);
        }
        let digit = |character: char| character.is_ascii_digit();
        let Some((parts, "")) = Parts::read(text, digit) else { return Err(SemverError::Invalid) };
        let number = |digits: &str| digits.parse().map_err(|_| SemverError::TooLarge(digits.to_owned()));
        let version = Self {
            major: number(parts.major)?,
            minor: number(parts.minor.unwrap_or("0"))?,
            patch: number(parts.patch.unwrap_or("0"))?,
            prerelease: parts.prerelease.to_owned(),
            metadata: parts.metadata.to_owned(),
            original: text.to_owned(),
        };
        if !version.prerelease.is_empty() {
            check_prerelease(&version.prerelease)?;
        }
        Ok(version)
    }

    /// Which is the later version. Builds of one version are equal.
    pub fn compare(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prereleases(&self.prerelease, &other.prerelease),
            }
        })
    }

    /// The next version that differs in the third number; the release of a prerelease.
    ///
    /// # Errors
    /// Where the number is the largest.
    pub fn next_patch(&self) -> Result<Self, SemverError> {
        let patch = match self.prerelease.as_str() {
            "" => self.patch.checked_add(1).ok_or(SemverError::Overflow("patch"))?,
            _ => self.patch,
        };
        Ok(self.with_numbers(self.major, self.minor, patch))
    }

    /// The next version that differs in the second number.
    ///
    /// # Errors
    /// Where the number is the largest.
    pub fn next_minor(&self) -> Result<Self, SemverError> {
        let minor = self.minor.checked_add(1).ok_or(SemverError::Overflow("minor"))?;
        Ok(self.with_numbers(self.major, minor, 0))
    }

    /// The next version that differs in the first number.
    ///
    /// # Errors
    /// Where the number is the largest.
    pub fn next_major(&self) -> Result<Self, SemverError> {
        let major = self.major.checked_add(1).ok_or(SemverError::Overflow("major"))?;
        Ok(self.with_numbers(major, 0, 0))
    }

    /// The same version as another prerelease, or as a release.
    ///
    /// # Errors
    /// Where the text is no prerelease.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Self, SemverError> {
        if !prerelease.is_empty() {
            check_prerelease(prerelease)?;
        }
        Ok(Self { prerelease: prerelease.to_owned(), ..self.clone() }.written_as(self))
    }

    /// The same version as another build.
    ///
    /// # Errors
    /// Where the text names no build.
    pub fn with_metadata(&self, metadata: &str) -> Result<Self, SemverError> {
        if !metadata.is_empty() && !metadata.split('.').all(|part| !part.is_empty() && part.chars().all(is_allowed)) {
            return Err(SemverError::Metadata);
        }
        Ok(Self { metadata: metadata.to_owned(), ..self.clone() }.written_as(self))
    }

    fn with_numbers(&self, major: u64, minor: u64, patch: u64) -> Self {
        let (prerelease, metadata, original) = Default::default();
        Self { major, minor, patch, prerelease, metadata, original }.written_as(self)
    }

    /// With a text that has a `v` where another's has one.
    fn written_as(mut self, other: &Self) -> Self {
        let v = if other.original.starts_with('v') { "v" } else { "" };
        self.original = format!("{v}{self}");
        self
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(formatter, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(formatter, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-'
}

fn check_prerelease(text: &str) -> Result<(), SemverError> {
    for part in text.split('.') {
        if part.is_empty() || !part.chars().all(is_allowed) {
            return Err(SemverError::Prerelease);
        }
        if part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SemverError::LeadingZero);
        }
    }
    Ok(())
}

/// Part by part: numbers by their size and before words, words by their bytes; what has more parts is later.
pub(super) fn compare_prereleases(left: &str, right: &str) -> Ordering {
    let (mut lefts, mut rights) = (left.split('.'), right.split('.'));
    loop {
        let (left, right) = match (lefts.next(), rights.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => (left.unwrap_or_default(), right.unwrap_or_default()),
        };
        if left == right {
            continue;
        }
        if left.is_empty() || right.is_empty() {
            return left.cmp(right);
        }
        let number =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u64>().ok()).flatten();
        return match (number(left), number(right)) {
            (Some(left), Some(right)) if left > right => Ordering::Greater,
            (Some(_), _) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => left.cmp(right),
        };
    }
}
