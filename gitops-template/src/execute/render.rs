use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem;

use crate::functions::{Failure, Functions};
use crate::host::Host;
use crate::pattern::{Pattern, PatternError};
use crate::quote::quote;
use crate::syntax::{Delimiters, Template, Templates, parse};
use crate::value::{Map, Text, Value, deep_equal};

use super::error::ExecuteError;
use super::frame::Frame;
use super::options::{Operand, Options};
use super::set::{Scope, TemplateSet};

/// How often templates of one name may be included in each other, as Helm limits it.
const MAX_NESTED_INCLUDES: u32 = 1_000;

/// The longest regular expression in bytes, how many are kept, and the steps that one costs to be read.
const MAX_PATTERN: usize = 64 << 10;
const MAX_PATTERNS: usize = 256;
const PATTERN_STEPS: u64 = 1_000;

/// Executes templates of a set, under one budget.
pub struct Render<'h> {
    functions: &'h Functions,
    host: &'h dyn Host,
    pub(super) options: Options,
    scope: Rc<Scope<'h>>,
    steps: u64,
    output: u64,
    depth: usize,
    /// Texts that are executed in each other.
    nested: usize,
    included: HashMap<Text, u32>,
    /// Texts that templates execute, read once each.
    texts: HashMap<Text, Rc<Templates>>,
    /// Regular expressions, read once each.
    patterns: HashMap<Text, Result<Rc<Pattern>, PatternError>>,
    /// Maps that were given values after they were made: only these can hold themselves.
    changed: Vec<Map>,
}

impl<'h> Render<'h> {
    /// A render of the templates of a set, which were read with `functions`.
    pub fn new(set: &'h TemplateSet, functions: &'h Functions, host: &'h dyn Host, options: Options) -> Self {
        Self {
            functions,
            host,
            scope: Scope::of(set),
            steps: options.limits.steps,
            output: options.limits.output,
            options,
            depth: 0,
            nested: 0,
            included: HashMap::new(),
            texts: HashMap::new(),
            patterns: HashMap::new(),
            changed: Vec::new(),
        }
    }

    /// Executes a template over a value; what it writes.
    ///
    /// # Errors
    /// Where there is no such template, it fails, or a budget is spent.
    pub fn execute(&mut self, name: &[u8], data: Value) -> Result<Vec<u8>, ExecuteError> {
        let Some(template) = self.find(name) else {
            let (name, set) = (quote(name), quote(self.options.name.as_bytes()));
            return Err(ExecuteError::plain(format!("template: no template {name} associated with template {set}")));
        };
        let mut out = Vec::new();
        self.body(&template, data, &mut out)?;
        Ok(out)
    }

    /// What a render may ask of the world outside.
    pub fn host(&self) -> &'h dyn Host {
        self.host
    }

    /// Takes steps off the budget.
    ///
    /// # Errors
    /// Where it is spent.
    pub fn charge(&mut self, steps: u64) -> Result<(), Failure> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => {
                self.steps = 0;
                Err(Failure::of_budget(format!(
                    "the template takes more than the {} steps allowed",
                    self.options.limits.steps
                )))
            }
        }
    }

    /// Takes bytes off the budget of output, before they are made.
    ///
    /// # Errors
    /// Where it is spent.
    pub fn reserve(&mut self, bytes: usize) -> Result<(), Failure> {
        match self.output.checked_sub(bytes as u64) {
            Some(left) => {
                self.output = left;
                Ok(())
            }
            None => {
                self.output = 0;
                Err(Failure::of_budget(format!(
                    "the template makes more than the {} bytes allowed",
                    self.options.limits.output
                )))
            }
        }
    }

    /// How many bytes the budget of output still has.
    pub(crate) fn left(&self) -> usize {
        usize::try_from(self.output).unwrap_or(usize::MAX)
    }

    /// Text that a function has made, taken off the budget of output.
    ///
    /// # Errors
    /// Where it is spent.
    pub fn written(&mut self, bytes: Vec<u8>) -> Result<Value, Failure> {
        self.reserve(bytes.len())?;
        Ok(Value::text(bytes))
    }

    /// Sets a key of a map that a template has already. Every function that does so does it here, since a map that is
    /// put into itself is only freed because the render remembers it.
    pub fn set(&mut self, map: &Map, key: Text, value: Value) {
        if matches!(value, Value::Map(_) | Value::List(_)) {
            self.changed.push(map.clone());
        }
        map.set(key, value);
    }

    /// Executes a template of the set over a value, as Helm's `include` does.
    ///
    /// # Errors
    /// Where there is no such template, it fails, or is nested in itself too often.
    pub fn include(&mut self, name: &Text, data: Value) -> Result<Vec<u8>, Failure> {
        let count = self.included.entry(name.clone()).or_insert(0);
        if *count > MAX_NESTED_INCLUDES {
            let message = "unable to execute template";
            return Err(Failure::new(format!("rendering template has a nested reference name: {name}: {message}")));
        }
        *count += 1;
        let executed = self.execute(name, data);
        if let Some(count) = self.included.get_mut(name) {
            *count -= 1;
        }
        executed.map_err(|error| Failure::caused(String::new(), error))
    }

    /// Executes a text as a template over a value, as Helm's `tpl` does: what it defines is seen in it alone.
    ///
    /// # Errors
    /// Where it is no template, or fails.
    pub fn evaluate(&mut self, text: &Text, data: Value) -> Result<Vec<u8>, Failure> {
        let limit = self.options.limits.texts;
        if self.nested >= limit {
            let words = "texts are executed as templates in each other more often than the";
            return Err(Failure::of_budget(format!("{words} {limit} times allowed")));
        }
        let templates = self.read(text)?;
        let scope = Scope::within(&self.scope, &templates);
        let around = std::mem::replace(&mut self.scope, scope);
        let name = self.options.name.clone();
        self.nested += 1;
        let executed = self.execute(name.as_bytes(), data);
        self.nested -= 1;
        self.scope = around;
        let out = executed.map_err(|error| {
            Failure::caused(format!("error during tpl function execution for {}: ", quote(text)), error)
        })?;
        Ok(without_no_value(out))
    }

    fn read(&mut self, text: &Text) -> Result<Rc<Templates>, Failure> {
        if let Some(templates) = self.texts.get(text) {
            return Ok(Rc::clone(templates));
        }
        self.charge(text.len() as u64 / 8)?;
        let templates =
            parse(&self.options.name, Bytes::from_owner(text.clone()), self.functions, &Delimiters::default())
                .map_err(|error| Failure::new(format!("cannot parse template {}: {error}", quote(text))))?;
        let templates = Rc::new(templates);
        self.texts.insert(text.clone(), Rc::clone(&templates));
        Ok(templates)
    }

    /// Whether two values are equal in all they hold.
    pub(crate) fn equal(&mut self, left: &Value, right: &Value) -> Result<bool, Failure> {
        let mut steps = self.steps;
        match deep_equal(left, right, &mut steps) {
            Some(equal) => {
                self.steps = steps;
                Ok(equal)
            }
            None => self.charge(u64::MAX).map(|()| false),
        }
    }

    /// A regular expression, or why a text is none.
    pub(crate) fn pattern(&mut self, text: &Text) -> Result<Result<Rc<Pattern>, PatternError>, Failure> {
        if let Some(pattern) = self.patterns.get(text) {
            return Ok(pattern.clone());
        }
        if text.len() > MAX_PATTERN {
            return Err(Failure::new(format!("a regular expression is longer than the {MAX_PATTERN} bytes allowed")));
        }
        self.charge(PATTERN_STEPS + text.len() as u64)?;
        if self.patterns.len() >= MAX_PATTERNS {
            self.patterns.clear();
        }
        let pattern = Pattern::parse(text).map(Rc::new);
        self.patterns.insert(text.clone(), pattern.clone());
        Ok(pattern)
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<Arc<Template>> {
        self.scope.get(name)
    }

    pub(super) fn body(&mut self, template: &Template, dot: Value, out: &mut Vec<u8>) -> Result<(), ExecuteError> {
        let mut frame = Frame::new(template, dot.clone());
        let dot = Operand::concrete(dot);
        stacker::maybe_grow(256 << 10, 4 << 20, || self.nodes(&mut frame, &dot, &template.body, out)).map(drop)
    }

    pub(super) fn step(&mut self, frame: &Frame<'_>) -> Result<(), ExecuteError> {
        self.charge(1).map_err(|failure| frame.error(failure.to_string()))
    }

    pub(super) fn write(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), ExecuteError> {
        self.wrote(frame, bytes.len())?;
        out.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn wrote(&mut self, frame: &Frame<'_>, length: usize) -> Result<(), ExecuteError> {
        self.reserve(length).map_err(|failure| frame.error(failure.to_string()))
    }

    pub(super) fn deeper(&mut self, frame: &Frame<'_>) -> Result<(), ExecuteError> {
        let limit = self.options.limits.depth;
        if self.depth >= limit {
            return Err(frame.error(format!("exceeded maximum template depth ({limit})")));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn shallower(&mut self) {
        self.depth -= 1;
    }
}

impl Drop for Render<'_> {
    fn drop(&mut self) {
        for map in &self.changed {
            map.clear();
        }
    }
}

/// Go writes `<no value>` for nothing also where a missing key should be empty; Helm takes it out of all it renders.
pub fn without_no_value(out: Vec<u8>) -> Vec<u8> {
    let mark = b"<no value>";
    let Some(mut found) = memmem::find(&out, mark) else { return out };
    let mut kept = Vec::with_capacity(out.len());
    let mut rest = out.as_slice();
    loop {
        let (before, after) = rest.split_at(found);
        kept.extend_from_slice(before);
        rest = after.strip_prefix(mark).unwrap_or_default();
        match memmem::find(rest, mark) {
            Some(next) => found = next,
            None => break,
        }
    }
    kept.extend_from_slice(rest);
    kept
}
