//! Patches as kustomize merges them: kyaml v0.21.1, `yaml/merge2` and `yaml/walk`.
//!
//! This is not the API server's merge with other options ([`crate::strategic`] is that one) but a walk of its own. It visits
//! the whole object, patched or not, so that lists that are merged by keys are put in order wherever they are, and it knows
//! one directive, `$patch`; `$setElementOrder`, `$retainKeys` and `$deleteFromPrimitiveList` are fields to it.

mod elements;

use serde_json::{Map, Value};

use crate::schema::{ListRelation, Patch, Schema, TypeId};

/// What the merge must know of the world.
pub trait Rules {
    /// The type of a kind; none where it is not known, so that its lists are replaced.
    fn kind(&self, api_version: &str, kind: &str) -> Option<(&Schema, TypeId)>;

    /// Whether a text must have been quoted to be one, as `"80"` must: a value that takes its place takes its quotes.
    fn is_quoted(&self, text: &str) -> bool;
}

/// Why a patch cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A `$patch` that is none of `merge`, `replace` and `delete`.
    #[error("`{path}`: unknown directive `$patch: {directive}`")]
    Directive {
        /// Where.
        path: String,
        /// What it says.
        directive: String,
    },
    /// A map, list or scalar where the object has another of them.
    #[error("`{path}`: expected a {expected}, found a {found}")]
    Form {
        /// Where.
        path: String,
        /// What there is.
        expected: &'static str,
        /// What the patch has.
        found: &'static str,
    },
    /// The patch or the object is nested deeper than objects can be.
    #[error("`{0}`: nested too deeply")]
    Depth(String),
    /// A list that is merged by keys is longer than any is.
    #[error("`{path}`: more than {limit} items to be merged by their keys")]
    Items {
        /// Where.
        path: String,
        /// How many are merged.
        limit: usize,
    },
}

const MAX_DEPTH: usize = 256;
const PATCH: &str = "$patch";

/// Merges a patch into an object. None where the patch deletes it.
///
/// # Errors
/// [`MergeError`] with the path of what is wrong.
pub fn merge(rules: &dyn Rules, object: Value, patch: Value) -> Result<Option<Value>, MergeError> {
    let mut walk = Walk { rules, path: Vec::new() };
    match walk.pair(Place::default(), Some(object), Some(patch))? {
        Walked::Held(value) => Ok(Some(value)),
        // `$patch: replace` of a whole object gives another one, which kustomize does not take.
        Walked::Other { value, held } => Ok(value.and(held)),
    }
}

/// What is known of a field.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    kind: Option<(&'a Schema, TypeId)>,
    patch: Option<&'a Patch>,
}

impl<'a> Place<'a> {
    fn field(self, name: &str) -> Self {
        let Some((schema, id)) = self.kind else { return Self::default() };
        let Some(map) = &schema.get(id).map else { return Self::default() };
        let patch = map.fields.get(name).and_then(|field| field.patch.as_ref());
        Self { kind: map.child(name).map(|id| (schema, id)), patch }
    }

    fn element(self) -> Self {
        let kind = self.kind.and_then(|(schema, id)| Some((schema, schema.get(id).list.as_ref()?.element)));
        Self { kind, patch: None }
    }

    /// The keys that tell items apart, where the list is merged; one that is empty stands for the item itself.
    fn keys(self) -> Option<Vec<String>> {
        let patch = self.patch.filter(|patch| patch.merge)?;
        let relation = self.kind.and_then(|(schema, id)| Some(&schema.get(id).list.as_ref()?.relation));
        Some(match (relation, &patch.merge_key) {
            (Some(ListRelation::Map(keys)), Some(_)) => keys.clone(),
            (_, key) => vec![key.clone().unwrap_or_default()],
        })
    }

    /// Whether a null that is a map or a list by its type was left empty, as is usual for those: `emptyDir:`. One that
    /// was written out is kept.
    fn is_left_empty(self) -> bool {
        self.kind.is_some_and(|(schema, id)| {
            let known = schema.get(id);
            known.scalar.is_none() && (known.list.is_some() || known.map.is_some())
        })
    }
}

/// What came of a pair of values.
enum Walked {
    /// The object's value, changed where it stands.
    Held(Value),
    /// The patch's value or none, and the object's as it was.
    Other { value: Option<Value>, held: Option<Value> },
}

impl Walked {
    fn value(self) -> Option<Value> {
        match self {
            Self::Held(value) => Some(value),
            Self::Other { value, .. } => value,
        }
    }
}

struct Walk<'a> {
    rules: &'a dyn Rules,
    path: Vec<String>,
}

impl<'a> Walk<'a> {
    fn shown(&self) -> String {
        self.path.join(".")
    }

    fn inside<T>(
        &mut self,
        name: &str,
        walk: impl FnOnce(&mut Self) -> Result<T, MergeError>,
    ) -> Result<T, MergeError> {
        if self.path.len() > MAX_DEPTH {
            return Err(MergeError::Depth(self.shown()));
        }
        self.path.push(name.to_owned());
        let walked = walk(self)?;
        self.path.pop();
        Ok(walked)
    }

    /// The place, or where its type is not known the one that the value says itself, as an object inside of another does.
    fn known(&self, place: Place<'a>, value: Option<&Value>) -> Place<'a> {
        if place.kind.is_some() {
            return place;
        }
        let text = |field| value.and_then(|value| value.get(field)).and_then(Value::as_str);
        let kind = text("apiVersion").zip(text("kind")).and_then(|(version, kind)| self.rules.kind(version, kind));
        Place { kind, ..place }
    }

    /// A value of the object and one of the patch, either of which may be absent.
    fn pair(&mut self, place: Place<'a>, held: Option<Value>, patch: Option<Value>) -> Result<Walked, MergeError> {
        let place = self.known(self.known(place, held.as_ref()), patch.as_ref());
        let there = held.as_ref().filter(|value| !value.is_null());
        let Some(patch) = patch else {
            return match held {
                Some(Value::Null) if place.is_left_empty() => Ok(Walked::Other { value: None, held }),
                Some(held) => self.unpatched(place, held).map(Walked::Held),
                None => Ok(Walked::Other { value: None, held }),
            };
        };
        if patch.is_null() {
            return Ok(Walked::Other { value: None, held });
        }
        if let Some(there) = there
            && form(there) != form(&patch)
        {
            return Err(MergeError::Form { path: self.shown(), expected: form(there), found: form(&patch) });
        }
        match (held, patch) {
            (Some(Value::Object(held)), Value::Object(patch)) => self.maps(place, held, patch),
            (Some(Value::Array(held)), Value::Array(patch)) => self.lists(place, held, patch),
            (held @ (None | Some(Value::Null)), patch) => {
                Ok(Walked::Other { value: self.alone(place, patch, false)?, held })
            }
            (held, patch) => {
                let quoted = matches!(&held, Some(Value::String(text)) if self.rules.is_quoted(text));
                let value = if quoted && !patch.is_string() { Value::String(patch.to_string()) } else { patch };
                Ok(Walked::Other { value: Some(value), held })
            }
        }
    }

    fn maps(
        &mut self,
        place: Place<'a>,
        mut held: Map<String, Value>,
        mut patch: Map<String, Value>,
    ) -> Result<Walked, MergeError> {
        match self.take_directive(&mut patch)? {
            Directive::Delete => return Ok(Walked::Other { value: None, held: Some(held.into()) }),
            Directive::Replace => {
                let value = Some(self.fields(place, patch)?);
                return Ok(Walked::Other { value, held: Some(held.into()) });
            }
            Directive::Merge => {}
        }
        let mut merged = Map::new();
        for (name, value) in std::mem::take(&mut held) {
            let new = patch.remove(&name);
            let value = self.inside(&name, |walk| walk.pair(place.field(&name), Some(value), new))?.value();
            merged.extend(value.map(|value| (name, value)));
        }
        for (name, new) in patch {
            let value = self.inside(&name, |walk| walk.pair(place.field(&name), None, Some(new)))?.value();
            merged.extend(value.map(|value| (name, value)));
        }
        Ok(Walked::Held(merged.into()))
    }

    fn lists(&mut self, place: Place<'a>, held: Vec<Value>, mut patch: Vec<Value>) -> Result<Walked, MergeError> {
        let Some(keys) = place.keys() else {
            return Ok(Walked::Other { value: Some(patch.into()), held: Some(held.into()) });
        };
        match self.take_list_directive(&mut patch)? {
            Directive::Delete => Ok(Walked::Other { value: None, held: Some(held.into()) }),
            Directive::Replace => {
                let value = Some(self.elements(place, &keys, patch, None)?.into());
                Ok(Walked::Other { value, held: Some(held.into()) })
            }
            Directive::Merge => Ok(Walked::Held(self.elements(place, &keys, held, Some(patch))?.into())),
        }
    }

    /// A value of the object about which the patch says nothing.
    fn unpatched(&mut self, place: Place<'a>, held: Value) -> Result<Value, MergeError> {
        match held {
            Value::Object(held) => {
                let mut kept = Map::new();
                for (name, value) in held {
                    let value = self.inside(&name, |walk| walk.pair(place.field(&name), Some(value), None))?.value();
                    kept.extend(value.map(|value| (name, value)));
                }
                Ok(kept.into())
            }
            Value::Array(held) => match place.keys() {
                Some(keys) => Ok(self.elements(place, &keys, held, Some(Vec::new()))?.into()),
                None => Ok(held.into()),
            },
            held => Ok(held),
        }
    }

    /// A value that only the patch has: it is walked as if the object had it too. `asked` says whether the directives of a
    /// list count, which they do not where nothing was.
    fn alone(&mut self, place: Place<'a>, patch: Value, asked: bool) -> Result<Option<Value>, MergeError> {
        let place = self.known(place, Some(&patch));
        match patch {
            Value::Null => Ok(None),
            Value::Object(mut patch) => match self.take_directive(&mut patch) {
                Ok(Directive::Delete) => Ok(None),
                Err(error) if asked => Err(error),
                _ => self.fields(place, patch).map(Some),
            },
            Value::Array(mut patch) => {
                let Some(keys) = place.keys() else { return Ok(Some(patch.into())) };
                if asked && matches!(self.take_list_directive(&mut patch)?, Directive::Delete) {
                    return Ok(None);
                }
                Ok(Some(self.elements(place, &keys, patch, None)?.into()))
            }
            scalar => Ok(Some(scalar)),
        }
    }

    fn fields(&mut self, place: Place<'a>, patch: Map<String, Value>) -> Result<Value, MergeError> {
        let mut kept = Map::new();
        for (name, value) in patch {
            let value = self.inside(&name, |walk| walk.alone(place.field(&name), value, true))?;
            kept.extend(value.map(|value| (name, value)));
        }
        Ok(kept.into())
    }

    /// A map's directive, which is taken out of it.
    fn take_directive(&self, patch: &mut Map<String, Value>) -> Result<Directive, MergeError> {
        let Some(word) = patch.get(PATCH) else { return Ok(Directive::Merge) };
        let directive = self.directive(word)?;
        patch.remove(PATCH);
        Ok(directive)
    }

    /// What an item says of the whole list, which has a `$patch` and nothing else, and is taken out of it.
    fn take_list_directive(&self, patch: &mut Vec<Value>) -> Result<Directive, MergeError> {
        let with = patch.iter().find_map(|item| item.as_object().filter(|map| map.contains_key(PATCH)));
        let Some(word) = with.filter(|map| map.len() == 1).and_then(|map| map.get(PATCH)) else {
            return Ok(Directive::Merge);
        };
        let directive = self.directive(word)?;
        let text = elements::text(word);
        elements::set(patch, None, &[PATCH], &[&text]).map_err(|wrong| wrong.at(self.shown()))?;
        Ok(directive)
    }

    fn directive(&self, word: &Value) -> Result<Directive, MergeError> {
        match word.as_str() {
            Some("merge") => Ok(Directive::Merge),
            Some("replace") => Ok(Directive::Replace),
            Some("delete") => Ok(Directive::Delete),
            _ => Err(MergeError::Directive { path: self.shown(), directive: elements::text(word) }),
        }
    }
}

enum Directive {
    Merge,
    Replace,
    Delete,
}

fn form(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "map",
        Value::Array(_) => "list",
        _ => "scalar",
    }
}

#[cfg(test)]
mod tests;
