//! Pipelines and commands.

use crate::syntax::node::{Command, Expression, Number, Pipe, Term};
use crate::value::Value;

use super::error::ExecuteError;
use super::frame::{At, Frame};
use super::options::Operand;
use super::render::Render;

pub(super) type Evaluated = Result<Operand, ExecuteError>;

impl Render<'_> {
    pub(super) fn pipeline<'n>(&mut self, frame: &mut Frame<'n>, dot: &Operand, pipe: &'n Pipe) -> Evaluated {
        frame.at = At::Pipe(pipe);
        let mut last: Option<Operand> = None;
        for command in &pipe.commands {
            let mut value = self.command(frame, dot, command, last.take())?;
            value.interface = false;
            last = Some(value);
        }
        let value = last.unwrap_or_default();
        for name in &pipe.declares {
            if pipe.assigns {
                frame.assign(name, value.clone())?;
            } else {
                frame.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    fn command<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        command: &'n Command,
        last: Option<Operand>,
    ) -> Evaluated {
        let Some((first, arguments)) = command.arguments.split_first() else { return Ok(Operand::default()) };
        match &first.what {
            Term::Field(fields) => {
                frame.at = At::Expression(first);
                return self.chain(frame, dot, dot.clone(), first, (fields, arguments, last));
            }
            Term::Chain(chain) => {
                let (of, fields) = &**chain;
                let receiver = self.chain_start(frame, dot, first, of)?;
                return self.chain(frame, dot, receiver, first, (fields, arguments, last));
            }
            Term::Function(function) => {
                frame.at = At::Expression(first);
                return self.function(frame, dot, function, At::Command(command), (arguments, last));
            }
            Term::Pipe(pipe) => {
                not_a_function(frame, first, arguments, last.is_some())?;
                return self.nested(frame, dot, pipe);
            }
            Term::Variable(variable) => {
                let (name, fields) = &**variable;
                frame.at = At::Expression(first);
                let value = frame.variable(name);
                if fields.is_empty() {
                    not_a_function(frame, first, arguments, last.is_some())?;
                    return Ok(value);
                }
                return self.chain(frame, dot, value, first, (fields, arguments, last));
            }
            _ => {}
        }
        frame.at = At::Expression(first);
        not_a_function(frame, first, arguments, last.is_some())?;
        match &first.what {
            Term::Bool(truth) => Ok(Operand::concrete(Value::Bool(*truth))),
            Term::Dot => Ok(dot.clone()),
            Term::Number(number) => literal(frame, number),
            Term::Text(literal) => Ok(Operand::concrete(Value::Text(literal.value.clone()))),
            _ => Err(frame.error("nil is not a command")),
        }
    }

    /// A pipeline in parentheses.
    pub(super) fn nested<'n>(&mut self, frame: &mut Frame<'n>, dot: &Operand, pipe: &'n Pipe) -> Evaluated {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.pipeline(frame, dot, pipe))
    }

    /// What the fields of a chain are looked up in.
    pub(super) fn chain_start<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        chain: &'n Expression,
        of: &'n Expression,
    ) -> Evaluated {
        frame.at = At::Expression(chain);
        if matches!(of.what, Term::Nil) {
            return Err(frame.error(format!("indirection through explicit nil in {chain}")));
        }
        self.operand(frame, dot, of)
    }
}

fn not_a_function(
    frame: &Frame<'_>,
    first: &Expression,
    arguments: &[Expression],
    has_last: bool,
) -> Result<(), ExecuteError> {
    if arguments.is_empty() && !has_last {
        return Ok(());
    }
    Err(frame.error(format!("can't give argument to non-function {first}")))
}

/// A number where any type will do: its writing tells which it is.
pub(super) fn literal(frame: &Frame<'_>, number: &Number) -> Evaluated {
    let value = match (number.float, number.int) {
        _ if number.complex.is_some() => number.complex.map_or(Value::Nil, |(real, i)| Value::Complex(real, i)),
        (Some(float), _) if number.is_float_literal() => Value::Float(float),
        (_, Some(int)) => Value::Int(int),
        _ => return Err(frame.error(format!("{} overflows int", number.text))),
    };
    Ok(Operand::concrete(value))
}
