//! Go's `fmt`: how values are printed.

mod plain;
mod printf;

pub(crate) use plain::{display, print, println, write};
pub(crate) use printf::printf;

use crate::value::{Text, Value};

/// A value as Go's `%v` writes it.
pub fn print_value(value: &Value) -> String {
    display(value).to_string()
}

/// Values by a format, as Go's `fmt.Sprintf` writes them.
pub fn printf_value(format: &Text, values: &[Value]) -> String {
    String::from_utf8_lossy(&printf(format, values)).into_owned()
}
