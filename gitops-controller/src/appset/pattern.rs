//! Patterns of paths: Go's `path.Match`, and those of `git ls-files`.

/// A pattern that is matched against a whole path. The time it takes grows with the product of both lengths.
pub(super) struct Pattern {
    tokens: Vec<Token>,
    stars_cross: bool,
}

enum Token {
    Literal(char),
    /// One character.
    Any,
    /// Any text.
    Star,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
        names: Vec<String>,
    },
}

impl Pattern {
    /// A pattern as Go's `path.Match` reads it: `*` and `?` end at slashes. None where it is malformed, and matches nothing.
    pub(super) fn of_go(text: &str) -> Option<Self> {
        Reader { rest: text.chars().peekable(), git: false }.tokens().map(|tokens| Self { tokens, stars_cross: false })
    }

    /// A pattern as Git reads those that it is given plain: `*` and `?` are slashes too. None where it matches nothing.
    pub(super) fn of_git(text: &str) -> Option<Self> {
        Reader { rest: text.chars().peekable(), git: true }.tokens().map(|tokens| Self { tokens, stars_cross: true })
    }

    /// Whether a path matches.
    pub(super) fn matches(&self, path: &str) -> bool {
        let path: Vec<char> = path.chars().collect();
        let (mut token, mut at) = (0, 0);
        // Where the last star stands, and how far it reaches so far: only that one is ever given more.
        let mut star: Option<(usize, usize)> = None;
        loop {
            match (self.tokens.get(token), path.get(at)) {
                (None, None) => return true,
                (Some(Token::Star), _) => {
                    star = Some((token, at));
                    token += 1;
                    continue;
                }
                (Some(wanted), Some(found)) if self.accepts(wanted, *found) => {
                    token += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            match star {
                Some((place, reach)) if path.get(reach).is_some_and(|next| self.stars_cross || *next != '/') => {
                    star = Some((place, reach + 1));
                    token = place + 1;
                    at = reach + 1;
                }
                _ => return false,
            }
        }
    }

    fn accepts(&self, token: &Token, found: char) -> bool {
        match token {
            Token::Literal(literal) => *literal == found,
            Token::Any => self.stars_cross || found != '/',
            Token::Star => false,
            Token::Class { negated, ranges, names } => {
                let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&found))
                    || names.iter().any(|name| is_named(name, found));
                inside != *negated
            }
        }
    }
}

struct Reader<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    git: bool,
}

impl Reader<'_> {
    fn tokens(mut self) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        while let Some(next) = self.rest.next() {
            tokens.push(match next {
                // Several in a row say no more than one.
                '*' if matches!(tokens.last(), Some(Token::Star)) => continue,
                '*' => Token::Star,
                '?' => Token::Any,
                '\\' => Token::Literal(self.rest.next()?),
                '[' => self.class()?,
                other => Token::Literal(other),
            });
        }
        Some(tokens)
    }

    fn class(&mut self) -> Option<Token> {
        let negated = self.rest.next_if(|next| *next == '^' || self.git && *next == '!').is_some();
        let (mut ranges, mut names) = (Vec::new(), Vec::new());
        let mut is_first = true;
        loop {
            match self.rest.peek()? {
                // Git takes a bracket that comes first as itself, Go as the end of a class without content, which is wrong.
                ']' if !(is_first && self.git) => {
                    self.rest.next();
                    return (!is_first).then_some(Token::Class { negated, ranges, names });
                }
                '-' if !self.git => return None,
                _ => {}
            }
            is_first = false;
            if let Some(name) = self.name() {
                names.push(name);
                continue;
            }
            let low = self.character()?;
            let mut ahead = self.rest.clone();
            let is_range = ahead.next() == Some('-') && !(self.git && ahead.next() == Some(']'));
            let high = if is_range {
                self.rest.next();
                if !self.git && matches!(self.rest.peek(), Some(']' | '-')) {
                    return None;
                }
                self.character()?
            } else {
                low
            };
            ranges.push((low, high));
        }
    }

    fn character(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' => self.rest.next(),
            other => Some(other),
        }
    }

    /// `[:alpha:]` and the like, which only Git has.
    fn name(&mut self) -> Option<String> {
        let mut ahead = self.rest.clone();
        if !self.git || ahead.next() != Some('[') || ahead.next() != Some(':') {
            return None;
        }
        let mut name = String::new();
        loop {
            match ahead.next()? {
                ':' => break,
                other => name.push(other),
            }
        }
        if ahead.next()? != ']' {
            return None;
        }
        self.rest = ahead;
        Some(name)
    }
}

fn is_named(name: &str, character: char) -> bool {
    match name {
        "alnum" => character.is_ascii_alphanumeric(),
        "alpha" => character.is_ascii_alphabetic(),
        "blank" => matches!(character, ' ' | '\t'),
        "cntrl" => character.is_ascii_control(),
        "digit" => character.is_ascii_digit(),
        "graph" => character.is_ascii_graphic(),
        "lower" => character.is_ascii_lowercase(),
        "print" => character.is_ascii_graphic() || character == ' ',
        "punct" => character.is_ascii_punctuation(),
        "space" => character.is_ascii_whitespace() || character == '\x0b',
        "upper" => character.is_ascii_uppercase(),
        "xdigit" => character.is_ascii_hexdigit(),
        _ => false,
    }
}

/// The folder that a pattern names before its first special character, `""` for the root: everything it matches is there.
pub(super) fn folder(pattern: &str) -> &str {
    let plain = pattern.find(['*', '?', '[', '\\', '{']).map_or(pattern, |end| pattern.get(..end).unwrap_or_default());
    plain.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a pattern has special characters, as Git counts them.
pub(super) fn is_special(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a pattern of letters, `?` and `*` matches, by trying everything.
    fn tried(pattern: &[u8], path: &[u8], cross: bool) -> bool {
        match (pattern.first(), path.first()) {
            (None, None) => true,
            (Some(b'*'), next) => {
                tried(&pattern[1..], path, cross)
                    || next.is_some_and(|next| (cross || *next != b'/') && tried(pattern, &path[1..], cross))
            }
            (Some(b'?'), Some(next)) => (cross || *next != b'/') && tried(&pattern[1..], &path[1..], cross),
            (Some(letter), Some(next)) => letter == next && tried(&pattern[1..], &path[1..], cross),
            _ => false,
        }
    }

    /// All texts of some letters up to a length.
    fn texts(letters: &str, longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..longest {
            let until = all.len();
            for index in from..until {
                let longer: Vec<String> = letters.chars().map(|letter| format!("{}{letter}", all[index])).collect();
                all.extend(longer);
            }
            from = until;
        }
        all
    }

    #[test]
    fn stars_match_what_trying_everything_matches() {
        let paths = texts("ab/", 4);
        for pattern in texts("a/*?", 4) {
            let (go, git) = (Pattern::of_go(&pattern).unwrap(), Pattern::of_git(&pattern).unwrap());
            for path in &paths {
                let expected = |cross| tried(pattern.as_bytes(), path.as_bytes(), cross);
                assert_eq!(go.matches(path), expected(false), "{pattern} on {path}");
                assert_eq!(git.matches(path), expected(true), "{pattern} on {path}");
            }
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_long_time() {
        let pattern = Pattern::of_git(&"*a".repeat(2_000)).unwrap();
        assert!(!pattern.matches(&"a".repeat(1_999)));
    }

    #[test]
    fn sets_of_characters_are_read_by_each_tools_rules() {
        let go = |pattern: &str, path: &str| Pattern::of_go(pattern).is_some_and(|pattern| pattern.matches(path));
        let git = |pattern: &str, path: &str| Pattern::of_git(pattern).is_some_and(|pattern| pattern.matches(path));
        assert!(go("[a-c]x", "bx") && git("[a-c]x", "bx"));
        assert!(go("[^a]", "b") && git("[^a]", "b") && git("[!a]", "b"));
        assert!(go("[!a]", "!") && !git("[!a]", "!a"));
        assert!(git("[]a]", "]") && Pattern::of_go("[]a]").is_none());
        assert!(git("[a-]", "-") && Pattern::of_go("[a-]").is_none());
        assert!(git("[[:digit:]]", "7") && !git("[[:digit:]]", "d"));
        assert!(go("\\*", "*") && !go("\\*", "a"));
        assert!(Pattern::of_go("[").is_none() && Pattern::of_go("a\\").is_none());
    }

    #[test]
    fn a_folder_is_what_comes_before_special_characters() {
        assert_eq!([folder("a/b*/c"), folder("a/b/c"), folder("*"), folder("a/{b,c}/d")], ["a", "a/b", "", "a"]);
    }
}
