use std::io::BufReader;

use crate::Limits;
use crate::compose::next_event;
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
    locate_many(text, document, &[path]).pop().flatten()
}

/// Where the values at several paths stand, as [`locate()`] finds each, in one pass over the text.
///
/// A value in a map stands where its key does. Of a key that is set twice, the last one counts. The positions come in
/// the order of the paths; none where there is no such document, where the text is no YAML before its end, or where it has
/// more bytes than the default [`Limits`] allow.
pub fn locate_many<P: AsRef<[PathSegment]>>(text: &[u8], document: usize, paths: &[P]) -> Vec<Option<Position>> {
    let mut finder = Finder { paths: paths.iter().map(AsRef::as_ref).collect(), found: vec![None; paths.len()] };
    if text.len() > Limits::default().max_bytes {
        return finder.found;
    }
    if let Ok(text) = crate::input::decode(text).map(crate::input::end_line) {
        // What was found before an error of the text still holds.
        let _ = finder.document(&mut crate::compose::parser(&text), document);
    }
    finder.found
}

type EventParser<'a> = Parser<BufReader<&'a [u8]>>;

/// Levels after which nobody looks any further: the parser's steps take time that grows with them.
const MAX_DEPTH: usize = 1_000;

struct Finder<'a> {
    paths: Vec<&'a [PathSegment]>,
    found: Vec<Option<Position>>,
}

impl Finder<'_> {
    fn document(&mut self, parser: &mut EventParser<'_>, document: usize) -> Option<()> {
        let mut at = 0;
        loop {
            match next_event(parser).ok()?.data {
                EventData::StreamEnd => return None,
                EventData::DocumentStart { .. } => {
                    let first = next_event(parser).ok()?;
                    if crate::compose::is_empty(&first.data) {
                        continue;
                    }
                    if at == document {
                        let all: Vec<usize> = (0..self.paths.len()).collect();
                        self.mark(&all, first.start_mark);
                        return self.value(parser, &first, &all, 0);
                    }
                    skip(parser, &first)?;
                    at += 1;
                }
                _ => {}
            }
        }
    }

    fn mark(&mut self, active: &[usize], mark: Mark) {
        for path in active {
            if let Some(found) = self.found.get_mut(*path) {
                *found = Some(position(mark));
            }
        }
    }

    /// Those paths of `active` whose step at a depth is the given one.
    fn step(&self, active: &[usize], depth: usize, takes: impl Fn(&PathSegment) -> bool) -> Vec<usize> {
        let segment = |path: usize| self.paths.get(path).and_then(|path| path.get(depth));
        active.iter().copied().filter(|path| segment(*path).is_some_and(&takes)).collect()
    }

    /// Goes through a value that the first `depth` steps of the `active` paths lead to.
    fn value(&mut self, parser: &mut EventParser<'_>, event: &Event, active: &[usize], depth: usize) -> Option<()> {
        if active.is_empty() {
            return skip(parser, event);
        }
        match &event.data {
            EventData::MappingStart { .. } => loop {
                let key = next_event(parser).ok()?;
                let below = match &key.data {
                    EventData::MappingEnd => return Some(()),
                    EventData::Scalar { value, .. } => self.step(
                        active,
                        depth,
                        |segment| matches!(segment, PathSegment::Key(wanted) if wanted == value),
                    ),
                    _ => {
                        skip(parser, &key)?;
                        Vec::new()
                    }
                };
                self.mark(&below, key.start_mark);
                let value = next_event(parser).ok()?;
                self.value(parser, &value, &below, depth + 1)?;
            },
            EventData::SequenceStart { .. } => {
                for index in 0.. {
                    let item = next_event(parser).ok()?;
                    if item.data == EventData::SequenceEnd {
                        break;
                    }
                    let below = self.step(active, depth, |segment| *segment == PathSegment::Index(index));
                    self.mark(&below, item.start_mark);
                    self.value(parser, &item, &below, depth + 1)?;
                }
                Some(())
            }
            _ => Some(()),
        }
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
        if depth > MAX_DEPTH {
            return None;
        }
        data = Some(next_event(parser).ok()?.data);
    }
}

fn position(mark: Mark) -> Position {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).saturating_add(1);
    Position { line: count(mark.line), column: count(mark.column) }
}
