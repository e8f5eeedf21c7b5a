//! Values as Go's templates see them, with the differences that show in output: kinds of numbers, text that is bytes,
//! maps that are shared.

mod convert;
mod equal;
mod list;
mod map;
mod object;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

pub use convert::{FromJson, from_json, to_json, to_yaml};
pub(crate) use convert::{pretty_within, yaml_within};
pub(crate) use equal::deep_equal;
pub use list::{Element, List};
pub use map::{Map, MapKind};
pub use object::Object;
pub use text::Text;

/// A value of a template.
#[derive(Clone, Default)]
pub enum Value {
    /// Nil, and what an absent key gives.
    #[default]
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`: a whole literal, a length, an index.
    Int(i64),
    /// `int64`: what arithmetic gives, and whole numbers of `--set`.
    Int64(i64),
    /// `uint64`.
    Uint64(u64),
    /// `uint8`: a byte of a text.
    Byte(u8),
    /// `int32`: a character.
    Rune(i32),
    /// `float64`: every number that is read from YAML or JSON.
    Float(f64),
    /// `complex128`: only literals have it.
    Complex(f64, f64),
    /// `string`.
    Text(Text),
    /// `[]uint8`.
    Bytes(Text),
    /// A slice.
    List(List),
    /// A map.
    Map(Map),
    /// Anything with methods.
    Object(Rc<dyn Object>),
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// A list of anything.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(items.into())
    }

    /// A list of texts, `[]string`.
    pub fn texts<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(List::of(Element::Text, items.into_iter().map(Self::text).collect()))
    }

    /// An object.
    pub fn object(object: impl Object) -> Self {
        Self::Object(Rc::new(object))
    }

    /// Whether it is nil.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// Whether `if` takes it as true: not nil, false, zero or empty.
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) | Self::Int64(number) => *number != 0,
            Self::Uint64(number) => *number != 0,
            Self::Byte(number) => *number != 0,
            Self::Rune(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::Text(text) | Self::Bytes(text) => !text.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => object.truth(),
        }
    }

    /// Go's name of the type, as `%T` and errors write it.
    pub fn type_name(&self) -> Cow<'_, str> {
        match self {
            Self::Nil => "<nil>".into(),
            Self::Bool(_) => "bool".into(),
            Self::Int(_) => "int".into(),
            Self::Int64(_) => "int64".into(),
            Self::Uint64(_) => "uint64".into(),
            Self::Byte(_) => "uint8".into(),
            Self::Rune(_) => "int32".into(),
            Self::Float(_) => "float64".into(),
            Self::Complex(..) => "complex128".into(),
            Self::Text(_) => "string".into(),
            Self::Bytes(_) => "[]uint8".into(),
            Self::List(list) => format!("[]{}", list.element().type_name()).into(),
            Self::Map(map) => map.kind().type_name().into(),
            Self::Object(object) => object.type_name().into(),
        }
    }

    /// Go's name of the kind, as `kindOf` gives it.
    pub fn kind_name(&self) -> Cow<'_, str> {
        match self {
            Self::Nil => "invalid".into(),
            Self::List(_) | Self::Bytes(_) => "slice".into(),
            Self::Map(_) => "map".into(),
            Self::Object(object) => object.kind_name().into(),
            simple => simple.type_name(),
        }
    }

    /// The whole number of the kinds that Go counts as signed.
    pub fn as_signed(&self) -> Option<i64> {
        match self {
            Self::Int(number) | Self::Int64(number) => Some(*number),
            Self::Rune(number) => Some((*number).into()),
            _ => None,
        }
    }

    /// The whole number of the kinds that Go counts as unsigned.
    pub fn as_unsigned(&self) -> Option<u64> {
        match self {
            Self::Uint64(number) => Some(*number),
            Self::Byte(number) => Some((*number).into()),
            _ => None,
        }
    }

    /// The bytes of a text.
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The map.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list.
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Maps may hold themselves, so that only the outside is shown.
        match self {
            Self::Text(text) => text.fmt(formatter),
            Self::Map(map) => write!(formatter, "{} of {}", self.type_name(), map.len()),
            Self::List(list) => write!(formatter, "{} of {}", self.type_name(), list.len()),
            Self::Bool(truth) => truth.fmt(formatter),
            Self::Float(number) => number.fmt(formatter),
            other => match other.as_signed() {
                Some(number) => number.fmt(formatter),
                None => formatter.write_str(&other.type_name()),
            },
        }
    }
}
