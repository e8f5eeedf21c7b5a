//! Arguments by the types of the parameters that they are for.

use crate::functions::Parameter;
use crate::syntax::node::{Expression, Term};
use crate::value::{Element, MapKind, Value};

use super::call::Callee;
use super::error::ExecuteError;
use super::frame::{At, Frame};
use super::options::Operand;
use super::pipeline::{Evaluated, literal};
use super::render::Render;

impl Render<'_> {
    /// The arguments of a call, as many and of such types as its signature takes.
    pub(super) fn arguments<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        callee: &Callee<'_, 'n>,
        arguments: &'n [Expression],
        last: Option<Operand>,
    ) -> Result<Vec<Value>, ExecuteError> {
        let given = arguments.len() + usize::from(last.is_some());
        let fixed = callee.signature.fixed.len();
        let name = callee.name;
        if callee.signature.rest.is_some() {
            if given < fixed {
                let message = format!("wrong number of args for {name}: want at least {fixed} got {}", arguments.len());
                return Err(frame.error(message));
            }
        } else if given != fixed {
            return Err(frame.error(format!("wrong number of args for {name}: want {fixed} got {given}")));
        }
        let mut values = Vec::with_capacity(given);
        for (index, argument) in arguments.iter().enumerate() {
            values.push(self.argument(frame, dot, callee.signature.parameter(index), argument)?);
        }
        if let Some(last) = last {
            values.push(checked(frame, last, callee.signature.parameter(arguments.len()))?);
        }
        Ok(values)
    }

    /// One argument for a parameter.
    pub(super) fn argument<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        parameter: Parameter,
        argument: &'n Expression,
    ) -> Result<Value, ExecuteError> {
        frame.at = At::Expression(argument);
        match &argument.what {
            Term::Nil if parameter.takes_nil() => return Ok(Value::Nil),
            Term::Nil => return Err(frame.error(format!("cannot assign nil to {}", parameter.type_name()))),
            Term::Bool(_) | Term::Number(_) | Term::Text(_) => {}
            _ => {
                let value = self.operand(frame, dot, argument)?;
                return checked(frame, value, parameter);
            }
        }
        let expected = |frame: &Frame<'_>, what: &str| Err(frame.error(format!("expected {what}; found {argument}")));
        match (parameter, &argument.what) {
            (Parameter::Any | Parameter::Reflected, Term::Bool(truth)) | (Parameter::Bool, Term::Bool(truth)) => {
                Ok(Value::Bool(*truth))
            }
            (Parameter::Any | Parameter::Reflected, Term::Number(number)) => {
                literal(frame, number).map(|operand| operand.value)
            }
            (Parameter::Any | Parameter::Reflected | Parameter::Text, Term::Text(literal)) => {
                Ok(Value::Text(literal.value.clone()))
            }
            (Parameter::Bool, _) => expected(frame, "bool"),
            (Parameter::Text, _) => expected(frame, "string"),
            (Parameter::Int, Term::Number(number)) => {
                number.int.map_or_else(|| expected(frame, "integer"), |int| Ok(Value::Int(int)))
            }
            (Parameter::Int64, Term::Number(number)) => {
                number.int.map_or_else(|| expected(frame, "integer"), |int| Ok(Value::Int64(int)))
            }
            (Parameter::Uint32, Term::Number(number)) => match number.int.and_then(|int| u64::try_from(int).ok()) {
                Some(number) => Ok(Value::Uint64(number)),
                None => expected(frame, "unsigned integer"),
            },
            (Parameter::Uint32, _) => expected(frame, "unsigned integer"),
            (Parameter::Float, Term::Number(number)) => {
                number.float.map_or_else(|| expected(frame, "float"), |float| Ok(Value::Float(float)))
            }
            (Parameter::Int | Parameter::Int64, _) => expected(frame, "integer"),
            (Parameter::Float, _) => expected(frame, "float"),
            _ => Err(frame.error(format!("can't handle {argument} for arg of type {}", parameter.type_name()))),
        }
    }

    /// The value of an argument that is not a literal.
    pub(super) fn operand<'n>(&mut self, frame: &mut Frame<'n>, dot: &Operand, argument: &'n Expression) -> Evaluated {
        frame.at = At::Expression(argument);
        match &argument.what {
            Term::Dot => Ok(dot.clone()),
            Term::Field(fields) => self.chain(frame, dot, dot.clone(), argument, (fields, &[], None)),
            Term::Variable(variable) => {
                let (name, fields) = &**variable;
                let value = frame.variable(name);
                self.chain(frame, dot, value, argument, (fields, &[], None))
            }
            Term::Pipe(pipe) => self.nested(frame, dot, pipe),
            Term::Function(function) => self.function(frame, dot, function, At::Expression(argument), (&[], None)),
            Term::Chain(chain) => {
                let (of, fields) = &**chain;
                let receiver = self.chain_start(frame, dot, argument, of)?;
                self.chain(frame, dot, receiver, argument, (fields, &[], None))
            }
            Term::Number(number) => literal(frame, number),
            Term::Bool(truth) => Ok(Operand::concrete(Value::Bool(*truth))),
            Term::Text(literal) => Ok(Operand::concrete(Value::Text(literal.value.clone()))),
            Term::Nil => Ok(Operand::default()),
        }
    }
}

/// A value for a parameter, or why it doesn't fit.
pub(super) fn checked(frame: &Frame<'_>, operand: Operand, parameter: Parameter) -> Result<Value, ExecuteError> {
    let expected = parameter.type_name();
    if operand.is_nothing() {
        if parameter.takes_nil() {
            return Ok(Value::Nil);
        }
        return Err(frame.error(format!("invalid value; expected {expected}")));
    }
    if fits(&operand.value, parameter) {
        return Ok(operand.value);
    }
    let found = if operand.value.is_nil() { "interface {}".into() } else { operand.value.type_name() };
    Err(frame.error(format!("wrong type for value; expected {expected}; got {found}")))
}

fn fits(value: &Value, parameter: Parameter) -> bool {
    match parameter {
        Parameter::Any | Parameter::Reflected => true,
        Parameter::Text => matches!(value, Value::Text(_)),
        Parameter::Bool => matches!(value, Value::Bool(_)),
        Parameter::Int => matches!(value, Value::Int(_)),
        Parameter::Int64 => matches!(value, Value::Int64(_)),
        // Nothing but a literal is one.
        Parameter::Uint32 => false,
        Parameter::Float => matches!(value, Value::Float(_)),
        Parameter::Map => value.as_map().is_some_and(|map| map.kind() != MapKind::Text),
        Parameter::List => value.as_list().is_some_and(|list| list.element() == Element::Any),
        Parameter::Texts => value.as_list().is_some_and(|list| list.element() == Element::Text),
        Parameter::Object(name) => match value {
            Value::Object(object) => {
                let found = object.type_name();
                found == name || found.strip_prefix('*') == Some(name)
            }
            _ => false,
        },
    }
}
