//! Where a field is.

use std::fmt::{self, Write as _};

use gitops_core::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shape::Shape;

/// Where a field is: as a JSON pointer into the object, and as text for people that names list items by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FieldPath {
    /// JSON pointer (RFC 6901) into the live object; into the desired one where there is no live one. An item that is
    /// to be added to a list has the index `-`.
    pub pointer: String,
    /// The path as the API server prints it in conflicts: `.spec.containers[name="web"].image`. It stays the same when
    /// lists with keys are reordered, so it tells two plans' changes apart.
    pub text: String,
}

impl fmt::Display for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.text.is_empty() { "." } else { &self.text })
    }
}

/// One step on the way to a field, borrowed from the objects that are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// A field of a map.
    Field(&'a str),
    /// An item of a list, told apart by keys.
    Item {
        /// Its place in the live list; none where it is not live.
        index: Option<usize>,
        /// The names of the keys.
        keys: &'a [String],
        /// The item, which holds the keys' values.
        item: &'a Value,
        /// Type of the item, which knows the keys' defaults.
        shape: Shape<'a>,
    },
    /// An item of a set, told apart by its value.
    Member {
        /// Its place in the live list; none where it is not live.
        index: Option<usize>,
        /// The value.
        value: &'a Value,
    },
    /// An item of a list without keys.
    Index(usize),
}

impl FieldPath {
    pub(crate) fn of(steps: &[Step<'_>]) -> Self {
        let mut path = Self::default();
        steps.iter().for_each(|step| path.push(step));
        path
    }

    /// A path of map keys.
    pub fn fields(names: &[&str]) -> Self {
        let steps: Vec<_> = names.iter().map(|name| Step::Field(name)).collect();
        Self::of(&steps)
    }

    fn push(&mut self, step: &Step<'_>) {
        self.pointer.push('/');
        match step {
            Step::Field(name) => {
                push_escaped(&mut self.pointer, name);
                push_field(&mut self.text, name);
            }
            Step::Item { index, keys, item, shape } => {
                self.push_index(*index);
                self.text.push('[');
                let mut comma = "";
                for key in *keys {
                    let value = item.get(key).or_else(|| shape.key_default(key));
                    // Writing to a String cannot fail.
                    let _ = write!(self.text, "{comma}{key}={}", value.unwrap_or(&Value::Null));
                    comma = ",";
                }
                self.text.push(']');
            }
            Step::Member { index, value } => {
                self.push_index(*index);
                let _ = write!(self.text, "[={value}]");
            }
            Step::Index(index) => {
                self.push_index(Some(*index));
                let _ = write!(self.text, "[{index}]");
            }
        }
    }

    fn push_index(&mut self, index: Option<usize>) {
        match index {
            Some(index) => drop(write!(self.pointer, "{index}")),
            None => self.pointer.push('-'),
        }
    }
}

/// Appends a token of a JSON pointer.
pub(crate) fn push_escaped(pointer: &mut String, token: &str) {
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

fn push_field(text: &mut String, name: &str) {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'));
    if plain {
        let _ = write!(text, ".{name}");
    } else {
        let _ = write!(text, "[{}]", Value::from(name));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_print_as_pointer_and_as_text() {
        let keys = ["name".to_owned()];
        let item = json!({"name": "web"});
        let steps = [
            Step::Field("spec"),
            Step::Item { index: Some(2), keys: &keys, item: &item, shape: Shape::unknown() },
            Step::Field("a/b~c"),
            Step::Index(0),
        ];
        let path = FieldPath::of(&steps);
        assert_eq!(path.pointer, "/spec/2/a~1b~0c/0");
        assert_eq!(path.text, r#".spec[name="web"]["a/b~c"][0]"#);
        assert_eq!(FieldPath::default().to_string(), ".");
    }
}
