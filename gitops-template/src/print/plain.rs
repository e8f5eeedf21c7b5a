//! `%v`, and what `fmt.Sprint` makes of several values.

use std::fmt;

use crate::value::Value;

/// Maps and lists below this depth are left out: a map may hold itself.
const MAX_DEPTH: usize = 200;

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
    write_at(out, value, 0);
}

fn write_at(out: &mut Vec<u8>, value: &Value, depth: usize) {
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
        Value::Bytes(bytes) => between(out, bytes.iter(), number_to),
        Value::List(list) => between(out, list.iter(), |out, item| write_at(out, item, depth + 1)),
        Value::Map(map) => {
            out.extend_from_slice(b"map");
            between(out, map.entries().iter(), |out, (key, value)| {
                out.extend_from_slice(key);
                out.push(b':');
                write_at(out, value, depth + 1);
            });
        }
        Value::Object(object) => match object.text() {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => write_at(out, &object.plain(), depth + 1),
        },
    }
}

fn number_to(out: &mut Vec<u8>, number: impl fmt::Display) {
    out.extend_from_slice(number.to_string().as_bytes());
}

fn between<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write(out, item);
    }
    out.push(b']');
}

/// A float as `%v` writes it: the shortest digits that mean it, with an exponent from 1e+21 on and below 1e-04.
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
    let mut out = Vec::new();
    let mut after_text = true;
    for (index, value) in values.iter().enumerate() {
        let text = matches!(value, Value::Text(_));
        if index > 0 && !text && !after_text {
            out.push(b' ');
        }
        write(&mut out, value);
        after_text = text;
    }
    out
}

/// Values parted by blanks and a newline at the end, as `fmt.Sprintln` writes them.
pub(crate) fn println(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write(&mut out, value);
    }
    out.push(b'\n');
    out
}
