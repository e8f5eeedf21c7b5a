//! `%v`, and what `fmt.Sprint` makes of several values.

use std::fmt;
use std::rc::Rc;

use super::verbs::ADDRESS;
use crate::value::{Object, Value};

/// Maps and lists below this depth are left out: a map may hold itself.
pub(super) const MAX_DEPTH: usize = 200;

/// How many bytes are printed where nobody says how many may be.
const ENOUGH: usize = 64 << 20;

/// A value as Go's `%v` writes it.
pub(crate) fn display(value: &Value) -> Display<'_> {
    Display(value)
}

/// See [`display`].
pub(crate) struct Display<'v>(&'v Value);

impl fmt::Display for Display<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        write(&mut out, self.0);
        formatter.write_str(&String::from_utf8_lossy(&out))
    }
}

/// Appends a value as Go's `%v` writes it.
pub(crate) fn write(out: &mut Vec<u8>, value: &Value) {
    write_at(out, value, 0, out.len().saturating_add(ENOUGH));
}

/// Appends what a template writes where it names a value itself: there Go also calls a `String` method that the type
/// has only for what lies at an address. Little more than `limit` bytes are appended where it would be more.
pub(crate) fn write_addressed(out: &mut Vec<u8>, value: &Value, limit: usize) {
    let text = match value {
        Value::Object(object) => object.addressed_text(),
        _ => None,
    };
    match text {
        Some(text) => out.extend_from_slice(text.as_bytes()),
        None => write_at(out, value, 0, out.len().saturating_add(limit)),
    }
}

/// Appends a value that is so deep inside of another one, until there are more than `limit` bytes in all.
pub(super) fn write_at(out: &mut Vec<u8>, value: &Value, depth: usize, limit: usize) {
    if out.len() > limit {
        return;
    }
    if depth > MAX_DEPTH {
        out.extend_from_slice(b"...");
        return;
    }
    match value {
        Value::Nil => out.extend_from_slice(b"<nil>"),
        Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Int(number) | Value::Int64(number) => number_to(out, number),
        Value::Uint64(number) => number_to(out, number),
        Value::Byte(number) => number_to(out, number),
        Value::Rune(number) => number_to(out, number),
        Value::Float(number) => out.extend_from_slice(float(*number).as_bytes()),
        Value::Complex(real, imaginary) => out.extend_from_slice(complex(*real, *imaginary).as_bytes()),
        Value::Text(text) => out.extend_from_slice(text),
        Value::Bytes(bytes) => between(out, b"[]", limit, bytes.iter(), number_to),
        Value::List(list) => {
            between(out, b"[]", limit, list.iter(), |out, item| write_at(out, item, depth + 1, limit));
        }
        Value::Map(map) => {
            out.extend_from_slice(b"map");
            between(out, b"[]", limit, map.entries().iter(), |out, (key, value)| {
                out.extend_from_slice(key);
                out.push(b':');
                write_at(out, value, depth + 1, limit);
            });
        }
        Value::Object(object) => write_object(out, object, depth, limit),
    }
}

fn write_object(out: &mut Vec<u8>, object: &Rc<dyn Object>, depth: usize, limit: usize) {
    if let Some(text) = object.text() {
        return out.extend_from_slice(text.as_bytes());
    }
    let pointer = object.type_name().starts_with('*');
    match object.fields() {
        _ if pointer && depth > 0 => out.extend_from_slice(format!("{ADDRESS:#x}").as_bytes()),
        Some(fields) => {
            if pointer {
                out.push(b'&');
            }
            between(out, b"{}", limit, fields.iter(), |out, (_, value)| write_at(out, value, depth + 1, limit));
        }
        None => write_at(out, &object.plain(), depth + 1, limit),
    }
}

fn number_to(out: &mut Vec<u8>, number: impl fmt::Display) {
    out.extend_from_slice(number.to_string().as_bytes());
}

fn between<T>(
    out: &mut Vec<u8>,
    brackets: &[u8; 2],
    limit: usize,
    items: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    let [open, close] = *brackets;
    out.push(open);
    for (index, item) in items.enumerate() {
        if out.len() > limit {
            return;
        }
        if index > 0 {
            out.push(b' ');
        }
        write(out, item);
    }
    out.push(close);
}

/// A float as `%v` writes it: the shortest digits that mean it, with an exponent where it is large or small.
pub(crate) fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    gitops_yaml::go_float(number)
}

fn complex(real: f64, imaginary: f64) -> String {
    let sign = if imaginary.is_sign_negative() || imaginary.is_infinite() { "" } else { "+" };
    format!("({}{sign}{}i)", float(real), float(imaginary))
}

/// Values one after another, as `fmt.Sprint` writes them: parted by a blank where neither is a text.
pub(crate) fn print(values: &[Value]) -> Vec<u8> {
    print_within(values, ENOUGH)
}

/// As [`print`], and little more than `limit` bytes where it would be more.
pub(crate) fn print_within(values: &[Value], limit: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut after_text = true;
    for (index, value) in values.iter().enumerate() {
        let text = is_text(value);
        if index > 0 && !text && !after_text {
            out.push(b' ');
        }
        write_at(&mut out, value, 0, limit);
        after_text = text;
    }
    out
}

/// Whether Go's kind of it is `string`.
fn is_text(value: &Value) -> bool {
    match value {
        Value::Text(_) => true,
        Value::Object(object) => object.kind_name() == "string",
        _ => false,
    }
}

/// Values parted by blanks and a newline at the end, as `fmt.Sprintln` writes them; little more than `limit` bytes
/// where it would be more.
pub(crate) fn println_within(values: &[Value], limit: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write_at(&mut out, value, 0, limit);
    }
    out.push(b'\n');
    out
}
