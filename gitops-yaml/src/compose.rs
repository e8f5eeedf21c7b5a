//! Events to values, with budgets on depth, nodes and what aliases multiply.

use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};

use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};
use serde_json::{Map, Value};

use crate::anchors::{Anchors, Size};
use crate::fold;
use crate::keys::KeyLines;
use crate::resolve::{self, Scalar};
use crate::{Document, DuplicateKeys, Options, ReadError, Resolver, Warning};

/// Bytes that the parser decodes at a time.
const CHUNK: usize = 8 << 10;

/// A parser of a text, which it takes piece by piece.
pub(crate) fn parser(text: &str) -> Parser<BufReader<&[u8]>> {
    let mut parser = Parser::new();
    parser.set_encoding(libyaml_safer::Encoding::Utf8);
    parser.set_input(BufReader::with_capacity(CHUNK, text.as_bytes()));
    parser
}

/// What is said where the scanner panics.
const UNREADABLE: &str = "the text is not well-formed YAML";

/// The next event. The scanner panics on a few malformed texts (a tag without value before a `,`); that is an error of the
/// text, and the parser is not used after it.
pub(crate) fn next_event(parser: &mut Parser<BufReader<&[u8]>>) -> Result<Event, ReadError> {
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse()));
    let unreadable = |_| ReadError::new(1, 1, UNREADABLE.into());
    parsed.map_err(unreadable)?.map_err(|error| ReadError::from_parser(&error))
}

/// Where a text is not well-formed; none where it is.
pub(crate) fn syntax_error(text: &str) -> Option<ReadError> {
    let mut parser = parser(text);
    loop {
        match next_event(&mut parser) {
            Ok(event) if event.data == EventData::StreamEnd => return None,
            Ok(_) => {}
            Err(error) => return Some(error).filter(|error| error.message != UNREADABLE),
        }
    }
}

pub(crate) struct Composer<'a> {
    parser: Parser<BufReader<&'a [u8]>>,
    options: &'a Options,
    anchors: Anchors<'a>,
    size: Size,
    warnings: Vec<Warning>,
    text: &'a str,
    /// How many of the keys of [`Options::texts_at`] led to the next value, where it lies on their way.
    on_way: Option<usize>,
    /// Somewhere in the text an escape may stand that go-yaml does not know.
    has_slash_escapes: bool,
    /// Bytes of the text before its last line was ended.
    length: usize,
}

impl<'a> Composer<'a> {
    pub(crate) fn new(text: &'a str, length: usize, options: &'a Options) -> Self {
        let (anchors, size) = (Anchors::new(text), Size::default());
        Self {
            parser: parser(text),
            options,
            anchors,
            size,
            warnings: Vec::new(),
            text,
            on_way: None,
            has_slash_escapes: text.contains(r"\/"),
            length,
        }
    }

    pub(crate) fn documents(mut self) -> Result<Vec<Document>, ReadError> {
        let mut documents = Vec::new();
        loop {
            let event = self.next()?;
            match event.data {
                EventData::StreamEnd => return Ok(documents),
                EventData::DocumentStart { version_directive, .. } => {
                    if version_directive.is_some_and(|version| (version.major, version.minor) != (1, 1)) {
                        return Err(ReadError::at(event.start_mark, "found incompatible YAML document".into()));
                    }
                    self.anchors.clear();
                    let first = self.next()?;
                    let (mark, empty) = (first.start_mark, is_empty(&first.data));
                    self.on_way = self.options.texts_at.map(|_| 0);
                    let value = self.node(first, 0)?;
                    let warnings = std::mem::take(&mut self.warnings);
                    if !empty {
                        documents.push(Document { value, line: line(mark), warnings });
                    }
                }
                _ => {}
            }
        }
    }

    /// The first document, null where there is none.
    pub(crate) fn first(mut self) -> Result<Value, ReadError> {
        loop {
            match self.next()?.data {
                EventData::StreamEnd => return Ok(Value::Null),
                EventData::DocumentStart { .. } => {
                    let first = self.next()?;
                    let value = self.node(first, 0)?;
                    self.next()?;
                    return Ok(value);
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<Event, ReadError> {
        let mut event = next_event(&mut self.parser)?;
        if self.has_slash_escapes {
            self.refuse_slash_escape(&event)?;
        }
        let end = usize::try_from(event.end_mark.index).unwrap_or(usize::MAX);
        if let EventData::Scalar { value, style: ScalarStyle::Literal | ScalarStyle::Folded, .. } = &mut event.data
            && self.length < self.text.len()
            && end >= self.length
        {
            crate::input::unend_line(value, self.text.get(..self.length).unwrap_or_default());
        }
        Ok(event)
    }

    /// YAML 1.1, which go-yaml reads, has no `\\/`.
    fn refuse_slash_escape(&self, event: &Event) -> Result<(), ReadError> {
        let EventData::Scalar { style: ScalarStyle::DoubleQuoted, .. } = event.data else { return Ok(()) };
        let offset = |mark: Mark| usize::try_from(mark.index).unwrap_or(usize::MAX);
        let mut bytes =
            self.text.as_bytes().get(offset(event.start_mark)..offset(event.end_mark)).unwrap_or_default().iter();
        while let Some(byte) = bytes.next() {
            if *byte == b'\\' && bytes.next() == Some(&b'/') {
                return Err(ReadError::at(event.start_mark, "found unknown escape character `/`".into()));
            }
        }
        Ok(())
    }

    /// Counts a value, and says how large all before it are.
    fn count(&mut self, mark: Mark, depth: usize) -> Result<Size, ReadError> {
        let limits = &self.options.limits;
        if depth > limits.max_depth {
            return Err(ReadError::at(mark, format!("nested deeper than the {} levels allowed", limits.max_depth)));
        }
        let before = self.size;
        self.size.nodes += 1;
        if self.size.nodes > limits.max_nodes {
            return Err(ReadError::at(mark, format!("more than the {} values allowed", limits.max_nodes)));
        }
        Ok(before)
    }

    /// Whether a tag says nothing: to go-yaml v3 a `!` alone does not.
    fn is_untagged(&self, tag: Option<&str>) -> bool {
        tag.is_none_or(|tag| tag == "!" && self.options.resolver == Resolver::Kyaml)
    }

    fn define(&mut self, anchor: String, value: &Value, before: Size, mark: Mark) -> Result<(), ReadError> {
        let size = Size { nodes: self.size.nodes - before.nodes, bytes: self.size.bytes - before.bytes };
        let defined = self.anchors.define(anchor, value, size, &self.options.limits);
        defined.map_err(|words| ReadError::at(mark, words))
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<Value, ReadError> {
        let mark = event.start_mark;
        let before = self.count(mark, depth)?;
        let on_way = self.on_way.take();
        let (anchor, value) = match event.data {
            EventData::Alias { anchor } => return self.alias(&anchor, mark, depth),
            EventData::Scalar { anchor, tag, value, plain_implicit, style, .. } => {
                self.size.bytes += value.len();
                let plain = plain_implicit && self.is_untagged(tag.as_deref()) && style == ScalarStyle::Plain;
                let folded = style == ScalarStyle::Folded && self.options.resolver == Resolver::Kyaml;
                let text = if folded { fold::refolded(value) } else { value };
                let scalar = Scalar { text, tag: tag.as_deref(), plain };
                let as_it_stands = self.is_text(on_way).then(|| scalar.text.clone());
                let value = resolve::value(scalar, self.options.resolver).map_err(|words| {
                    let go_words = no_form_in_json(&words).unwrap_or_else(|| format!("yaml: {words}"));
                    ReadError::at(mark, words).in_go(go_words)
                })?;
                (anchor, as_it_stands.filter(|_| !value.is_null()).map_or(value, Value::String))
            }
            EventData::SequenceStart { anchor, .. } => (anchor, self.sequence(depth)?),
            EventData::MappingStart { anchor, .. } => (anchor, self.mapping(depth, on_way)?),
            _ => return Err(ReadError::at(mark, "expected a value".into())),
        };
        if let Some(anchor) = anchor {
            self.define(anchor, &value, before, mark)?;
        }
        Ok(value)
    }

    fn alias(&mut self, anchor: &str, mark: Mark, depth: usize) -> Result<Value, ReadError> {
        let expanded = self.anchors.expand(anchor, depth, &self.options.limits);
        let (value, size) = expanded.map_err(|words| {
            let go_words = match words.starts_with("unknown anchor") {
                true => format!("yaml: unknown anchor '{anchor}' referenced"),
                false => format!("yaml: {words}"),
            };
            ReadError::at(mark, words).in_go(go_words)
        })?;
        self.size.nodes += size.nodes;
        self.size.bytes += size.bytes;
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, ReadError> {
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if event.data == EventData::SequenceEnd {
                return Ok(Value::Array(items));
            }
            items.push(self.node(event, depth + 1)?);
        }
    }

    /// Whether a scalar is what the keys of [`Options::texts_at`] lead to.
    fn is_text(&self, on_way: Option<usize>) -> bool {
        on_way.zip(self.options.texts_at).is_some_and(|(matched, keys)| matched > keys.len())
    }

    /// How far the value of a key is on that way.
    fn further(&self, on_way: Option<usize>, key: &str) -> Option<usize> {
        let (matched, keys) = on_way.zip(self.options.texts_at)?;
        let leads = matched <= keys.len() && keys.get(matched).is_none_or(|wanted| *wanted == key);
        leads.then_some(matched + 1)
    }

    fn mapping(&mut self, depth: usize, on_way: Option<usize>) -> Result<Value, ReadError> {
        let mut map = Map::new();
        let mut merges = Vec::new();
        let mut lines = KeyLines::default();
        loop {
            let event = self.next()?;
            let mark = event.start_mark;
            if event.data == EventData::MappingEnd {
                break;
            }
            if is_merge(&event.data) {
                let value = self.next()?;
                let merge = self.node(value, depth + 1)?;
                match self.options.resolver {
                    Resolver::Sigs => merge_over(&mut map, merge).map_err(|words| ReadError::at(mark, words.into()))?,
                    Resolver::Kyaml => {
                        if let Some(first) = lines.first("<<") {
                            self.duplicate("<<", first, mark)?;
                        }
                        lines.push("<<", line(mark));
                        merges.push((merge, mark));
                    }
                }
                continue;
            }
            let is_null = is_null_key(&event.data, self.options.resolver);
            let key = self.key(event, depth);
            if let (Err(error), true) = (&key, is_null) {
                let value = self.next()?;
                let value = self.node(value, depth + 1)?;
                let words = "unsupported map key of type: %!s(<nil>), key: <nil>, value:";
                return Err(error.clone().in_go(format!("{words} {}", go_syntax(&value))));
            }
            let key = key?;
            let value = self.next()?;
            self.on_way = self.further(on_way, &key);
            let value = self.node(value, depth + 1)?;
            if map.contains_key(&key)
                && let Some(first) = lines.first(&key)
            {
                self.duplicate(&key, first, mark)?;
            }
            lines.push(&key, line(mark));
            map.insert(key, value);
        }
        for (merge, mark) in merges {
            merge_under(&mut map, merge).map_err(|words| ReadError::at(mark, words.into()))?;
        }
        Ok(Value::Object(map))
    }

    fn key(&mut self, event: Event, depth: usize) -> Result<String, ReadError> {
        let mark = event.start_mark;
        match event.data {
            EventData::Scalar { tag, value, plain_implicit, style, anchor, .. } => {
                let before = self.size;
                self.size.bytes += value.len();
                let plain = plain_implicit && self.is_untagged(tag.as_deref()) && style == ScalarStyle::Plain;
                let scalar = Scalar { text: value, tag: tag.as_deref(), plain };
                let resolver = self.options.resolver;
                let Some(anchor) = anchor else {
                    return resolve::key(scalar, resolver).map_err(|words| ReadError::at(mark, words));
                };
                let again = Scalar { text: scalar.text.clone(), ..scalar };
                let value = resolve::value(again, resolver).map_err(|words| ReadError::at(mark, words))?;
                self.size.nodes += 1;
                self.define(anchor, &value, before, mark)?;
                resolve::key(scalar, resolver).map_err(|words| ReadError::at(mark, words))
            }
            EventData::Alias { anchor } => {
                let value = self.alias(&anchor, mark, depth)?;
                resolve::key_of(value).map_err(|words| ReadError::at(mark, words))
            }
            _ => Err(ReadError::at(mark, "a key must be a string, not a map or list".into())),
        }
    }

    fn duplicate(&mut self, key: &str, first: usize, mark: Mark) -> Result<(), ReadError> {
        match self.options.duplicate_keys {
            DuplicateKeys::Refuse => {
                Err(ReadError::at(mark, format!("the key `{key}` is already set in line {first}")))
            }
            DuplicateKeys::LastWins => {
                let message = format!("the key `{key}` of line {first} is set again; the last one wins");
                self.warnings.push(Warning { line: line(mark), first_line: first, message });
                Ok(())
            }
        }
    }
}

const NO_MAP: &str = "map merge requires a map or a list of maps as the value";

/// go-yaml v2's merge, carried out where it stands: it replaces keys before it, and keys behind it replace its own.
fn merge_over(map: &mut Map<String, Value>, merge: Value) -> Result<(), &'static str> {
    match merge {
        Value::Object(entries) => map.extend(entries),
        Value::Array(items) => {
            for item in items.into_iter().rev() {
                let Value::Object(entries) = item else { return Err(NO_MAP) };
                map.extend(entries);
            }
        }
        _ => return Err(NO_MAP),
    }
    Ok(())
}

/// go-yaml v3's merge, carried out last: a map's own keys win, then the earlier maps of a list.
fn merge_under(map: &mut Map<String, Value>, merge: Value) -> Result<(), &'static str> {
    let mut add = |entries: Map<String, Value>| {
        for (key, value) in entries {
            map.entry(key).or_insert(value);
        }
    };
    match merge {
        Value::Object(entries) => add(entries),
        Value::Array(items) => {
            for item in items {
                let Value::Object(entries) = item else { return Err(NO_MAP) };
                add(entries);
            }
        }
        _ => return Err(NO_MAP),
    }
    Ok(())
}

fn is_merge(data: &EventData) -> bool {
    let EventData::Scalar { value, tag, plain_implicit, .. } = data else { return false };
    value == "<<" && (*plain_implicit || tag.as_deref() == Some("tag:yaml.org,2002:merge"))
}

pub(crate) fn is_empty(data: &EventData) -> bool {
    matches!(data, EventData::Scalar { value, plain_implicit: true, anchor: None, tag: None, style: ScalarStyle::Plain, .. } if value.is_empty())
}

pub(crate) fn line(mark: Mark) -> usize {
    usize::try_from(mark.line).unwrap_or(usize::MAX).saturating_add(1)
}

fn is_null_key(event: &EventData, resolver: Resolver) -> bool {
    match event {
        EventData::Scalar { value, plain_implicit: true, tag: None, style: ScalarStyle::Plain, .. } => {
            resolver == Resolver::Sigs && matches!(value.as_str(), "" | "~" | "null" | "Null" | "NULL")
        }
        _ => false,
    }
}

/// A value as Go's `%+#v` writes it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key:?}:{}", go_syntax(value)));
            format!("map[interface {{}}]interface {{}}{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// What Go's JSON says of a float that it has no form for.
fn no_form_in_json(words: &str) -> Option<String> {
    let text = words.strip_suffix("` has no form in JSON")?.strip_prefix('`')?.to_ascii_lowercase();
    let number = match text.as_str() {
        ".nan" => "NaN",
        text if text.starts_with('-') => "-Inf",
        _ => "+Inf",
    };
    Some(format!("json: unsupported value: {number}"))
}
