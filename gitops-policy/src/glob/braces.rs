//! The notation of Argo CD's glob library: `*`, `**`, `?`, `[a-c]`, `[!abc]`, `{a,b*}` and `\` before a character that is
//! meant as itself.

use std::iter::Peekable;
use std::str::Chars;

use super::term::Term;

/// Braces in each other.
const MAX_NESTING: usize = 32;

pub(super) fn parse(pattern: &str) -> Result<Vec<Term>, &'static str> {
    Parser { rest: pattern.chars().peekable(), nesting: 0 }.sequence()
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    nesting: usize,
}

impl Parser<'_> {
    /// Terms up to the end of the pattern, or inside of braces up to what ends the alternative, which stays.
    fn sequence(&mut self) -> Result<Vec<Term>, &'static str> {
        let mut terms = Vec::new();
        while let Some(next) = self.rest.peek().copied() {
            if self.nesting > 0 && matches!(next, ',' | '}') {
                break;
            }
            terms.push(self.term(next)?);
        }
        Ok(terms)
    }

    fn term(&mut self, next: char) -> Result<Term, &'static str> {
        match next {
            '*' => {
                self.rest.next();
                Ok(if self.rest.next_if_eq(&'*').is_some() { Term::Super } else { Term::Any })
            }
            '?' => {
                self.rest.next();
                Ok(Term::One)
            }
            '[' => {
                self.rest.next();
                self.class()
            }
            '{' => {
                self.rest.next();
                self.alternatives()
            }
            _ => self.text(if self.nesting > 0 { "?*[{}," } else { "?*[{" }).map(Term::Text),
        }
    }

    /// Text up to one of these characters, which stays.
    fn text(&mut self, ends: &str) -> Result<String, &'static str> {
        let mut text = String::new();
        while let Some(next) = self.rest.next_if(|next| !ends.contains(*next)) {
            match next {
                '\\' => text.push(self.rest.next().ok_or("it ends with a backslash")?),
                next => text.push(next),
            }
        }
        Ok(text)
    }

    fn class(&mut self) -> Result<Term, &'static str> {
        const OPEN: &str = "`[` is not closed";
        let is_negated = self.rest.next_if_eq(&'!').is_some();
        let mut ahead = self.rest.clone();
        let low = ahead.next().ok_or(OPEN)?;
        let ranges = if ahead.next() == Some('-') {
            let high = ahead.next().ok_or(OPEN)?;
            self.rest = ahead;
            if high < low {
                return Err("a range ends before it begins");
            }
            vec![(low, high)]
        } else {
            self.text("]")?.chars().map(|one| (one, one)).collect()
        };
        match self.rest.next() {
            None => Err(OPEN),
            Some(']') if ranges.is_empty() => Err("`[]` has no characters"),
            Some(']') => Ok(Term::Class { ranges, is_negated }),
            Some(_) => Err("a range is followed by something else than `]`"),
        }
    }

    fn alternatives(&mut self) -> Result<Term, &'static str> {
        if self.nesting == MAX_NESTING {
            return Err("it has too many braces in each other");
        }
        self.nesting += 1;
        let mut alternatives = vec![self.sequence()?];
        loop {
            match self.rest.next() {
                Some(',') => alternatives.push(self.sequence()?),
                Some(_) => break,
                None => return Err("`{` is not closed"),
            }
        }
        self.nesting -= 1;
        Ok(Term::Alternatives(alternatives))
    }
}
