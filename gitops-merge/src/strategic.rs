//! Strategic merge patches, by the patch strategies of the built-in types.
//!
//! Follows apimachinery's `strategicpatch` v0.34. Types without patch strategies, custom kinds and unknown ones, merge
//! maps and replace lists. What kustomize makes of such patches is another merge: [`crate::kustomize`].

mod difference;
mod list;

use serde_json::{Map, Value};

use crate::schema::{Patch, Schema, TypeId};

pub use difference::{Differences, difference};

/// Why a patch cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// A `$patch` that is none of `merge`, `replace` and `delete`.
    #[error("`{path}`: unknown directive `$patch: {directive}`")]
    Directive {
        /// Where.
        path: String,
        /// What it says.
        directive: String,
    },
    /// An item of a list that is merged by a key does not have the key.
    #[error("`{path}`: an item has no `{key}` to be merged by")]
    Key {
        /// Where.
        path: String,
        /// The key.
        key: String,
    },
    /// A directive has another form than it must have.
    #[error("`{path}`: `{directive}` must be a list")]
    Form {
        /// Where.
        path: String,
        /// The directive.
        directive: String,
    },
    /// `$retainKeys` does not name a field that the patch sets.
    #[error("`{path}`: `$retainKeys` does not have `{field}`, which the patch sets")]
    Retained {
        /// Where.
        path: String,
        /// The field.
        field: String,
    },
    /// The patch is nested deeper than objects can be.
    #[error("`{0}`: nested too deeply")]
    Depth(String),
}

const MAX_DEPTH: usize = 256;
const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_ITEMS: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// Merges a patch into an object. `type_id` is the object's type; none where it is not known.
///
/// # Errors
/// [`PatchError`] with the path of the directive or item that is wrong.
pub fn merge(schema: &Schema, type_id: Option<TypeId>, object: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Object(patch) = patch else { return Ok(patch.clone()) };
    let empty = Map::new();
    let mut walk = Walk { schema, path: Vec::new() };
    walk.map(type_id, object.as_object().unwrap_or(&empty), patch).map(Value::Object)
}

struct Walk<'a> {
    schema: &'a Schema,
    path: Vec<String>,
}

impl<'a> Walk<'a> {
    fn shown(&self) -> String {
        self.path.join(".")
    }

    fn bad_form(&self, directive: &str) -> PatchError {
        PatchError::Form { path: self.shown(), directive: directive.to_owned() }
    }

    /// The type and the patch strategy of a field.
    fn field(&self, type_id: Option<TypeId>, name: &str) -> (Option<TypeId>, Option<&'a Patch>) {
        let map = type_id.and_then(|id| self.schema.get(id).map.as_ref());
        let field = map.and_then(|map| map.fields.get(name));
        (map.and_then(|map| map.child(name)), field.and_then(|field| field.patch.as_ref()))
    }

    /// Merges two maps. One that the patch deletes becomes empty.
    fn map(
        &mut self,
        type_id: Option<TypeId>,
        object: &Map<String, Value>,
        patch: &Map<String, Value>,
    ) -> Result<Map<String, Value>, PatchError> {
        if self.path.len() > MAX_DEPTH {
            return Err(PatchError::Depth(self.shown()));
        }
        match patch.get(PATCH).and_then(Value::as_str) {
            None | Some("merge") => {}
            Some("replace") => {
                let mut replaced = patch.clone();
                replaced.remove(PATCH);
                return Ok(replaced);
            }
            Some("delete") => return Ok(Map::new()),
            Some(other) => {
                return Err(PatchError::Directive { path: self.shown(), directive: other.to_owned() });
            }
        }
        let mut out = object.clone();
        if let Some(keys) = patch.get(RETAIN_KEYS) {
            let keys = keys.as_array().ok_or_else(|| self.bad_form(RETAIN_KEYS))?;
            let set = patch.iter().filter(|(name, value)| !name.starts_with('$') && !value.is_null());
            if let Some((name, _)) = set.into_iter().find(|(name, _)| !keys.iter().any(|key| key == name.as_str())) {
                return Err(PatchError::Retained { path: self.shown(), field: name.clone() });
            }
            out.retain(|name, _| keys.iter().any(|key| key == name.as_str()));
        }
        for name in patch.keys() {
            if name.starts_with('$') {
                continue;
            }
            self.path.push(name.clone());
            self.entry(type_id, &mut out, name, patch)?;
            self.path.pop();
        }
        self.without_value(type_id, &mut out, patch)?;
        Ok(out)
    }

    fn entry(
        &mut self,
        type_id: Option<TypeId>,
        out: &mut Map<String, Value>,
        name: &str,
        patch: &Map<String, Value>,
    ) -> Result<(), PatchError> {
        let value = patch.get(name).unwrap_or(&Value::Null);
        let (child, strategy) = self.field(type_id, name);
        let merged = match (value, out.get(name)) {
            (Value::Null, _) => None,
            (Value::Object(value), Some(Value::Object(held))) => Some(Value::Object(self.map(child, held, value)?)),
            (Value::Array(value), held) if strategy.is_some_and(|strategy| strategy.merge) => {
                let order = patch.get(&format!("{ORDER}{name}"));
                let deleted = patch.get(&format!("{DELETE_ITEMS}{name}"));
                match (held, order) {
                    (None, None) => list::fresh(patch.get(name)),
                    (None, Some(_)) => {
                        let value = list::without_directives(patch.get(name));
                        let value = value.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                        let lists = list::Lists { held: &[], patch: value, order };
                        Some(Value::Array(self.list(child, strategy, &lists, deleted)?))
                    }
                    (held, order) => {
                        let held = held.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                        let lists = list::Lists { held, patch: value, order };
                        Some(Value::Array(self.list(child, strategy, &lists, deleted)?))
                    }
                }
            }
            (Value::Array(_), Some(Value::Array(_))) => Some(value.clone()),
            (value, _) => list::fresh(Some(value)),
        };
        match merged {
            Some(merged) => {
                out.insert(name.to_owned(), merged);
            }
            None => {
                out.remove(name);
            }
        }
        Ok(())
    }

    /// Directives about lists that the patch has no value for.
    fn without_value(
        &mut self,
        type_id: Option<TypeId>,
        out: &mut Map<String, Value>,
        patch: &Map<String, Value>,
    ) -> Result<(), PatchError> {
        let about = |directive: &str| {
            directive.strip_prefix(DELETE_ITEMS).or_else(|| directive.strip_prefix(ORDER)).map(str::to_owned)
        };
        for name in patch.keys().filter_map(|directive| about(directive)).filter(|name| !patch.contains_key(name)) {
            let Some(Value::Array(held)) = out.get(&name).cloned() else { continue };
            let (child, strategy) = self.field(type_id, &name);
            let lists = list::Lists { held: &held, patch: &[], order: patch.get(&format!("{ORDER}{name}")) };
            let deleted = patch.get(&format!("{DELETE_ITEMS}{name}"));
            self.path.push(name.clone());
            let merged = self.list(child, strategy, &lists, deleted)?;
            self.path.pop();
            out.insert(name, Value::Array(merged));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
