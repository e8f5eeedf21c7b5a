use crate::value::Value;

/// How templates are executed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// What a key gives that a map doesn't have.
    pub missing: MissingKey,
    /// Budgets.
    pub limits: Limits,
    /// What errors call the set of templates, and a text that a template executes. Helm calls it `gotpl`.
    pub name: String,
}

impl Options {
    /// How Helm executes its templates.
    pub fn helm() -> Self {
        Self { missing: MissingKey::Zero, name: "gotpl".to_owned(), ..Self::default() }
    }
}

/// What a key gives that a map doesn't have: Go's option `missingkey`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// Nothing, which is written as `<no value>` and whose fields are nothing too.
    #[default]
    Invalid,
    /// The zero value of the map's type; its fields are an error.
    Zero,
    /// An error.
    Error,
}

/// Budgets of one render, so that no template takes all of a machine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Nodes and calls that are evaluated; functions that make much count for more.
    pub steps: u64,
    /// Bytes that are written, those that functions give included.
    pub output: u64,
    /// Templates that have called each other.
    pub depth: usize,
    /// Texts that are executed as templates in each other, as `tpl` does it.
    pub texts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 20_000_000, output: 1 << 30, depth: 10_000, texts: 500 }
    }
}

/// A value, and whether the template has it as an `interface {}`: an element of a map or a list of anything. Errors
/// name the declared type, and nil is an error in other places than nothing at all.
#[derive(Clone, Default)]
pub(crate) struct Operand {
    pub(crate) value: Value,
    pub(crate) interface: bool,
}

impl Operand {
    pub(crate) fn concrete(value: Value) -> Self {
        Self { value, interface: false }
    }

    pub(crate) fn element(value: Value, interface: bool) -> Self {
        Self { value, interface }
    }

    /// Nothing at all, rather than nil that was found somewhere.
    pub(crate) fn is_nothing(&self) -> bool {
        self.value.is_nil() && !self.interface
    }
}
