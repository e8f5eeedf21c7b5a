use std::any::Any;

use super::Value;
use crate::functions::{Failure, Signature};

/// A value with fields and methods of its own: a Go struct, or a named type with methods.
pub trait Object: 'static {
    /// Go's name of the type, such as `*semver.Version`.
    fn type_name(&self) -> &str;

    /// Go's kind of the type: `struct`, `ptr`, `map`, `slice`, `int64`.
    fn kind_name(&self) -> &str {
        "struct"
    }

    /// A field or an entry.
    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    /// What a method takes; none where there is no such method.
    fn method(&self, _name: &str) -> Option<Signature> {
        None
    }

    /// Calls a method that [`Self::method`] has.
    ///
    /// # Errors
    /// What the method refuses.
    fn call(&self, name: &str, _arguments: &[Value]) -> Result<Value, Failure> {
        Err(Failure::new(format!("{name} is no method of {}", self.type_name())))
    }

    /// Whether an absent field is an empty value, as in a map, or an error, as in a struct.
    fn is_map(&self) -> bool {
        false
    }

    /// Whether it counts as true.
    fn truth(&self) -> bool {
        true
    }

    /// The text of its `String` method.
    fn text(&self) -> Option<String> {
        None
    }

    /// The text of a `String` method that Go has for pointers to the type alone: it is seen where the template writes a
    /// field itself, not where a function is given a copy.
    fn addressed_text(&self) -> Option<String> {
        None
    }

    /// The fields of a struct in their order, for printing it.
    fn fields(&self) -> Option<Vec<(&'static str, Value)>> {
        None
    }

    /// The fields of a struct by the names that they have in JSON, in their order and without those that it leaves out;
    /// none where it is written as [`Self::plain`] says.
    fn named_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        None
    }

    /// What `range`, `len` and printing see: the entries of a map or a list.
    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        None
    }

    /// What it is once written as JSON or YAML, or printed with `%v` where it has neither a `String`
    /// method nor fields.
    fn plain(&self) -> Value {
        Value::Nil
    }

    /// For functions that know the type.
    fn as_any(&self) -> &dyn Any;
}
