//! JSON pointers (RFC 6901) as rules: what they point at, and taking it out.

use gitops_core::{Map, Value};

/// A parsed pointer: its tokens, unescaped. The whole document is no field, so there is always one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Reads a pointer. None where it points at the whole document or has no leading `/`: such a rule matches
    /// nothing, as in Argo CD, whose JSON patch removes nothing then.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        Some(Self(rest.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// The tokens.
    pub fn tokens(&self) -> &[String] {
        &self.0
    }

    /// The value it points at.
    pub fn find<'a>(&self, body: &'a Map) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(body.get(first)?, |value, token| match value {
            Value::Object(map) => map.get(token),
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Sets what it points at; `-` appends to a list. Nothing where what holds it is not there.
    pub fn set(&self, body: &mut Map, value: Value) {
        let Some((last, parents)) = self.0.split_last() else { return };
        match holder(body, parents) {
            Some(Holder::Map(map)) => drop(map.insert(last.clone(), value)),
            Some(Holder::List(items)) if last == "-" => items.push(value),
            Some(Holder::List(items)) => {
                if let Some(item) = last.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                    *item = value;
                }
            }
            None => {}
        }
    }

    /// Takes out what it points at; nothing where that is not there.
    pub fn remove(&self, body: &mut Map) {
        let Some((last, parents)) = self.0.split_last() else { return };
        match holder(body, parents) {
            Some(Holder::Map(map)) => drop(map.remove(last)),
            Some(Holder::List(items)) => {
                if let Some(index) = last.parse::<usize>().ok().filter(|index| *index < items.len()) {
                    items.remove(index);
                }
            }
            None => {}
        }
    }
}

/// What holds the value at the end of a pointer.
enum Holder<'a> {
    Map(&'a mut Map),
    List(&'a mut Vec<Value>),
}

fn holder<'a>(body: &'a mut Map, parents: &[String]) -> Option<Holder<'a>> {
    let Some((first, rest)) = parents.split_first() else { return Some(Holder::Map(body)) };
    let value = rest.iter().try_fold(body.get_mut(first)?, |value, token| match value {
        Value::Object(map) => map.get_mut(token),
        Value::Array(items) => items.get_mut(token.parse::<usize>().ok()?),
        _ => None,
    })?;
    match value {
        Value::Object(map) => Some(Holder::Map(map)),
        Value::Array(items) => Some(Holder::List(items)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_there_is_left_alone() {
        let mut body = json!({"a": {"b/c": [1, 2]}, "d": 1}).as_object().unwrap().clone();
        let pointer = |text| Pointer::parse(text).unwrap();
        assert_eq!(pointer("/a/b~1c/1").find(&body), Some(&json!(2)));
        for text in ["/x", "/a/x/y", "/a/b~1c/7", "/d/e", "/a/b~1c/0"] {
            pointer(text).remove(&mut body);
        }
        assert_eq!(Value::Object(body), json!({"a": {"b/c": [2]}, "d": 1}));
        assert_eq!(Pointer::parse(""), None);
        assert_eq!(Pointer::parse("spec"), None);
    }
}
