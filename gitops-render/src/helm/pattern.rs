//! Go's `filepath.Match`: `*` and `?` stop at slashes, `[a-z]`, `[^a]`, `\` before a letter that stands for itself.

use std::str::Chars;

/// A pattern, read once and matched many times.
pub(super) struct Pattern(Vec<char>);

impl Pattern {
    /// A pattern; none where it is malformed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let letters: Vec<char> = text.chars().collect();
        check(&letters)?;
        Some(Self(letters))
    }

    /// Whether a path matches.
    pub(super) fn matches(&self, path: &str) -> bool {
        from(&self.0, path)
    }
}

/// Checks that a pattern is well-formed.
fn check(mut pattern: &[char]) -> Option<()> {
    while let Some((letter, rest)) = pattern.split_first() {
        pattern = match letter {
            '[' => class(rest, None)?.1,
            '\\' => rest.split_first()?.1,
            _ => rest,
        };
    }
    Some(())
}

/// Goes back to the last star only, so that the time is at most the product of both lengths.
fn from(pattern: &[char], path: &str) -> bool {
    let (mut pattern, mut path) = (pattern, path.chars());
    let mut star: Option<(&[char], Chars<'_>)> = None;
    loop {
        let mut after = path.clone();
        let step = match (pattern.split_first(), after.next()) {
            (None, None) => return true,
            (Some(('*', rest)), _) => {
                star = Some((rest, path.clone()));
                pattern = rest;
                continue;
            }
            (Some(_), Some(letter)) => one(pattern, letter),
            (_, None) | (None, Some(_)) => None,
        };
        if let Some(rest) = step {
            (pattern, path) = (rest, after);
            continue;
        }
        let Some((rest, mut behind)) = star.take() else { return false };
        if behind.next().is_none_or(|letter| letter == '/') {
            return false;
        }
        (pattern, path) = (rest, behind.clone());
        star = Some((rest, behind));
    }
}

/// What is left of a pattern that starts with a letter.
fn one(pattern: &[char], letter: char) -> Option<&[char]> {
    let (first, rest) = pattern.split_first()?;
    match first {
        '?' => (letter != '/').then_some(rest),
        '[' => {
            let (found, rest) = class(rest, Some(letter))?;
            found.then_some(rest)
        }
        '\\' => {
            let (escaped, rest) = rest.split_first()?;
            (*escaped == letter).then_some(rest)
        }
        first => (*first == letter).then_some(rest),
    }
}

/// Whether a letter is in a class that starts here, and what comes after the class.
fn class(pattern: &[char], letter: Option<char>) -> Option<(bool, &[char])> {
    let (negated, mut rest) = match pattern.split_first()? {
        ('^', rest) => (true, rest),
        _ => (false, pattern),
    };
    let mut found = false;
    let mut first = true;
    loop {
        if let Some((']', after)) = rest.split_first().filter(|_| !first) {
            return Some((found != negated, after));
        }
        first = false;
        let (low, after) = member(rest)?;
        let (high, after) = match after.split_first() {
            Some(('-', after)) => member(after)?,
            _ => (low, after),
        };
        found |= letter.is_some_and(|letter| (low..=high).contains(&letter));
        rest = after;
    }
}

fn member(pattern: &[char]) -> Option<(char, &[char])> {
    match pattern.split_first()? {
        ('-' | ']', _) => None,
        ('\\', rest) => rest.split_first().map(|(letter, rest)| (*letter, rest)),
        (letter, rest) => Some((*letter, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, path, expected) in [
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*/b", "abc/b", Some(true)),
            ("a*/b", "a/c/b", Some(false)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Some(true)),
            ("ab[c]", "abc", Some(true)),
            ("ab[e-g]", "abc", Some(false)),
            ("ab[^c]", "abc", Some(false)),
            ("a\\*b", "a*b", Some(true)),
            ("a?b", "a/b", Some(false)),
            ("[]a]", "]", None),
            ("[", "a", None),
            ("a[", "ab", None),
            ("[-x]", "x", None),
            ("*x", "xxx", Some(true)),
            ("templates/.?*", "templates/.hidden", Some(true)),
        ] {
            let matched = Pattern::parse(pattern).map(|pattern| pattern.matches(path));
            assert_eq!(matched, expected, "{pattern} {path}");
        }
    }
}
