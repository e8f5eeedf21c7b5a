//! Go's `fmt`: how values are printed.
//!
//! What is printed may be far larger than the value: lists share their elements, and a width pads each of them. So
//! everything here stops once it has written more bytes than it was allowed, and taking those off the budget fails.

mod decimal;
mod number;
mod plain;
mod printer;
mod printf;
mod quoted;
mod verbs;

pub(crate) use plain::{display, print, print_within, println_within, write, write_addressed};
pub(crate) use printf::{by_verb, printf};

use crate::value::Value;

/// A value as Go's `%v` writes it.
pub fn print_value(value: &Value) -> String {
    by_verb(value, 'v')
}

/// A value by one of Go's verbs, such as `t`.
pub fn print_by_verb(value: &Value, verb: char) -> String {
    by_verb(value, verb)
}
