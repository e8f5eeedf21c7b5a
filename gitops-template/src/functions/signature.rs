use std::borrow::Cow;

/// What a function takes, as its Go function declares it: this decides which arguments are refused, and in what words.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// The parameters that must be given.
    pub fixed: &'static [Parameter],
    /// Any number more of this one.
    pub rest: Option<Parameter>,
}

impl Signature {
    /// Just these.
    pub const fn of(fixed: &'static [Parameter]) -> Self {
        Self { fixed, rest: None }
    }

    /// These and any number more.
    pub const fn with_rest(fixed: &'static [Parameter], rest: Parameter) -> Self {
        Self { fixed, rest: Some(rest) }
    }

    /// The parameter of an argument.
    pub(crate) fn parameter(&self, index: usize) -> Parameter {
        self.fixed.get(index).copied().or(self.rest).unwrap_or(Parameter::Any)
    }
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `interface {}`.
    Any,
    /// `reflect.Value`: anything, as the template has it.
    Reflected,
    /// `string`.
    Text,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `int64`.
    Int64,
    /// `uint32`.
    Uint32,
    /// `float64`.
    Float,
    /// `map[string]interface {}`.
    Map,
    /// `[]interface {}`.
    List,
    /// `[]string`.
    Texts,
    /// An object of the type with this name.
    Object(&'static str),
}

impl Parameter {
    /// Go's name of the type.
    pub(crate) fn type_name(self) -> Cow<'static, str> {
        match self {
            Self::Any => "interface {}",
            Self::Reflected => "reflect.Value",
            Self::Text => "string",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Uint32 => "uint32",
            Self::Float => "float64",
            Self::Map => "map[string]interface {}",
            Self::List => "[]interface {}",
            Self::Texts => "[]string",
            Self::Object(name) => name,
        }
        .into()
    }

    /// Whether nil may stand for it.
    pub(crate) fn takes_nil(self) -> bool {
        match self {
            Self::Any | Self::Reflected | Self::Map | Self::List | Self::Texts => true,
            Self::Text | Self::Bool | Self::Int | Self::Int64 | Self::Uint32 | Self::Float => false,
            Self::Object(name) => name.starts_with('*'),
        }
    }
}
