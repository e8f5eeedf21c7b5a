use crate::functions::Failure;
use crate::syntax::character::first;
use crate::value::{List, Map, Text, Value};

/// Values below this depth are refused: a map may hold itself.
const MAX_DEPTH: usize = 1_000;

/// How JSON is written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    /// On lines of their own, by two blanks a level.
    pub(crate) indented: bool,
    /// `<`, `>` and `&` as they are.
    pub(crate) raw: bool,
}

/// A value as JSON. It fails once there are more bytes than the limit.
pub(crate) fn to_json_text(value: &Value, style: Style, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut writer = Writer { out: Vec::new(), style, limit };
    writer.value(value, 0)?;
    Ok(writer.out)
}

/// A float as Go's JSON has it: `1e21` as `1e+21`, whole numbers without a point.
fn float_text(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
            _ => text,
        };
    }
    format!("{number}")
}

/// Deep nesting takes its stack from the heap.
fn deeper<T>(inside: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(128 << 10, 2 << 20, inside)
}

struct Writer {
    out: Vec<u8>,
    style: Style,
    limit: usize,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn newline(&mut self, depth: usize) {
        if self.style.indented {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * depth, b' ');
        }
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Failure> {
        if depth > MAX_DEPTH {
            return Err(Failure::new(format!("json: the value is nested deeper than the {MAX_DEPTH} levels allowed")));
        }
        if self.out.len() > self.limit {
            return Err(Failure::of_budget(format!("the template makes more than the {} bytes left", self.limit)));
        }
        match value {
            Value::Nil => self.push("null"),
            Value::Bool(truth) => self.push(if *truth { "true" } else { "false" }),
            Value::Int(number) | Value::Int64(number) => self.push(&number.to_string()),
            Value::Uint64(number) => self.push(&number.to_string()),
            Value::Byte(number) => self.push(&number.to_string()),
            Value::Rune(number) => self.push(&number.to_string()),
            Value::Float(number) if number.is_finite() => self.push(&float_text(*number)),
            Value::Float(_) => {
                let shown = crate::print::print_value(value);
                return Err(Failure::new(format!("json: unsupported value: {shown}")));
            }
            Value::Complex(..) => return Err(Failure::new("json: unsupported type: complex128")),
            Value::Text(text) => self.text(text),
            Value::Bytes(bytes) => {
                use base64::Engine as _;
                let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
                self.text(encoded.as_bytes());
            }
            Value::List(list) => deeper(|| self.list(list, depth))?,
            Value::Map(map) => deeper(|| self.map(map, depth))?,
            Value::Object(object) => match object.named_fields() {
                Some(fields) => {
                    let fields = fields.into_iter().map(|(name, value)| (Text::from(name), value)).collect();
                    self.entries(fields, depth)?;
                }
                None => deeper(|| self.value(&object.plain(), depth + 1))?,
            },
        }
        Ok(())
    }

    fn list(&mut self, list: &List, depth: usize) -> Result<(), Failure> {
        if list.is_nil() {
            self.push("null");
            return Ok(());
        }
        self.out.push(b'[');
        for (index, item) in list.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.newline(depth + 1);
            self.value(item, depth + 1)?;
        }
        if !list.is_empty() {
            self.newline(depth);
        }
        self.out.push(b']');
        Ok(())
    }

    fn map(&mut self, map: &Map, depth: usize) -> Result<(), Failure> {
        if map.is_nil() {
            self.push("null");
            return Ok(());
        }
        self.entries(map.entries(), depth)
    }

    fn entries(&mut self, entries: Vec<(Text, Value)>, depth: usize) -> Result<(), Failure> {
        self.out.push(b'{');
        let is_empty = entries.is_empty();
        for (index, (key, value)) in entries.into_iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.newline(depth + 1);
            self.text(&key);
            self.push(if self.style.indented { ": " } else { ":" });
            self.value(&value, depth + 1)?;
        }
        if !is_empty {
            self.newline(depth);
        }
        self.out.push(b'}');
        Ok(())
    }

    fn text(&mut self, text: &[u8]) {
        self.out.push(b'"');
        let mut rest = text;
        while let Some((byte, after)) = rest.split_first() {
            let escaped = match byte {
                b'"' => "\\\"",
                b'\\' => "\\\\",
                b'\n' => "\\n",
                b'\r' => "\\r",
                b'\t' => "\\t",
                0x08 => "\\b",
                0x0c => "\\f",
                b'<' if !self.style.raw => "\\u003c",
                b'>' if !self.style.raw => "\\u003e",
                b'&' if !self.style.raw => "\\u0026",
                0..0x20 => {
                    self.push(&format!("\\u{byte:04x}"));
                    rest = after;
                    continue;
                }
                0x20..0x80 => {
                    self.out.push(*byte);
                    rest = after;
                    continue;
                }
                0x80.. => {
                    rest = self.character(rest);
                    continue;
                }
            };
            self.push(escaped);
            rest = after;
        }
        self.out.push(b'"');
    }

    /// A character that is not ASCII; what comes after it.
    fn character<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let Some((character, length)) = first(text) else { return b"" };
        let (written, rest) = text.split_at(length);
        match character {
            char::REPLACEMENT_CHARACTER if length == 1 => self.push("\\ufffd"),
            '\u{2028}' => self.push("\\u2028"),
            '\u{2029}' => self.push("\\u2029"),
            _ => self.out.extend_from_slice(written),
        }
        rest
    }
}
