//! A text with other values in it, in the order and the styles that it has.

use libyaml_safer::{Emitter, Encoding, Event, EventData, MappingStyle, ScalarStyle, SequenceStyle};
use serde_json::{Map, Value};

use crate::compose::{next_event, parser};
use crate::{Limits, ReadError, Resolver, resolve};

/// Writes a value as the text is written that held another one: entries that are still there in their order and style, new
/// ones behind them. Blocks are indented by two, lists as deep as their key, and lines are not folded, as kyaml writes; comments
/// are left out.
///
/// # Errors
/// Where the text is not YAML, or is nested too deeply.
pub fn rewrite(text: &str, value: &Value) -> Result<String, ReadError> {
    let text = crate::input::end_line(text.into());
    let mut parser = parser(&text);
    let mut events = std::iter::from_fn(|| match next_event(&mut parser) {
        Ok(Event { data: EventData::StreamStart { .. } | EventData::DocumentStart { .. }, .. }) => Some(Ok(None)),
        Ok(Event { data: EventData::StreamEnd | EventData::DocumentEnd { .. }, .. }) => None,
        other => Some(other.map(|event| Some(event.data))),
    })
    .filter_map(Result::transpose);
    let mut out = Out(vec![Event::stream_start(Encoding::Utf8), Event::document_start(None, &[], true)]);
    match next(&mut events)? {
        Some(first) => {
            let node = Node::read(first, &mut events, 0)?;
            out.value(Some(&node), value);
        }
        None => out.value(None, value),
    }
    out.0.extend([Event::document_end(true), Event::stream_end()]);
    emit(out.0)
}

fn next(events: &mut dyn Iterator<Item = Result<EventData, ReadError>>) -> Result<Option<EventData>, ReadError> {
    events.next().transpose()
}

/// What a value looks like.
enum Node {
    Scalar { value: Value, text: String, style: ScalarStyle },
    List { items: Vec<Node>, style: SequenceStyle },
    Map { entries: Vec<(String, ScalarStyle, Node)>, style: MappingStyle },
}

impl Node {
    fn read(
        event: EventData,
        events: &mut dyn Iterator<Item = Result<EventData, ReadError>>,
        depth: usize,
    ) -> Result<Self, ReadError> {
        if depth > Limits::default().max_depth {
            return Err(ReadError::new(1, 1, "nested too deeply".into()));
        }
        let ended = || ReadError::new(1, 1, "the text ends too early".into());
        match event {
            EventData::Scalar { value: text, tag, plain_implicit, style, .. } => {
                let plain = plain_implicit && style == ScalarStyle::Plain;
                let scalar = resolve::Scalar { text: text.clone(), tag: tag.as_deref(), plain };
                let value = resolve::value(scalar, Resolver::Kyaml).unwrap_or_else(|_| Value::String(text.clone()));
                Ok(Self::Scalar { value, text, style })
            }
            EventData::SequenceStart { style, .. } => {
                let mut items = Vec::new();
                loop {
                    match next(events)?.ok_or_else(ended)? {
                        EventData::SequenceEnd => return Ok(Self::List { items, style }),
                        event => items.push(Self::read(event, events, depth + 1)?),
                    }
                }
            }
            EventData::MappingStart { style, .. } => {
                let mut entries = Vec::new();
                loop {
                    let (key, key_style) = match next(events)?.ok_or_else(ended)? {
                        EventData::MappingEnd => return Ok(Self::Map { entries, style }),
                        EventData::Scalar { value, style, .. } => (value, style),
                        _ => return Err(ReadError::new(1, 1, "a key must be a string".into())),
                    };
                    let value = next(events)?.ok_or_else(ended)?;
                    entries.push((key, key_style, Self::read(value, events, depth + 1)?));
                }
            }
            _ => Err(ReadError::new(1, 1, "aliases cannot be rewritten".into())),
        }
    }
}

struct Out(Vec<Event>);

impl Out {
    fn value(&mut self, node: Option<&Node>, value: &Value) {
        match (value, node) {
            (Value::Object(map), Some(Node::Map { entries, style })) => self.map(entries, map, *style),
            (Value::Object(map), _) => self.map(&[], map, MappingStyle::Block),
            (Value::Array(items), node) => {
                let (nodes, style) = match node {
                    Some(Node::List { items, style }) => (items.as_slice(), *style),
                    _ => (&[][..], SequenceStyle::Block),
                };
                self.0.push(Event::sequence_start(None, None, true, style));
                for (at, item) in items.iter().enumerate() {
                    self.value(nodes.get(at), item);
                }
                self.0.push(Event::sequence_end());
            }
            (scalar, Some(Node::Scalar { value, text, style })) if scalar == value => self.scalar(text, *style),
            (Value::String(text), Some(Node::Scalar { value: Value::String(_), style, .. }))
                if *style != ScalarStyle::Plain || crate::is_plain(text, Resolver::Kyaml) =>
            {
                self.scalar(text, *style);
            }
            (Value::String(text), _) if text.contains('\n') => self.scalar(text, ScalarStyle::Literal),
            (Value::String(text), _) if crate::plain(text, Resolver::Kyaml) != *value => {
                self.scalar(text, ScalarStyle::DoubleQuoted);
            }
            (Value::String(text), _) => self.scalar(text, ScalarStyle::Plain),
            (scalar, _) => self.scalar(&scalar.to_string(), ScalarStyle::Plain),
        }
    }

    fn map(&mut self, entries: &[(String, ScalarStyle, Node)], map: &Map<String, Value>, style: MappingStyle) {
        self.0.push(Event::mapping_start(None, None, true, style));
        for (key, key_style, node) in entries {
            let Some(value) = map.get(key) else { continue };
            self.scalar(key, *key_style);
            self.value(Some(node), value);
        }
        for (key, value) in map.iter().filter(|(key, _)| !entries.iter().any(|(known, ..)| known == *key)) {
            self.value(None, &Value::String(key.clone()));
            self.value(None, value);
        }
        self.0.push(Event::mapping_end());
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle) {
        self.0.push(Event::scalar(None, None, text, true, true, style));
    }
}

fn emit(events: Vec<Event>) -> Result<String, ReadError> {
    let unwritable = |_| ReadError::new(1, 1, "the value cannot be written in the text's styles".into());
    let mut out = Vec::new();
    let mut emitter = Emitter::new();
    emitter.set_output_string(&mut out);
    emitter.set_unicode(true);
    emitter.set_indent(2);
    emitter.set_width(-1);
    for event in events {
        emitter.emit(event).map_err(unwritable)?;
    }
    drop(emitter);
    String::from_utf8(out).map_err(|_| ReadError::new(1, 1, "the text is not UTF-8".into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_keep_their_order_and_styles() {
        let text =
            "server:\n    port: 80\n    name: \"quoted\"\n\n    list:\n      - a\n      - b: 'c'\nother: {x: 1}\n";
        let value = json!({
            "other": {"x": 1},
            "server": {"list": ["a", {"b": "80"}], "name": "8080", "new": "hello", "port": 8080},
        });
        assert_eq!(
            rewrite(text, &value).unwrap(),
            "server:\n  port: 8080\n  name: \"8080\"\n  list:\n  - a\n  - b: '80'\n  new: hello\nother: {x: 1}\n"
        );
        assert_eq!(rewrite("a: b\n", &json!({"a": "80"})).unwrap(), "a: \"80\"\n");
        assert!(rewrite("a: [\n", &json!({})).is_err());
    }
}
