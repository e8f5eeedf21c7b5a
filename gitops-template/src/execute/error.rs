use std::fmt;

use crate::functions::Failure;
use crate::quote::quote;

/// Where in which template something failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in bytes from 0, as Go's templates count it.
    pub column: usize,
    /// The template that was executed, by the name that it is defined with.
    pub template: String,
    /// The part of it.
    pub context: String,
}

/// Why a template could not be executed. Its text is Go's, with the chain of templates that called each other.
#[derive(Debug)]
pub struct ExecuteError(Box<Details>);

/// Behind a pointer, as every value that is evaluated is handed on beside the room for an error.
#[derive(Debug)]
struct Details {
    place: Option<Place>,
    message: String,
    said: Option<String>,
    cause: Option<ExecuteError>,
}

impl ExecuteError {
    pub(crate) fn at(place: Place, message: impl Into<String>) -> Self {
        Self::new(Some(place), message.into())
    }

    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self::new(None, message.into())
    }

    fn new(place: Option<Place>, message: String) -> Self {
        Self(Box::new(Details { place, message, said: None, cause: None }))
    }

    pub(crate) fn calling(place: Place, function: &str, failure: Failure) -> Self {
        let (message, said, cause) = failure.into_parts();
        let text = format!("error calling {function}: {message}");
        Self(Box::new(Details { place: Some(place), message: text, said: said.then_some(message), cause }))
    }

    /// Where it failed; none where there is no such template.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What was wrong there, up to the template that it called, if that failed.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the author of a template says with `fail` or `required`, at the end of the chain of causes.
    pub fn said(&self) -> Option<&str> {
        let mut error = self;
        while let Some(cause) = &error.0.cause {
            error = cause;
        }
        error.0.said.as_deref()
    }

    /// The failure of the template that was called there.
    pub fn cause(&self) -> Option<&Self> {
        self.0.cause.as_ref()
    }
}

impl fmt::Display for ExecuteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut error = self;
        loop {
            if let Some(place) = &error.0.place {
                let Place { file, line, column, template, context } = place;
                let template = quote(template.as_bytes());
                write!(formatter, "template: {file}:{line}:{column}: executing {template} at <{context}>: ")?;
            }
            formatter.write_str(&error.0.message)?;
            match &error.0.cause {
                Some(cause) => error = cause,
                None => return Ok(()),
            }
        }
    }
}

impl std::error::Error for ExecuteError {}
