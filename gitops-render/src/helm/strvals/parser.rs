use gitops_template::print_by_verb;
use serde_json::{Map, Value};

use super::StrvalsError;
use super::grammar::Grammar;
use super::scanner::Scanner;

/// Names with dots between them, as Helm limits them.
const MAX_NAMES: usize = 30;
/// The largest index, as Helm limits it.
const MAX_INDEX: usize = 65_536;
/// Indexes right behind each other. Helm has no limit.
const MAX_INDEXES: usize = 100;
/// Places of lists that one setting adds. Helm has no limit.
const MAX_PLACES: usize = 1 << 20;

const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

/// One setting while it is carried out.
pub(super) struct Parser<'t, 'r> {
    scanner: Scanner<'t>,
    grammar: Grammar<'r>,
    /// Places that lists may still be given.
    places: usize,
}

/// Whether the text has ended where something else could have come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    More,
    End,
}

impl<'t, 'r> Parser<'t, 'r> {
    pub(super) fn new(text: &'t str, grammar: Grammar<'r>) -> Self {
        Self { scanner: Scanner::new(text, grammar.escapes()), grammar, places: MAX_PLACES }
    }

    pub(super) fn parse(mut self, values: &mut Map<String, Value>) -> Result<(), StrvalsError> {
        while self.name(values, 0)? == Flow::More {}
        Ok(())
    }

    /// A name, and what is set there.
    fn name(&mut self, map: &mut Map<String, Value>, level: usize) -> Result<Flow, StrvalsError> {
        let (name, stop) = self.scanner.until(self.grammar.after_name());
        match stop {
            None if name.is_empty() => Ok(Flow::End),
            None => Err(StrvalsError::NoValue(quoted(&name))),
            Some(',') => Err(StrvalsError::NoValueBeforeComma(quoted(&name))),
            Some('[') => {
                let index = self.index()?;
                let mut list = match taken(map, &name) {
                    None => Vec::new(),
                    Some(known) => list_of(known)?,
                };
                let flow = self.item(&mut list, index, (level, 0))?;
                set(map, name, Value::Array(list));
                Ok(flow)
            }
            Some('.') => {
                if level >= MAX_NAMES {
                    return Err(StrvalsError::TooDeep(MAX_NAMES));
                }
                let known = taken(map, &name);
                let there = known.is_some();
                let mut inner = match known {
                    None => Map::new(),
                    Some(Value::Object(inner)) => inner,
                    Some(other) => return Err(mismatch(&other, MAP)),
                };
                let flow = self.name(&mut inner, level + 1)?;
                if flow == Flow::More && inner.is_empty() {
                    return Err(StrvalsError::EmptyMap(quoted(&name)));
                }
                if there || !inner.is_empty() {
                    set(map, name, Value::Object(inner));
                }
                Ok(flow)
            }
            Some(_) => {
                let (value, ended) = self.grammar.value(&mut self.scanner)?;
                set(map, name, value);
                Ok(if ended { Flow::End } else { Flow::More })
            }
        }
    }

    /// The number up to the closing bracket.
    fn index(&mut self) -> Result<i64, StrvalsError> {
        let (text, stop) = self.scanner.until(&[']']);
        if stop.is_none() {
            return Err(StrvalsError::Index("EOF".to_owned()));
        }
        text.parse::<i64>().map_err(|error| {
            let out_of_range =
                matches!(error.kind(), std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow);
            let why = if out_of_range { "value out of range" } else { "invalid syntax" };
            StrvalsError::Index(format!("strconv.Atoi: parsing {}: {why}", quoted(&text)))
        })
    }

    /// What follows a closing bracket: a value, a name in a map, or an index of an inner list.
    fn item(
        &mut self,
        list: &mut Vec<Value>,
        index: i64,
        (level, indexes): (usize, usize),
    ) -> Result<Flow, StrvalsError> {
        let place = usize::try_from(index).map_err(|_| StrvalsError::Negative(index))?;
        if indexes >= MAX_INDEXES {
            return Err(StrvalsError::TooNested(MAX_INDEXES));
        }
        let (between, stop) = self.scanner.until(&['[', '.', '=']);
        if !between.is_empty() {
            let letters: Vec<String> = between.chars().map(|letter| format!("{letter:?}")).collect();
            return Err(StrvalsError::AfterIndex(format!("[{}]", letters.join(" "))));
        }
        match stop {
            None => Ok(Flow::End),
            Some('[') => {
                let next = self.index()?;
                let known = list.get_mut(place).map(Value::take).filter(|known| !known.is_null());
                let there = known.is_some();
                let mut inner = known.map_or(Ok(Vec::new()), list_of)?;
                let flow = self.item(&mut inner, next, (level, indexes + 1))?;
                if there || flow == Flow::More {
                    self.set_item(list, place, Value::Array(inner))?;
                }
                Ok(flow)
            }
            Some('.') => {
                let there = place < list.len();
                let mut inner = match list.get_mut(place).map(Value::take) {
                    Some(Value::Object(inner)) => inner,
                    _ => Map::new(),
                };
                let flow = self.name(&mut inner, level)?;
                if there || flow == Flow::More {
                    self.set_item(list, place, Value::Object(inner))?;
                }
                Ok(flow)
            }
            Some(_) => {
                let (value, _) = self.grammar.value(&mut self.scanner)?;
                self.set_item(list, place, value)?;
                Ok(Flow::More)
            }
        }
    }

    fn set_item(&mut self, list: &mut Vec<Value>, place: usize, value: Value) -> Result<(), StrvalsError> {
        if place > MAX_INDEX {
            let index = i64::try_from(place).unwrap_or(i64::MAX);
            return Err(StrvalsError::TooLarge { index, limit: MAX_INDEX });
        }
        let added = (place + 1).saturating_sub(list.len());
        self.places = self.places.checked_sub(added).ok_or(StrvalsError::TooSparse(MAX_PLACES))?;
        if added > 0 {
            list.resize(place + 1, Value::Null);
        }
        if let Some(item) = list.get_mut(place) {
            *item = value;
        }
        Ok(())
    }
}

/// What a name has. Nothing can be set at the empty name, so that what it has stays.
fn taken(map: &mut Map<String, Value>, name: &str) -> Option<Value> {
    if name.is_empty() { map.get(name).cloned() } else { map.remove(name) }
}

fn set(map: &mut Map<String, Value>, name: String, value: Value) {
    if !name.is_empty() {
        map.insert(name, value);
    }
}

fn list_of(value: Value) -> Result<Vec<Value>, StrvalsError> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(mismatch(&other, LIST)),
    }
}

fn mismatch(value: &Value, wanted: &'static str) -> StrvalsError {
    let found = match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => LIST,
        Value::Object(_) => MAP,
    };
    StrvalsError::Mismatch { found, wanted }
}

fn quoted(text: &str) -> String {
    print_by_verb(&gitops_template::Value::text(text), 'q')
}
