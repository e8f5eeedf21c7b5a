//! Regular expressions of Go's `regexp` (RE2), said in the syntax of the library here: a brace that begins no repetition is
//! itself, brackets and doubled signs within classes are themselves, and a repetition of a repetition is an error.

use regex::{Regex, RegexBuilder};

/// The most memory that an expression may take once it is compiled, in bytes.
const MAX_SIZE: usize = 1 << 20;
/// The longest expression, in bytes.
const MAX_LENGTH: usize = 4096;

/// Compiles an expression; none where Go refuses it or it is too large.
pub(super) fn compile(text: &str) -> Option<Regex> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    RegexBuilder::new(&translated(text)?).size_limit(MAX_SIZE).build().ok()
}

fn translated(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_repetition = false;
    while let Some(next) = rest.chars().next() {
        let mut repeats = false;
        let taken = match next {
            '\\' => escape(rest),
            '[' => class(rest),
            '{' => match repetition(rest) {
                Some(length) => {
                    repeats = true;
                    length
                }
                None => {
                    out.push_str("\\{");
                    rest = &rest[1..];
                    after_repetition = false;
                    continue;
                }
            },
            '}' => {
                out.push_str("\\}");
                rest = &rest[1..];
                after_repetition = false;
                continue;
            }
            '*' | '+' | '?' => {
                repeats = true;
                1
            }
            other => other.len_utf8(),
        };
        if repeats && after_repetition {
            return None;
        }
        let (part, after) = rest.split_at_checked(taken)?;
        if next == '[' {
            write_class(&mut out, part)
        } else {
            out.push_str(part)
        }
        rest = after;
        if repeats && rest.starts_with('?') {
            out.push('?');
            rest = &rest[1..];
        }
        after_repetition = repeats;
    }
    Some(out)
}

/// The length of an escape, with the name of a class of characters where it has one.
fn escape(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    match letters.next() {
        Some((_, 'p' | 'P' | 'x')) if text[2..].starts_with('{') => text.find('}').map_or(text.len(), |end| end + 1),
        Some((at, letter)) => at + letter.len_utf8(),
        None => text.len(),
    }
}

/// The length of a class in brackets.
fn class(text: &str) -> usize {
    let mut at = if text[1..].starts_with('^') { 2 } else { 1 };
    let mut is_first = true;
    while let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match next {
            ']' if !is_first => return at + 1,
            '\\' => at += escape(&text[at..]),
            '[' if text[at..].starts_with("[:") => at += text[at..].find(":]").map_or(1, |end| end + 2),
            other => at += other.len_utf8(),
        }
        is_first = false;
    }
    text.len()
}

/// A class with what is special to the library here, and not to Go, escaped.
fn write_class(out: &mut String, text: &str) {
    let start = if text.starts_with("[^") { 2 } else { 1 };
    out.push_str(&text[..start]);
    let mut at = start;
    let end = text.len().saturating_sub(1).max(start);
    while let Some(next) = text.get(at..end).and_then(|rest| rest.chars().next()) {
        let length = match next {
            '\\' => escape(&text[at..]),
            '[' if text[at..].starts_with("[:") => text[at..].find(":]").map_or(1, |end| end + 2),
            '[' | ']' | '&' | '~' => {
                out.push('\\');
                1
            }
            '-' if text[at..].starts_with("--") => {
                out.push('\\');
                1
            }
            other => other.len_utf8(),
        };
        out.push_str(text.get(at..at + length).unwrap_or_default());
        at += length;
    }
    out.push_str(text.get(at..).unwrap_or_default());
}

/// The length of `{2}`, `{2,}` or `{2,5}`.
fn repetition(text: &str) -> Option<usize> {
    let (inside, _) = text[1..].split_once('}')?;
    let (least, most) = inside.split_once(',').map_or((inside, ""), |(least, most)| (least, most));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && is_number(least) && is_number(most)).then(|| inside.len() + 2)
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn what_go_takes_is_taken() {
        for (text, matched, other) in [
            ("^p/.*$", "p/a", "xp/a"),
            ("{p,q}/*", "{p,q}", "p"),
            ("a{2}", "aa", "a"),
            ("a{,2}", "a{,2}", "a"),
            ("p/[!a]*", "p/", "q"),
            ("[[a&&b]", "[", "c"),
            ("[]x]", "]", "a"),
            ("(?i)GET", "get", "set"),
            (r"p/\*", "p/*", "p/a"),
            (r"[\d[:alpha:]-]+$", "7", "!"),
            (r"\pL\x{61}", "ba", "1"),
            ("a*?b", "b", "c"),
        ] {
            let regular = compile(text).unwrap_or_else(|| panic!("{text}"));
            assert!(regular.is_match(matched) && !regular.is_match(other), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in ["*", "*/*", "a**", "a*+", "a{2}{3}", "a*?*", "[", "[a", "(", "^(?!delete).*$", "[b-a]", "\\"] {
            assert!(compile(text).is_none(), "{text}");
        }
    }
}
