//! Selectors of labels and of parameters.

use std::borrow::Cow;

use gitops_core::api::LabelSelector;

/// What must hold of texts by their keys.
pub(super) struct Selector(Vec<Requirement>);

struct Requirement {
    key: String,
    test: Test,
}

enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

/// Which values a selector may ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// Those that labels can have.
    OfLabels,
    /// Any, such as addresses: Argo CD's selectors of parameters.
    Any,
}

impl Selector {
    /// Reads a selector; an empty one matches everything.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(selector: &LabelSelector, values: Values) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for (key, value) in selector.match_labels.iter().flatten() {
            requirements.push(Requirement { key: key.clone(), test: Test::In(vec![value.clone()]) });
        }
        for expression in selector.match_expressions.iter().flatten() {
            let listed = expression.values.clone().unwrap_or_default();
            let test = match expression.operator.as_str() {
                "In" | "NotIn" if listed.is_empty() => {
                    return Err(format!("`{}`: `{}` needs values", expression.key, expression.operator));
                }
                "Exists" | "DoesNotExist" if !listed.is_empty() => {
                    return Err(format!("`{}`: `{}` takes no values", expression.key, expression.operator));
                }
                "In" => Test::In(listed),
                "NotIn" => Test::NotIn(listed),
                "Exists" => Test::Exists,
                "DoesNotExist" => Test::Absent,
                other => return Err(format!("`{other}` is not a valid operator")),
            };
            requirements.push(Requirement { key: expression.key.clone(), test });
        }
        for Requirement { key, test } in &requirements {
            if !is_label_key(key) {
                return Err(format!("`{key}` is not a valid key of a label"));
            }
            if let (Values::OfLabels, Test::In(listed) | Test::NotIn(listed)) = (values, test)
                && let Some(value) = listed.iter().find(|value| !is_label_value(value))
            {
                return Err(format!("`{value}` is not a valid value of a label"));
            }
        }
        Ok(Self(requirements))
    }

    /// Whether what is under the keys is selected.
    pub(super) fn matches<'v>(&self, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> bool {
        self.0.iter().all(|Requirement { key, test }| {
            let value = value(key);
            let listed = |texts: &[String]| value.as_ref().is_some_and(|value| texts.iter().any(|text| text == value));
            match test {
                Test::In(texts) => listed(texts),
                Test::NotIn(texts) => !listed(texts),
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
            }
        })
    }
}

/// Kubernetes' qualified names: an optional prefix in the form of DNS and a slash, then a name.
fn is_label_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label_value(name)
}

fn is_subdomain(text: &str) -> bool {
    let is_edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.first().is_some_and(|byte| is_edge(*byte))
            && bytes.last().is_some_and(|byte| is_edge(*byte))
            && bytes.iter().all(|byte| is_edge(*byte) || *byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_part)
}

/// At most 63 letters, digits, dashes, underscores and dots, the first and last a letter or digit; or nothing.
fn is_label_value(value: &str) -> bool {
    let bytes = value.as_bytes();
    let edges = [bytes.first(), bytes.last()];
    bytes.len() <= 63
        && edges.into_iter().flatten().all(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
