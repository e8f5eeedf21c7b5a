//! What templates can call: functions by name, each with the parameters that its Go function declares.

mod builtins;
mod certificates;
mod compare;
mod conversions;
mod dates;
mod defaults;
mod dictionaries;
mod digests;
mod encodings;
mod escape;
mod formats;
mod helm;
mod items;
mod lists;
mod math;
mod passwords;
mod paths;
mod random;
mod regular;
mod semver;
mod signature;
mod strings;
mod urls;
mod words;

use std::collections::HashMap;
use std::fmt;

use crate::execute::{ExecuteError, Render};
use crate::value::{List, Map, Text, Value};

pub(crate) use encodings::base64;
pub(crate) use items::NIL_TYPE;
pub use signature::{Parameter, Signature};

/// A function that templates can call.
#[derive(Clone)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub signature: Signature,
    /// What it does. It is called with as many arguments, of such types, as the signature says; a nil map or list
    /// comes as an empty one.
    pub call: Call,
}

/// What a function does.
pub type Call = fn(&mut Render<'_>, &[Value]) -> Result<Value, Failure>;

/// Why a function gives no value.
#[derive(Debug)]
pub struct Failure {
    message: String,
    cause: Option<ExecuteError>,
    said: bool,
    of_budget: bool,
}

impl Failure {
    /// A failure in the words of the Go function.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: None, said: false, of_budget: false }
    }

    /// That a budget is spent: no function takes this for nothing.
    pub(crate) fn of_budget(message: String) -> Self {
        Self { of_budget: true, ..Self::new(message) }
    }

    /// Whether a budget is spent.
    pub(crate) fn is_of_budget(&self) -> bool {
        self.of_budget
    }

    /// A failure of a template that the function executed; the prefix comes before it.
    pub(crate) fn caused(prefix: String, cause: ExecuteError) -> Self {
        Self { message: prefix, cause: Some(cause), said: false, of_budget: false }
    }

    /// What the author of the template wants to be told, by `fail` or `required`.
    pub(crate) fn said(message: String) -> Self {
        Self { message, cause: None, said: true, of_budget: false }
    }

    /// The message, whether it is of the template's author, and the cause.
    pub(crate) fn into_parts(self) -> (String, bool, Option<ExecuteError>) {
        (self.message, self.said, self.cause)
    }

    /// The failure of the template that the function executed.
    pub fn cause(&self) -> Option<&ExecuteError> {
        self.cause.as_ref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        self.cause.as_ref().map_or(Ok(()), |cause| cause.fmt(formatter))
    }
}

impl std::error::Error for Failure {}

/// The functions that templates are read with. A value that is made once and passed around.
#[derive(Clone, Default)]
pub struct Functions {
    by_name: HashMap<&'static str, &'static Function>,
}

impl Functions {
    /// Those that Go's templates always have.
    pub fn builtin() -> Self {
        let mut functions = Self::default();
        functions.add(builtins::FUNCTIONS);
        functions.add(compare::FUNCTIONS);
        functions.add(escape::FUNCTIONS);
        functions
    }

    /// Those of Go and of sprig.
    pub fn sprig() -> Self {
        let mut functions = Self::builtin();
        let families = [
            certificates::FUNCTIONS,
            conversions::FUNCTIONS,
            dates::FUNCTIONS,
            defaults::FUNCTIONS,
            dictionaries::FUNCTIONS,
            digests::FUNCTIONS,
            encodings::FUNCTIONS,
            formats::SPRIG,
            helm::SPRIG,
            lists::FUNCTIONS,
            math::FUNCTIONS,
            passwords::FUNCTIONS,
            paths::FUNCTIONS,
            random::FUNCTIONS,
            regular::FUNCTIONS,
            semver::FUNCTIONS,
            strings::FUNCTIONS,
            urls::FUNCTIONS,
        ];
        families.into_iter().for_each(|family| functions.add(family));
        functions
    }

    /// Those of Helm: sprig's save `env` and `expandenv`, and Helm's own.
    pub fn helm() -> Self {
        let mut functions = Self::sprig();
        functions.add(formats::HELM);
        functions.add(helm::FUNCTIONS);
        functions
    }

    /// Adds functions, replacing those of the same names.
    pub fn add(&mut self, functions: &'static [Function]) {
        self.by_name.extend(functions.iter().map(|function| (function.name, function)));
    }

    /// Takes functions away.
    pub fn remove(&mut self, names: &[&str]) {
        for name in names {
            self.by_name.remove::<str>(name);
        }
    }

    /// The function of a name.
    pub(crate) fn get(&self, name: &[u8]) -> Option<&'static Function> {
        self.by_name.get(std::str::from_utf8(name).ok()?).copied()
    }

    /// The names, in no order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.by_name.keys().copied()
    }
}

/// The arguments of a call, by the types that its signature promises. What is not there is the zero value.
pub trait Arguments {
    /// The argument, nil where there is none.
    fn any(&self, index: usize) -> &Value;
    /// The bytes of a `string`.
    fn text(&self, index: usize) -> Text;
    /// An `int` or `int64`.
    fn int(&self, index: usize) -> i64;
    /// A `bool`.
    fn bool(&self, index: usize) -> bool;
    /// A map; a new one for nil.
    fn map(&self, index: usize) -> Map;
    /// A list; an empty one for nil.
    fn list(&self, index: usize) -> List;
}

impl Arguments for [Value] {
    fn any(&self, index: usize) -> &Value {
        self.get(index).unwrap_or(&Value::Nil)
    }

    fn text(&self, index: usize) -> Text {
        self.any(index).as_text().cloned().unwrap_or_default()
    }

    fn int(&self, index: usize) -> i64 {
        self.any(index).as_signed().unwrap_or_default()
    }

    fn bool(&self, index: usize) -> bool {
        matches!(self.any(index), Value::Bool(true))
    }

    fn map(&self, index: usize) -> Map {
        self.any(index).as_map().cloned().unwrap_or_default()
    }

    fn list(&self, index: usize) -> List {
        self.any(index).as_list().cloned().unwrap_or_else(|| List::from(Vec::new()))
    }
}
