//! Fields, keys and methods.

use crate::quote::quote;
use crate::syntax::node::{Expression, Name};
use crate::value::{MapKind, Value};

use super::call::Callee;
use super::error::ExecuteError;
use super::frame::{At, Frame};
use super::options::{MissingKey, Operand};
use super::pipeline::Evaluated;
use super::render::Render;

/// The fields of a chain, what is given to the last of them as to a method, and what comes through the pipe.
pub(super) type Chain<'n> = (&'n [Name], &'n [Expression], Option<Operand>);

impl Render<'_> {
    pub(super) fn chain<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        mut receiver: Operand,
        at: &'n Expression,
        (fields, arguments, last): Chain<'n>,
    ) -> Evaluated {
        let Some((final_field, before)) = fields.split_last() else { return Ok(receiver) };
        for field in before {
            receiver = self.field(frame, dot, &receiver, at, (field, &[], None))?;
        }
        self.field(frame, dot, &receiver, at, (final_field, arguments, last))
    }

    fn field<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        receiver: &Operand,
        at: &'n Expression,
        (name, arguments, last): (&Name, &'n [Expression], Option<Operand>),
    ) -> Evaluated {
        let given = !arguments.is_empty() || last.is_some();
        match &receiver.value {
            Value::Nil if receiver.interface => {
                Err(frame.error(format!("nil pointer evaluating interface {{}}.{name}")))
            }
            Value::Nil if self.options.missing == MissingKey::Error => {
                Err(frame.error(format!("nil data; no entry for key {}", quote(name))))
            }
            Value::Nil => Ok(Operand::default()),
            Value::Map(map) => {
                if given {
                    return Err(frame.error(format!("{name} is not a method but has arguments")));
                }
                let interface = map.kind() != MapKind::Text;
                match map.get(name) {
                    Some(value) => Ok(Operand::element(value, interface)),
                    None => self.missing(frame, name, map.kind().zero(), interface),
                }
            }
            Value::Object(object) => {
                let text = name.to_str();
                if let Some(signature) = object.method(&text) {
                    let callee = Callee { name: &text, signature, at: At::Expression(at) };
                    let values = self.arguments(frame, dot, &callee, arguments, last)?;
                    let called = object.call(&text, &values);
                    return self.called(frame, &callee, called);
                }
                let Some(value) = object.field(&text) else {
                    if object.is_map() && !given {
                        return self.missing(frame, name, Value::Nil, true);
                    }
                    return Err(unknown(frame, name, receiver));
                };
                if given {
                    return Err(frame.error(format!("{name} has arguments but cannot be invoked as function")));
                }
                Ok(Operand::concrete(value))
            }
            _ => Err(unknown(frame, name, receiver)),
        }
    }

    fn missing(&self, frame: &Frame<'_>, name: &Name, zero: Value, interface: bool) -> Evaluated {
        match self.options.missing {
            MissingKey::Invalid => Ok(Operand::default()),
            MissingKey::Zero => Ok(Operand::element(zero, interface)),
            MissingKey::Error => Err(frame.error(format!("map has no entry for key {}", quote(name)))),
        }
    }
}

fn unknown(frame: &Frame<'_>, name: &Name, receiver: &Operand) -> ExecuteError {
    let declared = if receiver.interface { "interface {}".into() } else { receiver.value.type_name() };
    frame.error(format!("can't evaluate field {name} in type {declared}"))
}
