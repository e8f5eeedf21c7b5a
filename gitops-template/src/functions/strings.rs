//! sprig's text functions.

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::print;
use crate::syntax::character::first;
use crate::value::{Map, MapKind, Text, Value};

use super::words::{abbreviate, camel, initials, kebab, snake, swap_case, title, untitle, wrap};
use Parameter::{Any, Int, Text as String};

const ONE: Signature = Signature::of(&[String]);
const TWO: Signature = Signature::of(&[String, String]);
const COUNTED: Signature = Signature::of(&[Int, String]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "trim", signature: ONE, call: trim },
    Function { name: "trimAll", signature: TWO, call: trim_all },
    Function { name: "trimall", signature: TWO, call: trim_all },
    Function { name: "trimSuffix", signature: TWO, call: trim_suffix },
    Function { name: "trimPrefix", signature: TWO, call: trim_prefix },
    Function { name: "upper", signature: ONE, call: upper },
    Function { name: "lower", signature: ONE, call: lower },
    Function { name: "title", signature: ONE, call: |_, arguments| mapped(arguments, title) },
    Function { name: "untitle", signature: ONE, call: |_, arguments| mapped(arguments, untitle) },
    Function { name: "swapcase", signature: ONE, call: |_, arguments| mapped(arguments, swap_case) },
    Function { name: "snakecase", signature: ONE, call: |_, arguments| mapped(arguments, snake) },
    Function { name: "kebabcase", signature: ONE, call: |_, arguments| mapped(arguments, kebab) },
    Function { name: "camelcase", signature: ONE, call: |_, arguments| mapped(arguments, camel) },
    Function { name: "initials", signature: ONE, call: |_, arguments| mapped(arguments, initials) },
    Function { name: "nospace", signature: ONE, call: nospace },
    Function { name: "repeat", signature: COUNTED, call: repeat },
    Function { name: "substr", signature: Signature::of(&[Int, Int, String]), call: substr },
    Function { name: "trunc", signature: COUNTED, call: trunc },
    Function { name: "abbrev", signature: COUNTED, call: abbrev },
    Function { name: "abbrevboth", signature: Signature::of(&[Int, Int, String]), call: abbrev_both },
    Function { name: "wrap", signature: COUNTED, call: wrapped },
    Function { name: "wrapWith", signature: Signature::of(&[Int, String, String]), call: wrapped_with },
    Function { name: "contains", signature: TWO, call: contains },
    Function { name: "hasPrefix", signature: TWO, call: has_prefix },
    Function { name: "hasSuffix", signature: TWO, call: has_suffix },
    Function { name: "cat", signature: Signature::with_rest(&[], Any), call: cat },
    Function { name: "indent", signature: COUNTED, call: indent },
    Function { name: "nindent", signature: COUNTED, call: nindent },
    Function { name: "replace", signature: Signature::of(&[String, String, String]), call: replace },
    Function { name: "plural", signature: Signature::of(&[String, String, Int]), call: plural },
    Function { name: "split", signature: TWO, call: split },
    Function { name: "splitn", signature: Signature::of(&[String, Int, String]), call: splitn },
    Function { name: "splitList", signature: TWO, call: split_list },
    Function { name: "shuffle", signature: ONE, call: shuffle },
    Function { name: "hello", signature: Signature::of(&[]), call: |_, _| Ok(Value::text("Hello!")) },
];

type Called = Result<Value, Failure>;

fn mapped(arguments: &[Value], change: fn(&str) -> std::string::String) -> Called {
    Ok(Value::text(change(&arguments.text(0).to_str())))
}

fn trimmed(text: &Text, unwanted: impl Fn(char) -> bool) -> Value {
    let mut rest: &[u8] = text;
    while let Some((character, length)) = first(rest) {
        if !unwanted(character) {
            break;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    while let Some((character, length)) = last(rest) {
        if !unwanted(character) {
            break;
        }
        rest = rest.get(..rest.len() - length).unwrap_or_default();
    }
    if rest.len() == text.len() { Value::Text(text.clone()) } else { Value::text(rest) }
}

fn last(text: &[u8]) -> Option<(char, usize)> {
    for length in 1..=text.len().min(4) {
        let tail = text.get(text.len() - length..).unwrap_or_default();
        if let Some((character, taken)) = first(tail)
            && taken == length
            && (length > 1 || character != char::REPLACEMENT_CHARACTER)
        {
            return Some((character, length));
        }
    }
    (!text.is_empty()).then_some((char::REPLACEMENT_CHARACTER, 1))
}

fn trim(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(trimmed(&arguments.text(0), char::is_whitespace))
}

fn trim_all(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let unwanted = arguments.text(0);
    let unwanted = unwanted.to_str();
    Ok(trimmed(&arguments.text(1), |character| unwanted.contains(character)))
}

fn trim_suffix(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(1);
    Ok(match text.strip_suffix(&*arguments.text(0)) {
        Some(rest) if rest.len() < text.len() => Value::text(rest),
        _ => Value::Text(text),
    })
}

fn trim_prefix(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(1);
    Ok(match text.strip_prefix(&*arguments.text(0)) {
        Some(rest) if rest.len() < text.len() => Value::text(rest),
        _ => Value::Text(text),
    })
}

/// Bytes that are not UTF-8 come out as U+FFFD, save where all is ASCII.
fn upper(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(0);
    if text.is_ascii() {
        return Ok(Value::text(text.to_ascii_uppercase()));
    }
    Ok(Value::text(text.to_str().chars().map(super::words::upper).collect::<std::string::String>()))
}

fn lower(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(0);
    if text.is_ascii() {
        return Ok(Value::text(text.to_ascii_lowercase()));
    }
    Ok(Value::text(text.to_str().chars().map(super::words::lower).collect::<std::string::String>()))
}

/// goutils takes each byte for a character, so that what is not ASCII comes out as something else.
fn nospace(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(0);
    let letters = text.iter().map(|byte| char::from(*byte)).filter(|letter| !letter.is_whitespace());
    Ok(Value::text(letters.collect::<std::string::String>()))
}

fn repeat(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let Ok(count) = usize::try_from(arguments.int(0)) else {
        return Err(Failure::new("strings: negative Repeat count"));
    };
    let text = arguments.text(1);
    let Some(length) = text.len().checked_mul(count) else {
        return Err(Failure::new("strings: Repeat output length overflow"));
    };
    render.reserve(length)?;
    Ok(Value::text(text.repeat(count)))
}

fn out_of_range(from: i64, to: i64, length: usize) -> Failure {
    Failure::new(match usize::try_from(to) {
        Ok(end) if end > length => {
            format!("runtime error: slice bounds out of range [:{to}] with length {length}")
        }
        Err(_) => format!("runtime error: slice bounds out of range [:{to}]"),
        Ok(_) => format!("runtime error: slice bounds out of range [{from}:{to}]"),
    })
}

fn substr(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (from, to, text) = (arguments.int(0), arguments.int(1), arguments.text(2));
    let length = text.len();
    let end = i64::try_from(length).unwrap_or(i64::MAX);
    let (from, to) = match (from, to) {
        (from, to) if from < 0 => (0, to),
        (from, to) if to < 0 || to > end => (from, end),
        bounds => bounds,
    };
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    match range.and_then(|(from, to)| text.get(from..to)) {
        Some(part) => Ok(Value::text(part)),
        None => Err(out_of_range(from, to, length)),
    }
}

fn trunc(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (count, text) = (arguments.int(0), arguments.text(1));
    let kept = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if kept >= text.len() {
        return Ok(Value::Text(text));
    }
    let part = if count < 0 { text.get(text.len() - kept..) } else { text.get(..kept) };
    Ok(Value::text(part.unwrap_or_default()))
}

fn abbrev(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (width, text) = (arguments.int(0), arguments.text(1));
    if width < 4 {
        return Ok(Value::Text(text));
    }
    Ok(Value::text(abbreviate(&text, 0, width)))
}

fn abbrev_both(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (left, right, text) = (arguments.int(0), arguments.int(1), arguments.text(2));
    if right < 4 || (left > 0 && right < 7) {
        return Ok(Value::Text(text));
    }
    Ok(Value::text(abbreviate(&text, left, right)))
}

fn wrapped(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(1);
    render.reserve(text.len().saturating_mul(2))?;
    Ok(Value::text(wrap(&text, arguments.int(0), b"\n", false)))
}

fn wrapped_with(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (separator, text) = (arguments.text(1), arguments.text(2));
    render.reserve(text.len().saturating_mul(separator.len().saturating_add(1)))?;
    let separator: &[u8] = if separator.is_empty() { b"\n" } else { &separator };
    Ok(Value::text(wrap(&text, arguments.int(0), separator, true)))
}

/// Where one text is in another.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

fn contains(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Bool(find(&arguments.text(1), &arguments.text(0)).is_some()))
}

fn has_prefix(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Bool(arguments.text(1).starts_with(&arguments.text(0))))
}

fn has_suffix(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(Value::Bool(arguments.text(1).ends_with(&arguments.text(0))))
}

/// Go puts the values into a format of as many `%v`, trimmed: nothing is parted where there is nothing.
fn cat(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let mut out = Vec::new();
    for (index, value) in arguments.iter().filter(|value| !value.is_nil()).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        print::write(&mut out, value);
    }
    render.written(out)
}

fn indented(render: &mut Render<'_>, arguments: &[Value], start: &[u8]) -> Called {
    let Ok(spaces) = usize::try_from(arguments.int(0)) else {
        return Err(Failure::new("strings: negative Repeat count"));
    };
    let text = arguments.text(1);
    let lines = memchr::memchr_iter(b'\n', &text).count() + 1;
    let length = lines.saturating_mul(spaces).saturating_add(text.len() + start.len());
    render.reserve(length)?;
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(start);
    let pad = vec![b' '; spaces];
    out.extend_from_slice(&pad);
    let mut from = 0;
    for newline in memchr::memchr_iter(b'\n', &text) {
        out.extend_from_slice(text.get(from..=newline).unwrap_or_default());
        out.extend_from_slice(&pad);
        from = newline + 1;
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    Ok(Value::text(out))
}

fn indent(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    indented(render, arguments, b"")
}

fn nindent(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    indented(render, arguments, b"\n")
}

fn replace(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (old, new, text) = (arguments.text(0), arguments.text(1), arguments.text(2));
    let mut out = Vec::with_capacity(text.len());
    if old.is_empty() {
        let count = text.to_str().chars().count() + 1;
        render.reserve(count.saturating_mul(new.len()).saturating_add(text.len()))?;
        let mut rest: &[u8] = &text;
        out.extend_from_slice(&new);
        while let Some((_, length)) = first(rest) {
            let (this, after) = rest.split_at(length);
            out.extend_from_slice(this);
            out.extend_from_slice(&new);
            rest = after;
        }
        return Ok(Value::text(out));
    }
    let found = memchr::memmem::find_iter(&text, &*old).count();
    if found == 0 {
        return Ok(Value::Text(text));
    }
    render.reserve(found.saturating_mul(new.len()).saturating_add(text.len()))?;
    let mut from = 0;
    for at in memchr::memmem::find_iter(&text, &*old) {
        out.extend_from_slice(text.get(from..at).unwrap_or_default());
        out.extend_from_slice(&new);
        from = at + old.len();
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    Ok(Value::text(out))
}

fn plural(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(arguments.any(usize::from(arguments.int(2) != 1)).clone())
}

/// Go's `strings.SplitN`: an empty separator parts characters; a limit of 0 gives nothing, a negative one everything.
fn parts(text: &[u8], separator: &[u8], limit: i64) -> Option<Vec<Text>> {
    let limit = match limit {
        0 => return None,
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < limit {
        let cut = if separator.is_empty() {
            match first(rest) {
                Some((_, length)) if length < rest.len() => Some((length, length)),
                _ => None,
            }
        } else {
            find(rest, separator).map(|at| (at, at + separator.len()))
        };
        let Some((end, next)) = cut else { break };
        parts.push(Text::from(rest.get(..end).unwrap_or_default()));
        rest = rest.get(next..).unwrap_or_default();
    }
    if !(separator.is_empty() && rest.is_empty()) {
        parts.push(Text::from(rest));
    }
    Some(parts)
}

fn numbered(parts: Option<Vec<Text>>) -> Value {
    let entry = |(index, part)| (Text::from(format!("_{index}")), Value::Text(part));
    Value::Map(Map::of_kind(MapKind::Text, parts.unwrap_or_default().into_iter().enumerate().map(entry).collect()))
}

fn split(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(1);
    render.reserve(text.len())?;
    Ok(numbered(parts(&text, &arguments.text(0), -1)))
}

fn splitn(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(2);
    render.reserve(text.len())?;
    Ok(numbered(parts(&text, &arguments.text(0), arguments.int(1))))
}

fn split_list(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let text = arguments.text(1);
    render.reserve(text.len())?;
    Ok(Value::texts(parts(&text, &arguments.text(0), -1).unwrap_or_default()))
}

fn shuffle(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let mut letters: Vec<char> = arguments.text(0).to_str().chars().collect();
    for end in (1..letters.len()).rev() {
        letters.swap(end, super::random::below(render, end as u64 + 1) as usize);
    }
    Ok(Value::text(letters.into_iter().collect::<std::string::String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_parted_as_in_go() {
        let shown = |text: &str, separator: &str, limit| {
            parts(text.as_bytes(), separator.as_bytes(), limit)
                .map(|parts| parts.iter().map(text_of_text).collect::<Vec<_>>().join("|"))
        };
        fn text_of_text(text: &Text) -> std::string::String {
            text.to_string()
        }
        assert_eq!(shown("a,b,c", ",", -1).unwrap(), "a|b|c");
        assert_eq!(shown("a,b,c", ",", 2).unwrap(), "a|b,c");
        assert_eq!(shown("", ",", -1).unwrap(), "");
        assert_eq!(shown("abc", "", -1).unwrap(), "a|b|c");
        assert_eq!(shown("abc", "", 2).unwrap(), "a|bc");
        assert!(shown("abc", ",", 0).is_none());
    }
}
