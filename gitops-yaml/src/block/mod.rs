//! The form in which nearly all YAML is written, read line by line: maps and lists in block style whose scalars stand in
//! one line or in a literal block.
//!
//! The whole language is read by events, which takes several times as long. Here nothing is ever refused: whatever is not
//! surely of this form is left to that reader, errors included, so that both never say different things.

mod scalar;
#[cfg(test)]
mod tests;

use memchr::memchr;
use serde_json::{Map, Value};

use crate::resolve::{self, Scalar};
use crate::{Limits, Resolver};

/// Longer keys are not looked for: the scanner takes them for something else.
const MAX_KEY: usize = 1_000;

/// The value of a text as `sigs.k8s.io/yaml` reads it; none where the text is to be read as a whole.
pub(crate) fn read(text: &str, limits: &Limits) -> Option<Value> {
    // Other breaks of lines, and a last line in which only blanks may be.
    let breaks_else = ['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}'];
    if memchr(b'\r', text.as_bytes()).is_some() || !text.is_ascii() && text.contains(breaks_else) || text.ends_with(' ')
    {
        return None;
    }
    let mut reader = Reader { text, at: 0, line: None, limits, nodes: 0 };
    reader.advance()?;
    let first = reader.line?;
    let value = reader.block(first.indent, 0)?;
    // What is left stands further to the left than the first line.
    reader.line.is_none().then_some(value)
}

/// A line, or what is left of it behind the marks of lists, from its first character that is no blank.
#[derive(Clone, Copy)]
struct Line<'t> {
    /// The column of that character.
    indent: usize,
    text: &'t str,
}

struct Reader<'t, 'l> {
    text: &'t str,
    /// Where the line behind the current one starts.
    at: usize,
    /// The current line; none at the end.
    line: Option<Line<'t>>,
    limits: &'l Limits,
    nodes: usize,
}

impl<'t> Reader<'t, '_> {
    /// The next line whatever it holds, without its end.
    fn raw(&mut self) -> Option<&'t str> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        self.at += length + 1;
        rest.get(..length)
    }

    /// Goes on to the next line that is neither empty nor a comment. None where it is none of this form.
    fn advance(&mut self) -> Option<()> {
        self.line = None;
        while let Some(raw) = self.raw() {
            let text = raw.trim_start_matches(' ');
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let indent = raw.len() - text.len();
            let marks_document = indent == 0 && (text.starts_with("---") || text.starts_with("..."));
            if marks_document || text.starts_with('%') || memchr(b'\t', text.as_bytes()).is_some() {
                return None;
            }
            self.line = Some(Line { indent, text });
            break;
        }
        Some(())
    }

    /// Counts a value.
    fn count(&mut self, depth: usize) -> Option<()> {
        self.nodes += 1;
        (depth <= self.limits.max_depth && self.nodes <= self.limits.max_nodes).then_some(())
    }

    /// The map or list that starts with the current line.
    fn block(&mut self, indent: usize, depth: usize) -> Option<Value> {
        match item(self.line?.text) {
            Some(_) => self.list(indent, depth),
            None => self.map(indent, depth),
        }
    }

    fn map(&mut self, indent: usize, depth: usize) -> Option<Value> {
        self.count(depth)?;
        let mut map = Map::new();
        while let Some(line) = self.line.filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return None;
            }
            let (key, rest) = key(line.text)?;
            let value = self.value(rest, indent, depth + 1, Self::below_key)?;
            map.insert(key, value);
        }
        Some(Value::Object(map))
    }

    fn list(&mut self, indent: usize, depth: usize) -> Option<Value> {
        self.count(depth)?;
        let mut items = Vec::new();
        while let Some(line) = self.line.filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return None;
            }
            // A list may stand as far to the left as the key that it is of, and ends with the next one.
            let Some(rest) = item(line.text) else { break };
            let inner = rest.trim_start_matches(' ');
            items.push(if item(inner).is_some() || key(inner).is_some() {
                let indent = indent + line.text.len() - inner.len();
                self.line = Some(Line { indent, text: inner });
                self.block(indent, depth + 1)?
            } else {
                self.value(rest, indent, depth + 1, Self::below_item)?
            });
        }
        Some(Value::Array(items))
    }

    /// What stands behind a key or the mark of an item, or below it.
    fn value(
        &mut self,
        rest: &'t str,
        indent: usize,
        depth: usize,
        below: impl FnOnce(&mut Self, usize, usize) -> Option<Value>,
    ) -> Option<Value> {
        let text = rest.trim_matches(' ');
        if text.is_empty() || text.starts_with('#') {
            self.advance()?;
            return below(self, indent, depth);
        }
        self.count(depth)?;
        if text.starts_with('|') {
            return self.literal(text, indent).map(Value::String);
        }
        let value = scalar::in_line(text)?;
        if let Value::Array(items) = &value {
            items.iter().try_for_each(|_| self.count(depth + 1))?;
        }
        self.advance()?;
        // A scalar may go on in the next line.
        let goes_on = self.line.is_some_and(|line| line.indent > indent);
        (!goes_on).then_some(value)
    }

    fn below_key(&mut self, indent: usize, depth: usize) -> Option<Value> {
        match self.line {
            Some(line) if line.indent > indent => self.block(line.indent, depth),
            Some(line) if line.indent == indent && item(line.text).is_some() => self.list(indent, depth),
            _ => self.count(depth).map(|()| Value::Null),
        }
    }

    fn below_item(&mut self, indent: usize, depth: usize) -> Option<Value> {
        match self.line {
            Some(line) if line.indent > indent => self.block(line.indent, depth),
            _ => self.count(depth).map(|()| Value::Null),
        }
    }
}

/// What stands behind the mark of a list's item.
fn item(text: &str) -> Option<&str> {
    text.strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// The key that a line starts with, and what stands behind its colon.
fn key(text: &str) -> Option<(String, &str)> {
    let (key, plain, rest) = match text.as_bytes().first()? {
        b'"' | b'\'' => {
            let (key, rest) = scalar::quoted(text)?;
            (key.into_owned(), false, rest)
        }
        _ => {
            let (key, rest) = scalar::word(text)?;
            (key.to_owned(), true, rest)
        }
    };
    let rest = rest.strip_prefix(':').filter(|rest| rest.is_empty() || rest.starts_with(' '))?;
    if text.len() - rest.len() > MAX_KEY {
        return None;
    }
    let key = resolve::key(Scalar { text: key, tag: None, plain }, Resolver::Sigs).ok()?;
    Some((key, rest))
}
