use serde_json::{Number, Value as Json};

use super::{List, Map, Text, Value};
use crate::functions::Failure;

/// Values below this depth are refused: a map may hold itself.
const MAX_DEPTH: usize = 1_000;

/// How whole numbers come out of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromJson {
    /// Every number is a `float64`, as Go reads JSON and YAML into `interface {}`.
    Floats,
    /// Whole numbers are `int64`, as `--set` reads them.
    Integers,
}

/// A value of JSON as a value of templates, none of it shared.
pub fn from_json(json: &Json, numbers: FromJson) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) if numbers == FromJson::Integers => Value::Int64(whole),
            _ => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text.as_str().into()),
        Json::Array(items) => Value::List(items.iter().map(|item| from_json(item, numbers)).collect::<List>()),
        Json::Object(entries) => Value::Map(
            entries.iter().map(|(key, value)| (Text::from(key.as_str()), from_json(value, numbers))).collect::<Map>(),
        ),
    }
}

/// A value as JSON: bytes that are not UTF-8 become U+FFFD, as Go writes them.
///
/// # Errors
/// Where it is nested too deeply, is too large, or a number is none that JSON has.
pub fn to_json(value: &Value) -> Result<Json, Failure> {
    Converter { left: MAX_SIZE, pretty: false }.json(value, 0)
}

/// A value as Helm's `toYaml` writes it, without the newline at the end.
///
/// # Errors
/// As [`to_json`].
pub fn to_yaml(value: &Value) -> Result<String, Failure> {
    yaml_within(value, MAX_SIZE)
}

/// The same, of a value that is no larger than so many bytes.
pub(crate) fn yaml_within(value: &Value, limit: usize) -> Result<String, Failure> {
    Ok(without_newline(gitops_yaml::write(&Converter { left: limit, pretty: false }.json(value, 0)?)))
}

/// A value as Helm's `toYamlPretty` writes it, no larger than so many bytes.
pub(crate) fn pretty_within(value: &Value, limit: usize) -> Result<String, Failure> {
    Ok(without_newline(gitops_yaml::write_pretty(&Converter { left: limit, pretty: true }.json(value, 0)?)))
}

fn without_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

/// The largest value that is converted for anybody else than a template, in bytes.
const MAX_SIZE: usize = 1 << 30;

/// Makes JSON of values, which may be far larger than they look: lists share their elements.
struct Converter {
    /// Bytes that may still be made.
    left: usize,
    /// For a writer that knows lists of bytes.
    pretty: bool,
}

impl Converter {
    fn spend(&mut self, bytes: usize) -> Result<(), Failure> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| Failure::of_budget("the template makes more than the bytes allowed".to_owned()))?;
        Ok(())
    }

    fn text(&mut self, text: &Text) -> Result<String, Failure> {
        self.spend(text.len())?;
        let text = text.to_str();
        if self.pretty || text.is_ascii() && !text.contains('\x7f') {
            return Ok(text.into_owned());
        }
        if text.contains(is_refused) {
            return Err(Failure::new("yaml: control characters are not allowed"));
        }
        Ok(if text.contains('\u{85}') { folded(&text) } else { text.into_owned() })
    }

    fn json(&mut self, value: &Value, depth: usize) -> Result<Json, Failure> {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.json_here(value, depth))
    }

    fn json_here(&mut self, value: &Value, depth: usize) -> Result<Json, Failure> {
        if depth > MAX_DEPTH {
            return Err(Failure::new(format!("json: the value is nested deeper than the {MAX_DEPTH} levels allowed")));
        }
        self.spend(1)?;
        Ok(match value {
            Value::Nil => Json::Null,
            Value::Bool(truth) => Json::Bool(*truth),
            Value::Int(number) | Value::Int64(number) => (*number).into(),
            Value::Uint64(number) => (*number).into(),
            Value::Byte(number) => (*number).into(),
            Value::Rune(number) => (*number).into(),
            Value::Float(number) => match Number::from_f64(*number) {
                Some(number) => Json::Number(number),
                None => {
                    let shown = crate::print::print_value(value);
                    return Err(Failure::new(format!("json: unsupported value: {shown}")));
                }
            },
            Value::Complex(..) => return Err(Failure::new("json: unsupported type: complex128")),
            Value::Text(text) => Json::String(self.text(text)?),
            Value::Bytes(bytes) if self.pretty => {
                self.spend(bytes.len())?;
                Json::Array(bytes.iter().map(|byte| (*byte).into()).collect())
            }
            Value::Bytes(bytes) => {
                self.spend(bytes.len())?;
                Json::String(base64(bytes))
            }
            Value::List(list) if list.is_nil() && !self.pretty => Json::Null,
            Value::Map(map) if map.is_nil() && !self.pretty => Json::Null,
            Value::List(list) => {
                Json::Array(list.iter().map(|item| self.json(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            Value::Map(map) => {
                let mut entries = serde_json::Map::new();
                for (key, value) in map.entries() {
                    entries.insert(self.text(&key)?, self.json(&value, depth + 1)?);
                }
                Json::Object(entries)
            }
            Value::Object(object) => self.json(&object.plain(), depth + 1)?,
        })
    }
}

/// What no YAML may hold: Helm's library writes JSON first and reads that as YAML. Control characters of ASCII are
/// escaped in JSON, save for the last one.
fn is_refused(character: char) -> bool {
    matches!(character, '\x7f'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// Text as YAML reads it in double quotes, where U+0085 ends a line: one such end is a blank, and of more all but the
/// first are newlines. Blanks around them are dropped.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split('\u{85}').peekable();
    let mut ends = 0;
    let mut first = true;
    while let Some(line) = lines.next() {
        let line = if first { line } else { line.trim_start_matches(' ') };
        let line = if lines.peek().is_some() { line.trim_end_matches(' ') } else { line };
        if !first {
            ends += 1;
        }
        if !line.is_empty() || lines.peek().is_none() {
            match ends {
                0 => {}
                1 => out.push(' '),
                more => out.extend(std::iter::repeat_n('\n', more - 1)),
            }
            ends = 0;
        }
        out.push_str(line);
        first = false;
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}
