//! Calls of functions and methods.

use crate::functions::{Failure, Function, Parameter, Signature};
use crate::syntax::node::Expression;
use crate::value::Value;

use super::arguments::checked;
use super::error::ExecuteError;
use super::frame::{At, Frame};
use super::options::Operand;
use super::pipeline::Evaluated;
use super::render::Render;

/// What is called, and where its failure is placed.
pub(super) struct Callee<'c, 'n> {
    pub(super) name: &'c str,
    pub(super) signature: Signature,
    pub(super) at: At<'n>,
}

impl Render<'_> {
    pub(super) fn function<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        function: &Function,
        at: At<'n>,
        (arguments, last): (&'n [Expression], Option<Operand>),
    ) -> Evaluated {
        self.step(frame)?;
        let callee = Callee { name: function.name, signature: function.signature, at };
        if matches!(function.name, "and" | "or") {
            return self.shortest(frame, dot, &callee, arguments, last);
        }
        let values = self.arguments(frame, dot, &callee, arguments, last)?;
        let called = (function.call)(self, &values);
        self.called(frame, &callee, called)
    }

    pub(super) fn called<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        callee: &Callee<'_, 'n>,
        called: Result<Value, Failure>,
    ) -> Evaluated {
        called.map(Operand::concrete).map_err(|failure| {
            frame.at = callee.at;
            ExecuteError::calling(frame.place(), callee.name, failure)
        })
    }

    /// `and` and `or`: no argument is evaluated after the one that settles it.
    fn shortest<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        callee: &Callee<'_, 'n>,
        arguments: &'n [Expression],
        last: Option<Operand>,
    ) -> Evaluated {
        if arguments.is_empty() && last.is_none() {
            let message = format!("wrong number of args for {}: want at least 1 got 0", callee.name);
            return Err(frame.error(message));
        }
        let settles = callee.name == "or";
        let mut value = Value::Nil;
        for argument in arguments {
            value = self.argument(frame, dot, Parameter::Reflected, argument)?;
            if value.truth() == settles {
                return Ok(Operand::concrete(value));
            }
        }
        if let Some(last) = last {
            value = checked(frame, last, Parameter::Reflected)?;
        }
        Ok(Operand::concrete(value))
    }
}
