//! The notation of Go's `path/filepath.Match`: `*`, `?`, `[a-cx]`, `[^a]`, and `\` before a character that is meant as itself.

use std::iter::Peekable;
use std::str::Chars;

use super::term::Term;

const OPEN: &str = "`[` is not closed";

pub(super) fn parse(pattern: &str) -> Result<Vec<Term>, &'static str> {
    let mut rest = pattern.chars().peekable();
    let mut terms = Vec::new();
    while let Some(next) = rest.next() {
        match next {
            '*' => terms.push(Term::Any),
            '?' => terms.push(Term::One),
            '[' => terms.push(class(&mut rest)?),
            '\\' => push(&mut terms, rest.next().ok_or("it ends with a backslash")?),
            next => push(&mut terms, next),
        }
    }
    Ok(terms)
}

fn push(terms: &mut Vec<Term>, next: char) {
    match terms.last_mut() {
        Some(Term::Text(text)) => text.push(next),
        _ => terms.push(Term::Text(next.into())),
    }
}

fn class(rest: &mut Peekable<Chars<'_>>) -> Result<Term, &'static str> {
    let is_negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.next_if_eq(&']').is_none() {
        let low = character(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { character(rest)? } else { low };
        ranges.push((low, high));
    }
    // A range that ends before it begins has no character.
    ranges.retain(|(low, high)| low <= high);
    if ranges.is_empty() && !is_negated {
        return Err("a range ends before it begins");
    }
    if ranges.is_empty() {
        return Ok(Term::Class { ranges: vec![('\0', char::MAX)], is_negated: false });
    }
    Ok(Term::Class { ranges, is_negated })
}

fn character(rest: &mut Peekable<Chars<'_>>) -> Result<char, &'static str> {
    match rest.next() {
        Some('-' | ']') => Err("a range lacks a character"),
        Some('\\') => rest.next().ok_or(OPEN),
        next => next.ok_or(OPEN),
    }
}
