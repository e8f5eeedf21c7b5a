use crate::syntax::Template;
use crate::syntax::node::{Command, Expression, Name, Node, Pipe};
use crate::value::Value;

use super::error::{ExecuteError, Place};
use super::options::Operand;

/// One template being executed.
pub(super) struct Frame<'n> {
    pub(super) template: &'n Template,
    pub(super) variables: Vec<(&'n [u8], Operand)>,
    /// What is being evaluated, for errors.
    pub(super) at: At<'n>,
}

/// A part of a template.
#[derive(Clone, Copy)]
pub(super) enum At<'n> {
    Template,
    Node(&'n Node),
    Pipe(&'n Pipe),
    Command(&'n Command),
    Expression(&'n Expression),
}

impl<'n> Frame<'n> {
    pub(super) fn new(template: &'n Template, dot: Value) -> Self {
        Self { template, variables: vec![(b"$", Operand::concrete(dot))], at: At::Template }
    }

    /// The variable that was declared last with a name. The parser refuses unknown names.
    pub(super) fn variable(&self, name: &[u8]) -> Operand {
        self.variables
            .iter()
            .rev()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }

    pub(super) fn assign(&mut self, name: &Name, value: Operand) -> Result<(), ExecuteError> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == &**name) {
            Some((_, known)) => {
                *known = value;
                Ok(())
            }
            None => Err(self.error(format!("undefined variable: {name}"))),
        }
    }

    /// Sets the variable that is so far from the end, 1 being the last.
    pub(super) fn set_top(&mut self, from_end: usize, value: Operand) {
        let place = self.variables.len().checked_sub(from_end);
        if let Some((_, known)) = place.and_then(|place| self.variables.get_mut(place)) {
            *known = value;
        }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ExecuteError {
        ExecuteError::at(self.place(), message)
    }

    pub(super) fn place(&self) -> Place {
        let (position, context) = match self.at {
            At::Template => (0, String::new()),
            At::Node(node) => (node.position, node.to_string()),
            At::Pipe(pipe) => (pipe.position, pipe.to_string()),
            At::Command(command) => (command.position, command.to_string()),
            At::Expression(expression) => (expression.position, expression.to_string()),
        };
        let (line, column) = self.template.source.place(position);
        Place {
            file: self.template.source.name.clone(),
            line,
            column,
            template: self.template.name.to_str().into_owned(),
            context,
        }
    }
}
