//! What a template is made of. Positions are bytes from the start of the file.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::functions::Function;
use crate::value::Text;

/// A file that templates were read from.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: Bytes,
}

impl Source {
    /// Line and column of a position: lines from 1, columns in bytes from 0, as Go's templates count them.
    pub(crate) fn place(&self, position: usize) -> (usize, usize) {
        let before = self.text.get(..position).unwrap_or(&self.text);
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        (1 + before.iter().filter(|byte| **byte == b'\n').count(), before.len() - start)
    }
}

/// A template: its name, and what it does.
pub struct Template {
    pub(crate) name: Text,
    pub(crate) source: Arc<Source>,
    pub(crate) body: Box<[Node]>,
}

impl Template {
    /// Its name.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// Whether it writes nothing but blanks and does nothing: such a template doesn't replace another.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.iter().all(|node| match &node.what {
            What::Text(range) => {
                let text = self.source.text.get(range.clone()).unwrap_or_default();
                String::from_utf8_lossy(text).trim().is_empty()
            }
            _ => false,
        })
    }
}

pub(crate) struct Node {
    pub(crate) position: usize,
    pub(crate) what: What,
}

pub(crate) enum What {
    Text(Range<usize>),
    Action(Pipe),
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template(Box<Call>),
    Break,
    Continue,
}

/// `{{template "name" .}}`.
pub(crate) struct Call {
    pub(crate) name: Name,
    /// The name as Go quotes it.
    pub(crate) quoted: Box<str>,
    pub(crate) pipe: Option<Pipe>,
}

pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) then: Box<[Node]>,
    pub(crate) otherwise: Option<Box<[Node]>>,
}

pub(crate) struct Pipe {
    pub(crate) position: usize,
    pub(crate) declares: Box<[Name]>,
    /// `=` rather than `:=`.
    pub(crate) assigns: bool,
    pub(crate) commands: Box<[Command]>,
}

pub(crate) struct Command {
    pub(crate) position: usize,
    pub(crate) arguments: Box<[Expression]>,
}

/// The name of a field, a variable or a template. Equal names of a file are one text.
pub(crate) type Name = Text;

pub(crate) struct Expression {
    pub(crate) position: usize,
    pub(crate) what: Term,
}

pub(crate) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(Box<Number>),
    Text(Box<Literal>),
    Field(Box<[Name]>),
    /// The variable, and fields of it.
    Variable(Box<(Name, Box<[Name]>)>),
    Function(&'static Function),
    Pipe(Box<Pipe>),
    /// An operand, and fields of it.
    Chain(Box<(Expression, Box<[Name]>)>),
}

/// A text in quotes.
pub(crate) struct Literal {
    pub(crate) value: Text,
    /// As it stands in the file.
    pub(crate) quoted: Text,
}

/// A number and what it may be taken as.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) unsigned: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}

impl fmt::Display for Node {
    /// The actions that errors are placed at; of others only the word.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Text(_) => Ok(()),
            What::Action(pipe) => write!(formatter, "{{{{{pipe}}}}}"),
            What::If(branch) => write!(formatter, "{{{{if {}}}}}", branch.pipe),
            What::With(branch) => write!(formatter, "{{{{with {}}}}}", branch.pipe),
            What::Range(branch) => write!(formatter, "{{{{range {}}}}}", branch.pipe),
            What::Template(call) => match &call.pipe {
                None => write!(formatter, "{{{{template {}}}}}", call.quoted),
                Some(pipe) => write!(formatter, "{{{{template {} {pipe}}}}}", call.quoted),
            },
            What::Break => formatter.write_str("{{break}}"),
            What::Continue => formatter.write_str("{{continue}}"),
        }
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.declares.iter().enumerate() {
            write!(formatter, "{}{name}", if index > 0 { ", " } else { "" })?;
        }
        if !self.declares.is_empty() {
            formatter.write_str(if self.assigns { " = " } else { " := " })?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            write!(formatter, "{}{command}", if index > 0 { " | " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, argument) in self.arguments.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            match &argument.what {
                Term::Pipe(pipe) => write!(formatter, "({pipe})")?,
                _ => argument.fmt(formatter)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dotted = |formatter: &mut fmt::Formatter<'_>, fields: &[Name]| {
            fields.iter().try_for_each(|field| write!(formatter, ".{field}"))
        };
        match &self.what {
            Term::Dot => formatter.write_str("."),
            Term::Nil => formatter.write_str("nil"),
            Term::Bool(truth) => truth.fmt(formatter),
            Term::Number(number) => formatter.write_str(&number.text),
            Term::Text(literal) => literal.quoted.fmt(formatter),
            Term::Field(fields) => dotted(formatter, fields),
            Term::Variable(variable) => {
                variable.0.fmt(formatter)?;
                dotted(formatter, &variable.1)
            }
            Term::Function(function) => formatter.write_str(function.name),
            Term::Pipe(pipe) => pipe.fmt(formatter),
            Term::Chain(chain) => {
                match &chain.0.what {
                    Term::Pipe(pipe) => write!(formatter, "({pipe})")?,
                    _ => chain.0.fmt(formatter)?,
                }
                dotted(formatter, &chain.1)
            }
        }
    }
}
