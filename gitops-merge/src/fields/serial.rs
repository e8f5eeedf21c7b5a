//! FieldsV1: sets as JSON.

use serde_json::{Map, Value};

use super::{Keys, PathElement, Set};

/// Why a `fieldsV1` cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FieldsError {
    /// Something other than a map stands where a map belongs.
    #[error("`{0}`: expected a map of fields")]
    NotAMap(String),
    /// A key that is none of `f:`, `k:`, `v:`, `i:` and `.` in form.
    #[error("`{0}`: not a path element")]
    Element(String),
    /// The set is nested deeper than objects can be.
    #[error("`{0}`: nested too deeply")]
    Depth(String),
}

/// Objects are not nested deeper than this; serde_json itself stops at 128 when it reads text.
const MAX_DEPTH: usize = 256;

impl Set {
    /// Reads `fieldsV1`. Elements of kinds that are not known are left out, as the API server leaves them out.
    ///
    /// # Errors
    /// [`FieldsError`] where the value has another form than FieldsV1.
    pub fn from_fields_v1(value: &Value) -> Result<Self, FieldsError> {
        Ok(read("", value, 0)?.0.unwrap_or_default())
    }

    /// The set as the API server prints it.
    #[must_use]
    pub fn to_fields_v1(&self) -> Value {
        Value::Object(self.emit(false))
    }

    fn emit(&self, itself: bool) -> Map<String, Value> {
        let mut out = Map::new();
        if itself && !(self.members.is_empty() && self.children.is_empty()) {
            out.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for member in &self.members {
            out.insert(print_element(member), Value::Object(Map::new()));
        }
        for (element, child) in &self.children {
            out.insert(print_element(element), Value::Object(child.emit(self.members.contains(element))));
        }
        out
    }
}

fn read(key: &str, value: &Value, depth: usize) -> Result<(Option<Set>, bool), FieldsError> {
    if depth > MAX_DEPTH {
        return Err(FieldsError::Depth(key.to_owned()));
    }
    let empty = Map::new();
    let map = match value {
        Value::Object(map) => map,
        Value::Null => &empty,
        _ => return Err(FieldsError::NotAMap(key.to_owned())),
    };
    let mut set: Option<Set> = None;
    let mut itself = false;
    for (key, value) in map {
        if key == "." {
            itself = true;
            continue;
        }
        let Some(element) = parse_element(key)? else { continue };
        let (below, member) = read(key, value, depth + 1)?;
        let set = set.get_or_insert_default();
        if member {
            set.members.insert(element.clone());
        }
        if let Some(below) = below {
            set.children.insert(element, below);
        }
    }
    let member = itself || set.is_none();
    Ok((set, member))
}

fn parse_element(text: &str) -> Result<Option<PathElement>, FieldsError> {
    let bad = || FieldsError::Element(text.to_owned());
    let (kind, rest) = text.split_once(':').filter(|(kind, _)| kind.len() == 1).ok_or_else(bad)?;
    Ok(Some(match kind {
        "f" => PathElement::Field(rest.to_owned()),
        "v" => PathElement::Value(serde_json::from_str(rest).map_err(|_| bad())?),
        "k" => match serde_json::from_str(rest).map_err(|_| bad())? {
            Value::Object(map) => PathElement::Key(Keys::new(map.into_iter().collect())),
            _ => return Err(bad()),
        },
        "i" => PathElement::Index(rest.parse().map_err(|_| bad())?),
        _ => return Ok(None),
    }))
}

fn print_element(element: &PathElement) -> String {
    match element {
        PathElement::Field(name) => format!("f:{name}"),
        PathElement::Value(value) => format!("v:{}", go_json(value)),
        PathElement::Index(index) => format!("i:{index}"),
        PathElement::Key(keys) => {
            let pairs: Vec<String> =
                keys.iter().map(|(name, value)| format!("{}:{}", Value::from(name), go_json(value))).collect();
            format!("k:{{{}}}", pairs.join(","))
        }
    }
}

/// JSON as Go's encoder writes it: `<`, `>` and `&` are escaped.
fn go_json(value: &Value) -> String {
    let text = value.to_string();
    if !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return text;
    }
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_and_prints_every_kind_of_element() {
        let fields = json!({
            "f:a": {},
            "f:list": {".": {}, "k:{\"name\":\"q\",\"port\":80}": {".": {}, "f:name": {}}},
            "f:set": {"v:\"x\"": {}, "v:3": {}},
            "f:indexed": {"i:0": {}},
        });
        let set = Set::from_fields_v1(&fields).unwrap();
        assert_eq!(set.len(), 7);
        assert_eq!(set.to_fields_v1(), fields);
    }

    #[test]
    fn refuses_what_is_no_set_and_skips_what_is_not_known() {
        assert!(Set::from_fields_v1(&json!({"f:a": 1})).is_err());
        assert!(Set::from_fields_v1(&json!({"a": {}})).is_err());
        assert!(Set::from_fields_v1(&json!({"k:[]": {}})).is_err());
        assert!(Set::from_fields_v1(&json!({"z:new": {}})).unwrap().is_empty());
    }

    #[test]
    fn values_are_escaped_as_go_escapes_them() {
        let mut set = Set::new();
        set.insert(&[PathElement::Value(json!("a<b"))]);
        assert_eq!(set.to_fields_v1(), json!({"v:\"a\\u003cb\"": {}}));
    }
}
