use libyaml_safer::{Event, EventData, Mark, Parser};

/// One step of a path into a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathSegment {
    /// A key of a map.
    Key(String),
    /// An index of a list, from 0.
    Index(usize),
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

/// Where the value at a path stands in a document (counted from 0, empty ones left out); where it is missing, the
/// nearest ancestor that is there. The text is parsed again, so this is for errors only.
pub fn locate(text: &[u8], document: usize, path: &[PathSegment]) -> Option<Position> {
    let mut input = text;
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    let mut at = 0;
    loop {
        match parser.parse().ok()?.data {
            EventData::StreamEnd => return None,
            EventData::DocumentStart { .. } => {
                let first = parser.parse().ok()?;
                let empty = matches!(&first.data, EventData::Scalar { value, tag: None, plain_implicit: true, .. } if value.is_empty());
                if empty {
                    continue;
                }
                if at == document {
                    return Some(position(find(&mut parser, &first, path).unwrap_or(first.start_mark)));
                }
                skip(&mut parser, &first)?;
                at += 1;
            }
            _ => {}
        }
    }
}

type EventParser<'a> = Parser<&'a mut &'a [u8]>;

fn find(parser: &mut EventParser<'_>, event: &Event, path: &[PathSegment]) -> Option<Mark> {
    let Some((segment, rest)) = path.split_first() else { return Some(event.start_mark) };
    match (&event.data, segment) {
        (EventData::MappingStart { .. }, PathSegment::Key(wanted)) => {
            while let Ok(key) = parser.parse() {
                let found = match &key.data {
                    EventData::MappingEnd => return None,
                    EventData::Scalar { value, .. } => value == wanted,
                    _ => {
                        skip(parser, &key);
                        false
                    }
                };
                let value = parser.parse().ok()?;
                if found {
                    // The key's line is what a person looks for.
                    let deeper = if rest.is_empty() { None } else { find(parser, &value, rest) };
                    return Some(deeper.unwrap_or(key.start_mark));
                }
                skip(parser, &value);
            }
            None
        }
        (EventData::SequenceStart { .. }, PathSegment::Index(wanted)) => {
            let mut index = 0;
            while let Ok(item) = parser.parse() {
                if item.data == EventData::SequenceEnd {
                    return None;
                }
                if index == *wanted {
                    return Some(find(parser, &item, rest).unwrap_or(item.start_mark));
                }
                skip(parser, &item);
                index += 1;
            }
            None
        }
        _ => None,
    }
}

/// Reads to the end of the value that an event starts.
fn skip(parser: &mut EventParser<'_>, event: &Event) -> Option<()> {
    let mut depth = 0usize;
    let mut data = None;
    loop {
        match data.as_ref().unwrap_or(&event.data) {
            EventData::MappingStart { .. } | EventData::SequenceStart { .. } => depth += 1,
            EventData::MappingEnd | EventData::SequenceEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(());
        }
        data = Some(parser.parse().ok()?.data);
    }
}

fn position(mark: Mark) -> Position {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).saturating_add(1);
    Position { line: count(mark.line), column: count(mark.column) }
}
