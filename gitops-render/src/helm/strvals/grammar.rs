//! What values mean, by the option that they are given to.

use serde_json::{Deserializer, Value};

use super::StrvalsError;
use super::scanner::Scanner;
use crate::helm::yaml;

/// Gives the content of a file.
type Read<'r> = &'r mut dyn FnMut(&str) -> Result<Vec<u8>, String>;

/// How the values of a setting are read.
pub(super) enum Grammar<'r> {
    Typed,
    Text,
    File(Read<'r>),
    Json,
    Literal,
}

impl Grammar<'_> {
    /// Where a name ends.
    pub(super) fn after_name(&self) -> &'static [char] {
        match self {
            Self::Literal => &['=', '[', '.'],
            _ => &['=', '[', ',', '.'],
        }
    }

    pub(super) fn escapes(&self) -> bool {
        !matches!(self, Self::Literal)
    }

    /// The value behind an `=`, and whether the text has ended before there was any.
    pub(super) fn value(&mut self, scanner: &mut Scanner<'_>) -> Result<(Value, bool), StrvalsError> {
        match self {
            Self::Json => Ok((json(scanner)?, false)),
            Self::Literal => Ok((Value::String(scanner.until(&[]).0), false)),
            _ if scanner.peek().is_none() => Ok((Value::String(String::new()), true)),
            _ if scanner.take('{') => Ok((self.list(scanner)?, false)),
            _ => {
                let (text, _) = scanner.until(&[',']);
                Ok((self.scalar(text)?, false))
            }
        }
    }

    fn list(&mut self, scanner: &mut Scanner<'_>) -> Result<Value, StrvalsError> {
        let mut items = Vec::new();
        loop {
            let (text, stop) = scanner.until(&[',', '}']);
            let Some(stop) = stop else { return Err(StrvalsError::OpenList) };
            items.push(self.scalar(text)?);
            if stop == '}' {
                scanner.take(',');
                return Ok(Value::Array(items));
            }
        }
    }

    fn scalar(&mut self, text: String) -> Result<Value, StrvalsError> {
        match self {
            Self::Typed => Ok(typed(text)),
            Self::File(read) => {
                let content = read(&text).map_err(StrvalsError::File)?;
                Ok(Value::String(String::from_utf8_lossy(&content).into_owned()))
            }
            _ => Ok(Value::String(text)),
        }
    }
}

/// JSON up to its own end, whatever follows; every number is a float, as Go reads them.
fn json(scanner: &mut Scanner<'_>) -> Result<Value, StrvalsError> {
    if scanner.take_blank() {
        return Ok(Value::Null);
    }
    let mut values = Deserializer::from_str(scanner.rest()).into_iter::<Value>();
    let mut value = values.next().transpose().map_err(StrvalsError::Json)?.unwrap_or_default();
    scanner.skip(values.byte_offset());
    scanner.take_blank();
    yaml::to_floats(&mut value);
    Ok(value)
}

/// Numbers that begin with a zero are text.
fn typed(text: String) -> Value {
    for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
        if text.eq_ignore_ascii_case(word) {
            return value;
        }
    }
    match text.parse::<i64>() {
        Ok(number) if text == "0" || !text.starts_with('0') => number.into(),
        _ => Value::String(text),
    }
}
