use std::cell::Cell;

use super::number::{LOCAL_DATE, LOCAL_DATETIME, LOCAL_TIME};
use super::{joined_key, quoted_key, write_quoted};
use crate::functions::NIL_TYPE;
use crate::time::{Moment, Zone};
use crate::value::{Text, Value};

/// Values in each other.
const MAX_DEPTH: usize = 500;

/// Values that are looked at, those in lists once for each list around them.
const MAX_VALUES: usize = 10_000_000;

/// Why a value cannot be written.
pub(crate) enum Refused {
    /// What `toToml` gives in its place.
    Told(String),
    /// An error of the template.
    Failed(String),
}

/// Writes a value, no more than so many bytes and some.
pub(crate) fn to_toml(value: &Value, limit: usize) -> Result<Vec<u8>, Refused> {
    if value.is_nil() {
        return Err(Refused::Failed(NIL_TYPE.to_owned()));
    }
    let mut writer = Writer { out: Vec::new(), limit, left: Cell::new(limit.min(MAX_VALUES)) };
    writer.item(&mut Vec::new(), value)?;
    Ok(writer.out)
}

/// What a value becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Nothing,
    Simple,
    Array,
    Table,
    TableArray,
}

struct Writer {
    out: Vec<u8>,
    limit: usize,
    /// How many values may still be looked at.
    left: Cell<usize>,
}

fn told<T>(words: &str) -> Result<T, Refused> {
    Err(Refused::Told(words.to_owned()))
}

/// The entries of a table: a map's by their keys, a struct's in its own order.
fn entries(value: &Value) -> Vec<(Text, Value)> {
    match value {
        Value::Map(map) => map.entries(),
        Value::Object(object) => match object.fields() {
            Some(fields) => fields.into_iter().map(|(name, value)| (Text::from(name), value)).collect(),
            None => {
                let entries = object.entries().unwrap_or_default().into_iter();
                entries.filter_map(|(key, value)| Some((key.as_text()?.clone(), value))).collect()
            }
        },
        _ => Vec::new(),
    }
}

fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::List(list) => list.to_vec(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| Value::Byte(*byte)).collect(),
        Value::Object(object) => object.entries().unwrap_or_default().into_iter().map(|(_, item)| item).collect(),
        _ => Vec::new(),
    }
}

impl Writer {
    /// What a value becomes. Elements of lists are looked at however deep they are, as an empty one is an error.
    fn shape(&self, value: &Value, depth: usize) -> Result<Shape, Refused> {
        if depth > MAX_DEPTH {
            return told(&format!("toml: the value is nested deeper than the {MAX_DEPTH} levels allowed"));
        }
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(Refused::Failed(format!(
                "the template writes more than the {MAX_VALUES} values allowed as TOML"
            )));
        };
        self.left.set(left);
        let listed = |items: &[Value]| {
            let mut tables = !items.is_empty();
            for item in items {
                match self.shape(item, depth + 1)? {
                    Shape::Nothing => return told("toml: cannot encode array with nil element"),
                    Shape::Table => {}
                    _ => tables = false,
                }
            }
            Ok(if tables { Shape::TableArray } else { Shape::Array })
        };
        match value {
            Value::Nil => Ok(Shape::Nothing),
            Value::Complex(..) => told("unsupported type: complex128"),
            Value::List(list) => listed(list),
            Value::Map(_) => Ok(Shape::Table),
            Value::Bytes(_) => Ok(Shape::Array),
            Value::Object(object) if object.as_any().is::<Moment>() => Ok(Shape::Simple),
            Value::Object(object) => match object.kind_name() {
                "map" => Ok(Shape::Table),
                "slice" => listed(&items(value)),
                "struct" | "ptr" if object.fields().is_some() => Ok(Shape::Table),
                _ => Ok(Shape::Simple),
            },
            _ => Ok(Shape::Simple),
        }
    }

    fn check(&self) -> Result<(), Refused> {
        if self.out.len() > self.limit {
            return Err(Refused::Failed(format!("the template makes more than the {} bytes left", self.limit)));
        }
        Ok(())
    }

    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn indent(&mut self, key: &[Text]) {
        self.out.resize(self.out.len() + 2 * key.len().saturating_sub(1), b' ');
    }

    /// A value under its key; without one the value alone.
    fn item(&mut self, key: &mut Vec<Text>, value: &Value) -> Result<(), Refused> {
        self.check()?;
        match self.shape(value, key.len())? {
            Shape::Nothing => Ok(()),
            Shape::Simple | Shape::Array => self.entry(key, value, false),
            Shape::TableArray if key.is_empty() => told("toml: top-level values must be Go maps or structs"),
            Shape::TableArray => {
                for table in items(value) {
                    self.newline();
                    self.header(key, b"[[", b"]]");
                    self.table(key, &table)?;
                }
                Ok(())
            }
            Shape::Table => {
                if key.len() == 1 {
                    self.newline();
                }
                if !key.is_empty() {
                    self.header(key, b"[", b"]");
                }
                self.table(key, value)
            }
        }
    }

    fn header(&mut self, key: &[Text], open: &[u8], close: &[u8]) {
        self.indent(key);
        self.out.extend_from_slice(open);
        self.out.extend(joined_key(key));
        self.out.extend_from_slice(close);
        self.newline();
    }

    /// What is no table comes first.
    fn table(&mut self, key: &mut Vec<Text>, value: &Value) -> Result<(), Refused> {
        for tables in [false, true] {
            for (name, value) in entries(value) {
                let is_table = matches!(self.shape(&value, key.len())?, Shape::Table | Shape::TableArray);
                if is_table == tables {
                    key.push(name);
                    self.item(key, &value)?;
                    key.pop();
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, key: &[Text], value: &Value, inline: bool) -> Result<(), Refused> {
        let Some(last) = key.last() else { return self.element(value, 0) };
        self.indent(key);
        self.out.extend(quoted_key(last));
        self.out.extend_from_slice(b" = ");
        self.element(value, key.len())?;
        if !inline {
            self.newline();
        }
        Ok(())
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<(), Refused> {
        self.check()?;
        match self.shape(value, depth)? {
            Shape::Nothing => Err(Refused::Failed(NIL_TYPE.to_owned())),
            Shape::Simple => {
                self.simple(value);
                Ok(())
            }
            Shape::Array | Shape::TableArray => {
                self.out.push(b'[');
                for (index, item) in items(value).iter().enumerate() {
                    if index > 0 {
                        self.out.extend_from_slice(b", ");
                    }
                    self.element(item, depth + 1)?;
                }
                self.out.push(b']');
                Ok(())
            }
            Shape::Table => self.inline_table(value, depth),
        }
    }

    fn inline_table(&mut self, value: &Value, depth: usize) -> Result<(), Refused> {
        self.out.push(b'{');
        let (mut plain, mut tables) = (Vec::new(), Vec::new());
        for (name, value) in entries(value) {
            match self.shape(&value, depth + 1)? {
                Shape::Table | Shape::TableArray => tables.push((name, value)),
                _ => plain.push((name, value)),
            }
        }
        let count = plain.len() + tables.len();
        for (index, (name, value)) in plain.into_iter().chain(tables).enumerate() {
            if value.is_nil() {
                continue;
            }
            self.entry(&[name], &value, true)?;
            if index + 1 < count {
                self.out.extend_from_slice(b", ");
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    fn simple(&mut self, value: &Value) {
        match value {
            Value::Text(text) => write_quoted(&mut self.out, text),
            Value::Float(number) => self.float(*number),
            Value::Object(object) => match object.as_any().downcast_ref::<Moment>() {
                Some(moment) => self.moment(moment),
                None => match object.text() {
                    Some(text) if object.kind_name() != "int" => write_quoted(&mut self.out, text.as_bytes()),
                    _ => crate::print::write(&mut self.out, &object.plain()),
                },
            },
            other => crate::print::write(&mut self.out, other),
        }
    }

    fn float(&mut self, number: f64) {
        let sign = if number.is_sign_negative() { "-" } else { "" };
        let text = if number.is_nan() {
            format!("{sign}nan")
        } else if number.is_infinite() {
            format!("{sign}inf")
        } else {
            let text = crate::print::print_value(&Value::Float(number));
            if text.contains(['e', '.']) { text } else { format!("{text}.0") }
        };
        self.out.extend_from_slice(text.as_bytes());
    }

    fn moment(&mut self, moment: &Moment) {
        let layout: &[u8] = match &moment.zone {
            Zone::Fixed { name, .. } if name == LOCAL_DATETIME => b"2006-01-02T15:04:05.999999999",
            Zone::Fixed { name, .. } if name == LOCAL_DATE => b"2006-01-02",
            Zone::Fixed { name, .. } if name == LOCAL_TIME => b"15:04:05.999999999",
            _ => b"2006-01-02T15:04:05.999999999Z07:00",
        };
        self.out.extend(moment.format(layout));
    }
}
