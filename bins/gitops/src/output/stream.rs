//! Standard output and standard error, either of which may be full or have lost its reader.

use std::fmt;
use std::io::{self, Write as _};

use crate::failure::Failure;

/// Writes a line to standard output, with the words of `format!`; gives an error where it does not get there.
macro_rules! print_line {
    ($($words:tt)*) => { $crate::output::stream::line(format_args!($($words)*)) };
}

/// Writes a line to standard error, with the words of `format!`. Where that fails, nobody is left who could be told.
macro_rules! error_line {
    ($($words:tt)*) => { $crate::output::stream::error(format_args!($($words)*)) };
}

pub(crate) use {error_line, print_line};

/// Writes a text to standard output, as it is.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    all(format_args!("{text}"))
}

/// Writes objects to standard output, to the byte: [`text`] would take what looks like a colour out of them.
pub(crate) fn manifests(text: &str) -> Result<(), Failure> {
    let mut stream = io::stdout().lock();
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).map_err(|error| failed(&error))
}

pub(crate) fn line(words: fmt::Arguments<'_>) -> Result<(), Failure> {
    all(format_args!("{words}\n"))
}

pub(crate) fn error(words: fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr().lock(), "{words}");
}

fn all(words: fmt::Arguments<'_>) -> Result<(), Failure> {
    let mut stream = anstream::stdout().lock();
    stream.write_fmt(words).and_then(|()| stream.flush()).map_err(|error| failed(&error))
}

fn failed(error: &io::Error) -> Failure {
    let failure = Failure::new(format!("standard output: {error}"));
    // Whoever reads has seen enough, as `head` does.
    if error.kind() == io::ErrorKind::BrokenPipe { failure.silent() } else { failure }
}
