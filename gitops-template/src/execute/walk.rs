//! The nodes of a template: text, conditions, loops, calls of templates.

use crate::print;
use crate::syntax::node::{Branch, Call, Node, Pipe, What};
use crate::value::{Element, MapKind, Value};

use super::error::ExecuteError;
use super::frame::{At, Frame};
use super::options::Operand;
use super::render::Render;

/// What comes after a node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

type Walked = Result<Flow, ExecuteError>;

/// What Go writes for nothing.
const NO_VALUE: &[u8] = b"<no value>";

impl Render<'_> {
    pub(super) fn nodes<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        nodes: &'n [Node],
        out: &mut Vec<u8>,
    ) -> Walked {
        for node in nodes {
            let flow = self.node(frame, dot, node, out)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node<'n>(&mut self, frame: &mut Frame<'n>, dot: &Operand, node: &'n Node, out: &mut Vec<u8>) -> Walked {
        frame.at = At::Node(node);
        self.step(frame)?;
        match &node.what {
            What::Text(range) => {
                let text = frame.template.source.text.get(range.clone()).unwrap_or_default();
                self.write(frame, out, text)?;
            }
            What::Action(pipe) => {
                let value = self.pipeline(frame, dot, pipe)?;
                if pipe.declares.is_empty() {
                    frame.at = At::Node(node);
                    self.print(frame, out, &value)?;
                }
            }
            What::If(branch) => return self.condition(frame, dot, branch, false, out),
            What::With(branch) => return self.condition(frame, dot, branch, true, out),
            What::Range(branch) => {
                let mark = frame.variables.len();
                let walked = self.range(frame, dot, branch, out);
                frame.variables.truncate(mark);
                return walked;
            }
            What::Template(call) => self.template(frame, dot, call, out)?,
            What::Break => return Ok(Flow::Break),
            What::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>, operand: &Operand) -> Result<(), ExecuteError> {
        match &operand.value {
            Value::Nil => self.write(frame, out, NO_VALUE),
            Value::Text(text) => self.write(frame, out, text),
            other => {
                let before = out.len();
                print::write_addressed(out, other, self.left());
                self.wrote(frame, out.len() - before)
            }
        }
    }

    fn condition<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        branch: &'n Branch,
        with: bool,
        out: &mut Vec<u8>,
    ) -> Walked {
        let mark = frame.variables.len();
        let value = self.pipeline(frame, dot, &branch.pipe)?;
        let walked = match (value.value.truth(), &branch.otherwise) {
            (true, _) => self.block(frame, if with { &value } else { dot }, &branch.then, out),
            (false, Some(nodes)) => self.block(frame, dot, nodes, out),
            (false, None) => Ok(Flow::Next),
        };
        frame.variables.truncate(mark);
        walked
    }

    /// Nodes that are nested in others: deep nesting takes its stack from the heap.
    fn block<'n>(&mut self, frame: &mut Frame<'n>, dot: &Operand, nodes: &'n [Node], out: &mut Vec<u8>) -> Walked {
        stacker::maybe_grow(128 << 10, 2 << 20, || self.nodes(frame, dot, nodes, out))
    }

    fn range<'n>(&mut self, frame: &mut Frame<'n>, dot: &Operand, branch: &'n Branch, out: &mut Vec<u8>) -> Walked {
        let over = self.pipeline(frame, dot, &branch.pipe)?.value;
        let names = branch.pipe.declares.len();
        let several = |frame: &Frame<'_>, value: &Value| {
            frame.error(format!("can't use {} to iterate over more than one variable", print::display(value)))
        };
        let flow = match &over {
            Value::Nil => None,
            Value::List(list) => {
                let interface = list.element() == Element::Any;
                let items = list.iter().enumerate().map(|(index, item)| {
                    let index = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                    (Operand::concrete(index), Operand::element(item.clone(), interface))
                });
                self.iterate(frame, branch, items, out)?
            }
            Value::Map(map) => {
                let interface = map.kind() != MapKind::Text;
                let items = map
                    .entries()
                    .into_iter()
                    .map(|(key, value)| (Operand::concrete(Value::Text(key)), Operand::element(value, interface)));
                self.iterate(frame, branch, items, out)?
            }
            Value::Bytes(bytes) => {
                let items = bytes.iter().enumerate().map(|(index, byte)| {
                    let index = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                    (Operand::concrete(index), Operand::concrete(Value::Byte(*byte)))
                });
                self.iterate(frame, branch, items, out)?
            }
            Value::Object(object) => match object.entries() {
                Some(entries) => {
                    let items =
                        entries.into_iter().map(|(key, value)| (Operand::concrete(key), Operand::concrete(value)));
                    self.iterate(frame, branch, items, out)?
                }
                None => return Err(frame.error(format!("range can't iterate over {}", print::display(&over)))),
            },
            Value::Int(_) | Value::Int64(_) | Value::Uint64(_) | Value::Byte(_) | Value::Rune(_) if names > 1 => {
                return Err(several(frame, &over));
            }
            Value::Int(end) => self.count(frame, branch, *end, Value::Int, out)?,
            Value::Int64(end) => self.count(frame, branch, *end, Value::Int64, out)?,
            Value::Rune(end) => self.count(frame, branch, (*end).into(), Value::Int64, out)?,
            Value::Byte(end) => self.count(frame, branch, (*end).into(), Value::Int64, out)?,
            Value::Uint64(end) => {
                self.count(frame, branch, i64::try_from(*end).unwrap_or(i64::MAX), Value::Int64, out)?
            }
            Value::Bool(_) | Value::Float(_) | Value::Complex(..) | Value::Text(_) => {
                return Err(frame.error(format!("range can't iterate over {}", print::display(&over))));
            }
        };
        match (flow, &branch.otherwise) {
            (None, Some(nodes)) => self.block(frame, dot, nodes, out),
            _ => Ok(Flow::Next),
        }
    }

    fn count<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        branch: &'n Branch,
        end: i64,
        kind: fn(i64) -> Value,
        out: &mut Vec<u8>,
    ) -> Result<Option<()>, ExecuteError> {
        let items = (0..end).map(|number| (Operand::default(), Operand::concrete(kind(number))));
        self.iterate(frame, branch, items, out)
    }

    /// Executes the body for each; none where there were none.
    fn iterate<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        branch: &'n Branch,
        items: impl Iterator<Item = (Operand, Operand)>,
        out: &mut Vec<u8>,
    ) -> Result<Option<()>, ExecuteError> {
        let mark = frame.variables.len();
        let mut any = None;
        for (index, element) in items {
            any = Some(());
            // A body may have nothing that takes a step.
            self.step(frame)?;
            bind(frame, &branch.pipe, index, &element)?;
            let flow = self.block(frame, &element, &branch.then, out)?;
            frame.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(any)
    }

    fn template<'n>(
        &mut self,
        frame: &mut Frame<'n>,
        dot: &Operand,
        call: &'n Call,
        out: &mut Vec<u8>,
    ) -> Result<(), ExecuteError> {
        let Some(template) = self.find(&call.name) else {
            return Err(frame.error(format!("template {} not defined", call.quoted)));
        };
        self.deeper(frame)?;
        let dot = match &call.pipe {
            Some(pipe) => self.pipeline(frame, dot, pipe)?,
            None => Operand::default(),
        };
        let walked = self.body(&template, dot.value, out);
        self.shallower();
        walked
    }
}

/// Gives the variables of a loop their values: with one variable it is the element.
fn bind(frame: &mut Frame<'_>, pipe: &Pipe, index: Operand, element: &Operand) -> Result<(), ExecuteError> {
    match &*pipe.declares {
        [] => {}
        [name] if pipe.assigns => frame.assign(name, element.clone())?,
        [_] => frame.set_top(1, element.clone()),
        [first, second, ..] if pipe.assigns => {
            frame.assign(first, index)?;
            frame.assign(second, element.clone())?;
        }
        [_, _, ..] => {
            frame.set_top(1, element.clone());
            frame.set_top(2, index);
        }
    }
    Ok(())
}
