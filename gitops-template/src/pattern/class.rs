//! Classes of characters.

use std::fmt::Write;

use regex::Regex;

use super::error::PatternError;
use super::translate::escape;

/// Perl's classes by their letters, as ranges.
pub(super) fn perl(letter: char) -> Option<(bool, &'static str)> {
    let ranges = match letter.to_ascii_lowercase() {
        'd' => "0-9",
        's' => "\\t\\n\\x0c\\r ",
        'w' => "0-9A-Za-z_",
        _ => return None,
    };
    Some((letter.is_ascii_uppercase(), ranges))
}

/// POSIX's classes by their names, as ranges.
const POSIX: &[(&str, &str)] = &[
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("ascii", "\\x00-\\x7F"),
    ("blank", "\\t "),
    ("cntrl", "\\x00-\\x1F\\x7F"),
    ("digit", "0-9"),
    ("graph", "!-~"),
    ("lower", "a-z"),
    ("print", "\\x20-~"),
    ("punct", "!-/:-@\\[-`{-~"),
    ("space", "\\t-\\r "),
    ("upper", "A-Z"),
    ("word", "0-9A-Za-z_"),
    ("xdigit", "0-9A-Fa-f"),
];

/// A class of Unicode at the start of a text, `\pL` or `\p{Greek}`: translated, and what comes after it.
pub(super) fn unicode(text: &str) -> Option<Result<(String, &str), PatternError>> {
    let sign = text.strip_prefix('\\')?.chars().next().filter(|letter| matches!(letter, 'p' | 'P'))?;
    let after = text.get(2..).unwrap_or_default();
    let first = after.chars().next()?;
    let wrong = |part: &str| PatternError::new("invalid character class range", part.as_bytes());
    let length = if first == '{' {
        match after.find('}') {
            Some(end) => end + 1,
            None => return Some(Err(wrong(text))),
        }
    } else {
        first.len_utf8()
    };
    let (name, rest) = after.split_at(length);
    let written = text.get(..2 + length).unwrap_or_default();
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    let (negated, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
    let letter = if (sign == 'P') != negated { 'P' } else { 'p' };
    let known = |class: &String| Regex::new(class).is_ok();
    let plain = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_- ".contains(letter));
    let candidates = match name.to_ascii_lowercase().as_str() {
        "any" | "ascii" | "assigned" => vec![format!("\\{letter}{{{name}}}")],
        _ if plain => ["gc", "sc"].map(|kind| format!("\\{letter}{{{kind}={name}}}")).to_vec(),
        _ => Vec::new(),
    };
    Some(candidates.into_iter().find(known).map(|class| (class, rest)).ok_or_else(|| wrong(written)))
}

/// A class in brackets at the start of a text: translated, and what comes after it.
pub(super) fn bracketed(text: &str) -> Result<(String, &str), PatternError> {
    let mut out = "[".to_owned();
    let mut rest = text.get(1..).unwrap_or_default();
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if let Some((class, after)) = posix(rest)? {
            out.push_str(&class);
            rest = after;
        } else if let Some(class) = unicode(rest) {
            let (class, after) = class?;
            out.push_str(&class);
            rest = after;
        } else if let Some((negated, ranges)) = rest.strip_prefix('\\').and_then(|rest| perl(rest.chars().next()?)) {
            let _ = if negated { write!(out, "[^{ranges}]") } else { write!(out, "{ranges}") };
            rest = rest.get(2..).unwrap_or_default();
        } else {
            let (low, after) = character(rest, text)?;
            let (mut high, mut end) = (low, after);
            if let Some(behind) = after.strip_prefix('-')
                && !behind.is_empty()
                && !behind.starts_with(']')
            {
                (high, end) = character(behind, text)?;
                if high < low {
                    let part = rest.get(..rest.len() - end.len()).unwrap_or_default();
                    return Err(PatternError::new("invalid character class range", part.as_bytes()));
                }
            }
            push_range(&mut out, low, high);
            rest = end;
        }
    }
    out.push(']');
    Ok((out, rest.get(1..).unwrap_or_default()))
}

fn push_range(out: &mut String, low: char, high: char) {
    let _ = write!(out, "\\x{{{:X}}}", u32::from(low));
    if high != low {
        let _ = write!(out, "-\\x{{{:X}}}", u32::from(high));
    }
}

fn posix(text: &str) -> Result<Option<(String, &str)>, PatternError> {
    let Some(inside) = text.strip_prefix("[:") else { return Ok(None) };
    let Some(end) = inside.find(":]") else { return Ok(None) };
    let (name, rest) = inside.split_at(end);
    let (negated, plain) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
    let Some((_, ranges)) = POSIX.iter().find(|(known, _)| *known == plain) else {
        return Err(PatternError::new("invalid character class range", format!("[:{name}:]").as_bytes()));
    };
    let sign = if negated { "^" } else { "" };
    Ok(Some((format!("[{sign}{ranges}]"), rest.get(2..).unwrap_or_default())))
}

/// One character of a class.
fn character<'t>(text: &'t str, class: &str) -> Result<(char, &'t str), PatternError> {
    match text.chars().next() {
        None => Err(PatternError::new("missing closing ]", class.as_bytes())),
        Some('\\') => escape(text),
        Some(character) => Ok((character, text.get(character.len_utf8()..).unwrap_or_default())),
    }
}
