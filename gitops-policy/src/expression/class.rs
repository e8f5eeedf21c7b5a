//! Classes in brackets.

use super::Dialect;
use super::escape::{self, Escape};

const NAMES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Reads the class that a text begins with; what it is here, and the rest of the text.
pub(super) fn read(text: &str, dialect: Dialect) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('[')?;
    let mut out = String::from("[");
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut is_first = true;
    loop {
        if !is_first && let Some(rest) = rest.strip_prefix(']') {
            out.push(']');
            return Some((out, rest));
        }
        if rest.starts_with("[:")
            && let Some((name, after)) = named(rest, dialect)?
        {
            out.push_str(name);
            rest = after;
        } else {
            rest = item(&mut out, rest, dialect, is_first)?;
        }
        is_first = false;
    }
}

/// `[:alpha:]` and the like; within none where the bracket is a letter.
fn named(text: &str, dialect: Dialect) -> Option<Option<(&str, &str)>> {
    if dialect == Dialect::Net {
        return None;
    }
    let Some(end) = text.find(":]") else { return Some(None) };
    let name = &text[2..end];
    let (whole, rest) = text.split_at(end + 2);
    NAMES.contains(&name.strip_prefix('^').unwrap_or(name)).then_some(Some((whole, rest)))
}

/// A character, a range, or a set such as `\d`.
fn item<'a>(out: &mut String, text: &'a str, dialect: Dialect, is_first: bool) -> Option<&'a str> {
    // A dash in the middle may begin what is subtracted.
    if dialect == Dialect::Net && text.starts_with('-') && !is_first && !text.starts_with("-]") {
        return None;
    }
    let (low, rest) = match character(text, dialect)? {
        (Escape::Character(low), rest) => (low, rest),
        (Escape::Set(set), rest) => {
            out.push_str(&set);
            return Some(rest);
        }
        _ => return None,
    };
    let (high, rest) = match rest.strip_prefix('-').filter(|after| !after.is_empty() && !after.starts_with(']')) {
        None => (low, rest),
        Some(after) if dialect == Dialect::Net && after.starts_with('[') => return None,
        Some(after) => match character(after, dialect)? {
            (Escape::Character(high), rest) if low <= high => (high, rest),
            _ => return None,
        },
    };
    out.push_str(&format!(r"\x{{{:x}}}-\x{{{:x}}}", u32::from(low), u32::from(high)));
    Some(rest)
}

fn character(text: &str, dialect: Dialect) -> Option<(Escape<'_>, &str)> {
    if text.starts_with('\\') {
        return escape::read(text, dialect);
    }
    let one = text.chars().next()?;
    Some((Escape::Character(one), &text[one.len_utf8()..]))
}
