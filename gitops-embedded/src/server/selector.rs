//! Selecting objects by namespace, name and labels.

use gitops_core::cluster::Query;
use gitops_core::{Map, Value};
use gitops_merge::schema::Kind;

/// Which objects of a kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// One namespace, or all.
    pub(crate) namespace: Option<String>,
    /// Fields that must have, or must not have, a value: path, value, whether equal.
    pub(crate) fields: Vec<(String, String, bool)>,
    /// Conditions on labels.
    pub(crate) labels: Vec<Requirement>,
}

/// A condition on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// The label has one of these values.
    In(String, Vec<String>),
    /// The label is absent or has another value.
    NotIn(String, Vec<String>),
    /// The label is there.
    Exists(String),
    /// The label is absent.
    Absent(String),
}

impl Requirement {
    fn holds(&self, labels: Option<&Map>) -> bool {
        let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
        match self {
            Self::In(key, values) => value(key).is_some_and(|value| values.iter().any(|known| known == value)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| values.iter().all(|known| known != value)),
            Self::Exists(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
        }
    }
}

impl Selection {
    /// The objects of a query.
    pub(crate) fn of(query: &Query) -> Self {
        let labels =
            query.labels.iter().map(|(key, value)| Requirement::In(key.clone(), vec![value.clone()])).collect();
        let fields = query.name.iter().map(|name| ("metadata.name".to_owned(), name.clone(), true)).collect();
        Self { namespace: query.namespace.clone(), fields, labels }
    }

    /// Forgets the namespace where objects of the kind have none.
    pub(crate) fn fit(&mut self, kind: &Kind) {
        if !kind.namespaced {
            self.namespace = None;
        }
    }

    /// Whether an object is selected; its namespace was looked at before.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.matches_fields(object) && self.matches_labels(object.pointer("/metadata/labels"))
    }

    /// Whether these labels are selected.
    pub(crate) fn matches_labels(&self, labels: Option<&Value>) -> bool {
        let labels = labels.and_then(Value::as_object);
        self.labels.iter().all(|requirement| requirement.holds(labels))
    }

    /// Whether an object's fields are selected.
    pub(crate) fn matches_fields(&self, object: &Value) -> bool {
        self.fields.iter().all(|(path, value, equal)| {
            let held = path.split('.').try_fold(object, |object, name| object.get(name));
            let held = match held {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            };
            (held == *value) == *equal
        })
    }
}

/// Reads a selector of labels, such as `a=b,c!=d,e in (f,g),h,!i`.
///
/// # Errors
/// What is not understood, as text.
pub(crate) fn labels(selector: &str) -> Result<Vec<Requirement>, String> {
    split(selector).into_iter().map(|part| requirement(part.trim())).collect()
}

/// Splits at commas that are not inside brackets.
fn split(selector: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (index, character) in selector.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(selector.get(start..index));
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.extend(selector.get(start..));
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn requirement(part: &str) -> Result<Requirement, String> {
    let bad = || format!("unable to parse requirement: {part}");
    if let Some(rest) = part.strip_suffix(')') {
        let (head, values) = rest.split_once('(').ok_or_else(bad)?;
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let (key, operator) = head.trim().split_once(char::is_whitespace).ok_or_else(bad)?;
        return match operator.trim() {
            "in" => Ok(Requirement::In(key.into(), values)),
            "notin" => Ok(Requirement::NotIn(key.into(), values)),
            _ => Err(bad()),
        };
    }
    let word = |text: &str| text.trim().to_owned();
    if let Some((key, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(word(key), vec![word(value)]));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Requirement::In(word(key), vec![word(value)]));
    }
    match part.strip_prefix('!') {
        Some(key) if is_key(key.trim()) => Ok(Requirement::Absent(word(key))),
        None if is_key(part) => Ok(Requirement::Exists(word(part))),
        _ => Err(bad()),
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
}

/// Reads a selector of fields, such as `metadata.name=a,status.phase!=Running`.
///
/// # Errors
/// What is not understood, as text.
pub(crate) fn fields(selector: &str) -> Result<Vec<(String, String, bool)>, String> {
    let parts = selector.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (path, value, equal) = if let Some((path, value)) = part.split_once("!=") {
                (path, value, false)
            } else {
                let split = part.split_once("==").or_else(|| part.split_once('='));
                let (path, value) =
                    split.ok_or_else(|| format!("invalid field selector: {part}; can't understand '{part}'"))?;
                (path, value, true)
            };
            Ok((path.trim().to_owned(), value.trim().to_owned(), equal))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_select() {
        let object = json!({"metadata": {"name": "x", "labels": {"a": "b", "e": "g"}}});
        let cases = [
            ("a=b,e in (f, g),!i", true),
            ("a==b,z!=b", true),
            ("a,e notin (f)", true),
            ("a!=b", false),
            ("i", false),
            ("", true),
            ("e in (f)", false),
        ];
        for (text, expected) in cases {
            let selection = Selection { labels: labels(text).unwrap(), ..Selection::default() };
            assert_eq!(selection.matches(&object), expected, "{text}");
        }
        for bad in ["a in b)", "!", "a b", "a has (c)"] {
            assert!(labels(bad).is_err(), "{bad}");
        }
        let by_name = |text: &str| Selection { fields: fields(text).unwrap(), ..Selection::default() };
        assert!(by_name("metadata.name=x").matches(&object));
        assert!(!by_name("metadata.name!=x").matches(&object));
        assert!(fields("metadata.name").is_err());
    }
}
