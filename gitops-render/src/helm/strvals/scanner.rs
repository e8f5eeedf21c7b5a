//! The text of a setting, read letter by letter.

use std::str::Chars;

/// What is left of a text.
pub(super) struct Scanner<'t> {
    rest: Chars<'t>,
    /// Whether a backslash takes its meaning from the letter after it.
    escapes: bool,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, escapes: bool) -> Self {
        Self { rest: text.chars(), escapes }
    }

    /// What comes before the first of some letters, and that letter; none where the text ends before.
    pub(super) fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut before = String::new();
        while let Some(letter) = self.rest.next() {
            if stops.contains(&letter) {
                return (before, Some(letter));
            }
            if letter == '\\' && self.escapes {
                before.extend(self.rest.next());
            } else {
                before.push(letter);
            }
        }
        (before, None)
    }

    /// The next letter, which stays.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    /// Takes the next letter if it is this one.
    pub(super) fn take(&mut self, letter: char) -> bool {
        let there = self.peek() == Some(letter);
        if there {
            self.rest.next();
        }
        there
    }

    /// Takes white space up to a comma, which is taken too, or the end; whether it got there.
    pub(super) fn take_blank(&mut self) -> bool {
        loop {
            match self.peek() {
                None => return true,
                Some(',') => {
                    self.rest.next();
                    return true;
                }
                Some(letter) if letter.is_whitespace() => {
                    self.rest.next();
                }
                Some(_) => return false,
            }
        }
    }

    /// All that is left, which stays.
    pub(super) fn rest(&self) -> &'t str {
        self.rest.as_str()
    }

    /// Takes so many bytes, or all that is left.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.rest = self.rest().get(bytes..).unwrap_or_default().chars();
    }
}
