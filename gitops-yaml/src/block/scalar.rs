//! Scalars in one line, and literal blocks.

use std::borrow::Cow;

use memchr::{memchr2, memmem};
use serde_json::{Map, Value};

use super::Reader;
use crate::Resolver;
use crate::resolve::{self, Scalar};

/// The value of a text without blanks around it, up to a comment; none where it may be no scalar, or no whole one.
pub(super) fn in_line(text: &str) -> Option<Value> {
    let (value, rest) = match text.as_bytes() {
        [b'"' | b'\'', ..] => {
            let (text, rest) = quoted(text)?;
            (Value::String(text.into_owned()), rest)
        }
        [b'{', b'}', ..] => (Value::Object(Map::new()), text.get(2..)?),
        [b'[', ..] => {
            let (items, rest) = list(text.get(1..)?)?;
            (Value::Array(items), rest)
        }
        [b'-', second, ..] if *second != b' ' => return plain(unquoted(text)?),
        [
            b'-' | b'?' | b':' | b',' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@'
            | b'`',
            ..,
        ] => return None,
        _ => return plain(unquoted(text)?),
    };
    let behind = rest.trim_start_matches(' ');
    (behind.is_empty() || behind.len() < rest.len() && behind.starts_with('#')).then_some(value)
}

fn plain(text: &str) -> Option<Value> {
    resolve::value(Scalar { text: text.to_owned(), tag: None, plain: true }, Resolver::Sigs).ok()
}

/// The items of a list in brackets behind the first of them, and what stands behind the last. None where one is no simple
/// scalar.
fn list(text: &str) -> Option<(Vec<Value>, &str)> {
    let mut items = Vec::new();
    let mut rest = text.trim_start_matches(' ');
    if let Some(behind) = rest.strip_prefix(']') {
        return Some((items, behind));
    }
    loop {
        let (item, behind) = match rest.as_bytes().first()? {
            b'"' | b'\'' => {
                let (text, behind) = quoted(rest)?;
                (Value::String(text.into_owned()), behind)
            }
            _ => {
                let (word, behind) = word(rest)?;
                (plain(word)?, behind)
            }
        };
        items.push(item);
        let behind = behind.trim_start_matches(' ');
        match behind.as_bytes().first()? {
            b',' => rest = behind.get(1..)?.trim_start_matches(' '),
            b']' => return Some((items, behind.get(1..)?)),
            _ => return None,
        }
    }
}

/// The word that a line starts with, which nothing in YAML ends or changes, and what stands behind it.
pub(super) fn word(line: &str) -> Option<(&str, &str)> {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-');
    let length = line.bytes().take_while(|byte| inside(*byte)).count();
    (length > 0 && !line.starts_with('-')).then(|| line.split_at(length))
}

/// What of a text is a plain scalar; none where a colon in it may end a key.
fn unquoted(text: &str) -> Option<&str> {
    let text = match memmem::find(text.as_bytes(), b" #") {
        Some(comment) => text.get(..comment)?.trim_end_matches(' '),
        None => text,
    };
    let ends_key = text.ends_with(':') || memmem::find(text.as_bytes(), b": ").is_some();
    (!ends_key).then_some(text)
}

/// The text in quotes that a line starts with, and what stands behind them. None where they don't end in this line, or
/// escapes stand in them that are seldom used.
pub(super) fn quoted(line: &str) -> Option<(Cow<'_, str>, &str)> {
    let quote = *line.as_bytes().first()?;
    let mut rest = line.get(1..)?;
    let mut text = Cow::Borrowed("");
    loop {
        let found = memchr2(quote, b'\\', rest.as_bytes())?;
        let (before, mark) = rest.split_at(found);
        let (meant, length) = match mark.as_bytes() {
            [b'\'', b'\'', ..] if quote == b'\'' => ("'", 2),
            [b'\\', ..] if quote == b'\'' => ("\\", 1),
            [b'\\', b'"', ..] => ("\"", 2),
            [b'\\', b'\\', ..] => ("\\", 2),
            [b'\\', b'n', ..] => ("\n", 2),
            [b'\\', ..] => return None,
            _ => {
                text += before;
                return Some((text, mark.get(1..)?));
            }
        };
        text += before;
        text += meant;
        rest = mark.get(length..)?;
    }
}

impl Reader<'_, '_> {
    /// The text of a literal block below its head, which stands in a map or list at a column.
    pub(super) fn literal(&mut self, head: &str, parent: usize) -> Option<String> {
        let (strips, keeps) = match head {
            "|" => (false, false),
            "|-" => (true, false),
            "|+" => (false, true),
            _ => return None,
        };
        let mut text = String::new();
        let mut indent = None;
        // Breaks of lines that come before the next line, if one comes.
        let mut breaks = 0;
        let mut blanks = 0;
        loop {
            let start = self.at;
            let Some(raw) = self.raw() else { break };
            let inner = raw.trim_start_matches(' ');
            let column = raw.len() - inner.len();
            if inner.is_empty() && indent.is_none_or(|indent| column <= indent) {
                blanks = blanks.max(column);
                breaks += 1;
                continue;
            }
            if indent.is_none() && column <= parent {
                // The text is empty. Breaks of lines that are kept, and blanks in lines, are left to the other reader.
                if keeps || blanks > 0 {
                    return None;
                }
                self.at = start;
                self.advance()?;
                return Some(text);
            }
            let indent = *indent.get_or_insert(column);
            // Blank lines that tell another column are left to the other reader.
            if text.is_empty() && blanks > indent {
                return None;
            }
            if column < indent {
                if inner.starts_with('\t') {
                    return None;
                }
                self.at = start;
                break;
            }
            if text.is_empty() && inner.starts_with('\t') {
                return None;
            }
            text.extend(std::iter::repeat_n('\n', breaks));
            text.push_str(raw.get(indent..)?);
            breaks = 1;
        }
        indent?;
        if self.at > self.text.len() {
            // The last line has no break.
            breaks = breaks.saturating_sub(1);
        }
        let kept = if strips {
            0
        } else if keeps {
            breaks
        } else {
            breaks.min(1)
        };
        text.extend(std::iter::repeat_n('\n', kept));
        self.advance()?;
        Some(text)
    }
}
