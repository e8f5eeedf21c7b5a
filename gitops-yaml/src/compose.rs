//! Events to values, with budgets on depth, nodes and what aliases multiply.

use std::collections::HashMap;

use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};
use serde_json::{Map, Value};

use crate::resolve::{self, Scalar};
use crate::{Document, DuplicateKeys, Options, ReadError, Warning};

pub(crate) struct Composer<'a> {
    parser: Parser<&'a mut &'a [u8]>,
    options: &'a Options,
    anchors: HashMap<String, (Value, usize)>,
    nodes: usize,
    expanded: usize,
    warnings: Vec<Warning>,
}

impl<'a> Composer<'a> {
    pub(crate) fn new(input: &'a mut &'a [u8], options: &'a Options) -> Self {
        let mut parser = Parser::new();
        parser.set_input_string(input);
        Self { parser, options, anchors: HashMap::new(), nodes: 0, expanded: 0, warnings: Vec::new() }
    }

    pub(crate) fn documents(mut self) -> Result<Vec<Document>, ReadError> {
        let mut documents = Vec::new();
        loop {
            let event = self.next()?;
            match event.data {
                EventData::StreamEnd => return Ok(documents),
                EventData::DocumentStart { .. } => {
                    self.anchors.clear();
                    let first = self.next()?;
                    let (mark, empty) = (first.start_mark, is_empty(&first.data));
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

    fn next(&mut self) -> Result<Event, ReadError> {
        self.parser.parse().map_err(|error| ReadError::from_parser(&error))
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<Value, ReadError> {
        let mark = event.start_mark;
        let limits = &self.options.limits;
        if depth > limits.max_depth {
            return Err(ReadError::at(mark, format!("nested deeper than the {} levels allowed", limits.max_depth)));
        }
        self.nodes += 1;
        if self.nodes > limits.max_nodes {
            return Err(ReadError::at(mark, format!("more than the {} values allowed", limits.max_nodes)));
        }
        let before = self.nodes;
        let (anchor, value) = match event.data {
            EventData::Alias { anchor } => return self.alias(&anchor, mark),
            EventData::Scalar { anchor, tag, value, plain_implicit, style, .. } => {
                let plain = plain_implicit && style == ScalarStyle::Plain;
                let scalar = Scalar { text: value, tag: tag.as_deref(), plain };
                let value =
                    resolve::value(scalar, self.options.resolver).map_err(|words| ReadError::at(mark, words))?;
                (anchor, value)
            }
            EventData::SequenceStart { anchor, .. } => (anchor, self.sequence(depth)?),
            EventData::MappingStart { anchor, .. } => (anchor, self.mapping(depth)?),
            _ => return Err(ReadError::at(mark, "expected a value".into())),
        };
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, (value.clone(), self.nodes - before + 1));
        }
        Ok(value)
    }

    fn alias(&mut self, anchor: &str, mark: Mark) -> Result<Value, ReadError> {
        let Some((value, nodes)) = self.anchors.get(anchor) else {
            return Err(ReadError::at(mark, format!("unknown anchor `{anchor}`")));
        };
        self.expanded += nodes;
        self.nodes += nodes;
        let limit = self.options.limits.max_alias_expansion;
        if self.expanded > limit {
            return Err(ReadError::at(mark, format!("aliases expand to more than the {limit} values allowed")));
        }
        Ok(value.clone())
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

    fn mapping(&mut self, depth: usize) -> Result<Value, ReadError> {
        let mut map = Map::new();
        let mut merges = Vec::new();
        let mut lines: Vec<(String, usize)> = Vec::new();
        loop {
            let event = self.next()?;
            let mark = event.start_mark;
            let key = match event.data {
                EventData::MappingEnd => break,
                EventData::Scalar { ref value, plain_implicit, style: ScalarStyle::Plain, .. }
                    if value == "<<" && plain_implicit =>
                {
                    let value_event = self.next()?;
                    merges.push((self.node(value_event, depth + 1)?, mark));
                    continue;
                }
                EventData::Scalar { tag, value, plain_implicit, style, anchor, .. } => {
                    let plain = plain_implicit && style == ScalarStyle::Plain;
                    let scalar = Scalar { text: value, tag: tag.as_deref(), plain };
                    let key =
                        resolve::key(scalar, self.options.resolver).map_err(|words| ReadError::at(mark, words))?;
                    if let Some(anchor) = anchor {
                        self.anchors.insert(anchor, (Value::String(key.clone()), 1));
                    }
                    key
                }
                EventData::Alias { anchor } => match self.alias(&anchor, mark)? {
                    Value::String(key) => key,
                    _ => return Err(ReadError::at(mark, "a key must be a string".into())),
                },
                _ => return Err(ReadError::at(mark, "a key must be a string, not a map or list".into())),
            };
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            if map.contains_key(&key) {
                let first = lines.iter().find(|(other, _)| *other == key).map_or(0, |(_, line)| *line);
                self.duplicate(&key, first, mark)?;
            }
            lines.push((key.clone(), line(mark)));
            map.insert(key, value);
        }
        for (merge, mark) in merges {
            merge_into(&mut map, merge).map_err(|words| ReadError::at(mark, words.into()))?;
        }
        Ok(Value::Object(map))
    }

    fn duplicate(&mut self, key: &str, first: usize, mark: Mark) -> Result<(), ReadError> {
        let words = format!("the key `{key}` is already set in line {first}");
        match self.options.duplicate_keys {
            DuplicateKeys::Refuse => Err(ReadError::at(mark, words)),
            DuplicateKeys::LastWins => {
                let message = format!("the key `{key}` of line {first} is set again; the last one wins");
                self.warnings.push(Warning { line: line(mark), first_line: first, message });
                Ok(())
            }
        }
    }
}

fn merge_into(map: &mut Map<String, Value>, merge: Value) -> Result<(), &'static str> {
    match merge {
        Value::Object(entries) => {
            for (key, value) in entries {
                map.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::Array(items) => items.into_iter().try_for_each(|item| match item {
            Value::Object(_) => merge_into(map, item),
            _ => Err("a merge takes maps only"),
        }),
        _ => Err("a merge takes a map or a list of maps"),
    }
}

fn is_empty(data: &EventData) -> bool {
    matches!(data, EventData::Scalar { value, plain_implicit: true, anchor: None, tag: None, style: ScalarStyle::Plain, .. } if value.is_empty())
}

pub(crate) fn line(mark: Mark) -> usize {
    usize::try_from(mark.line).unwrap_or(usize::MAX).saturating_add(1)
}
