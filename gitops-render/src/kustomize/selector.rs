//! Which resources a patch or replacement is for.

use gitops_core::Map;
use regex::Regex;

use super::id::{ResourceId, effective_namespace, group_of, version_of};
use super::model::Selector;
use super::read::Spot;
use super::resource::{Former, Resource};
use super::resources::Resources;
use crate::{Problem, RenderError};

/// A compiled selector. Its patterns match whole texts; an empty one matches everything.
pub(super) struct Matcher {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl Matcher {
    pub(super) fn new(selector: &Selector, place: &Spot<'_>) -> Result<Self, RenderError> {
        let pattern = |field: &str, text: &str| -> Result<Option<Regex>, RenderError> {
            if text.is_empty() {
                return Ok(None);
            }
            let refused = |error: regex::Error| {
                let reason = error.to_string();
                place
                    .place()
                    .field(format!("{}.target.{field}", place.name()))
                    .is(Problem::Pattern { pattern: text.into(), reason })
            };
            Regex::new(&format!("^(?:{text})$")).map(Some).map_err(refused)
        };
        let requirements = |text: &str| {
            let refused = |reason| place.is(Problem::Pattern { pattern: text.into(), reason });
            requirements(text).map_err(refused)
        };
        Ok(Self {
            group: pattern("group", &selector.group)?,
            version: pattern("version", &selector.version)?,
            kind: pattern("kind", &selector.kind)?,
            name: pattern("name", &selector.name)?,
            namespace: pattern("namespace", &selector.namespace)?,
            labels: requirements(&selector.label_selector)?,
            annotations: requirements(&selector.annotation_selector)?,
        })
    }

    /// The resources that match, by their first or their present names.
    pub(super) fn select(&self, resources: &Resources) -> Vec<usize> {
        resources.iter().enumerate().filter(|(_, resource)| self.matches(resource)).map(|(index, _)| index).collect()
    }

    /// Whether any of its names, the present or a former one, matches with its namespace, and its labels and annotations do.
    pub(super) fn matches_any_name(&self, resource: &Resource) -> bool {
        self.matches_labels(resource) && self.matches_id(resource)
    }

    /// Whether this selects what is left out: by its names or by its labels and annotations, each of which is enough. An
    /// empty selector leaves nothing out.
    pub(super) fn rejects(&self, resource: &Resource) -> bool {
        let asks = |labels: &[Requirement]| !labels.is_empty();
        let of_id = [&self.group, &self.version, &self.kind, &self.name, &self.namespace];
        (asks(&self.labels) || asks(&self.annotations)) && self.matches_labels(resource)
            || of_id.iter().any(|pattern| pattern.is_some()) && self.matches_id(resource)
    }

    fn matches_labels(&self, resource: &Resource) -> bool {
        self.labels.iter().all(|wanted| wanted.holds(resource.metadata_map("labels")))
            && self.annotations.iter().all(|wanted| wanted.holds(resource.metadata_map("annotations")))
    }

    fn matches_id(&self, resource: &Resource) -> bool {
        let is = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
        let version = resource.api_version();
        let named = |kind: &str, name: &str, namespace: &str| {
            is(&self.kind, kind) && is(&self.name, name) && is(&self.namespace, namespace)
        };
        let former = |former: &Former| named(&former.kind, &former.name, &former.namespace);
        is(&self.group, group_of(version))
            && is(&self.version, version_of(version))
            && (named(resource.kind(), resource.name(), resource.namespace()) || resource.formers.iter().any(former))
    }

    pub(super) fn matches(&self, resource: &Resource) -> bool {
        let is = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
        let (api_version, kind) = (resource.api_version(), resource.kind());
        if !is(&self.kind, kind)
            || !is(&self.group, group_of(api_version))
            || !is(&self.version, version_of(api_version))
        {
            return false;
        }
        let original: Option<ResourceId> = resource.former_ids().next();
        let first = |text: fn(&ResourceId) -> &str| original.as_ref().map(text);
        let namespace = effective_namespace(api_version, kind, resource.namespace());
        let named = is(&self.name, resource.name()) || first(|id| &id.name).is_some_and(|name| is(&self.name, name));
        let placed = is(&self.namespace, namespace)
            || first(|id| &id.namespace).is_some_and(|namespace| is(&self.namespace, namespace));
        named && placed && self.matches_labels(resource)
    }
}

/// One condition of a label selector.
#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl Requirement {
    fn holds(&self, map: Option<&Map>) -> bool {
        let value = map.and_then(|map| map.get(&self.key)).map(|value| value.as_str().unwrap_or_default());
        match (&self.test, value) {
            (Test::Exists, value) => value.is_some(),
            (Test::Absent, value) => value.is_none(),
            (Test::In(values), value) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            (Test::NotIn(values), value) => value.is_none_or(|value| values.iter().all(|one| one != value)),
        }
    }
}

/// The conditions of a label selector: `a=b, c!=d, e in (f, g), h notin (i), j, !k`.
fn requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0usize);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    if parts.iter().all(|part| part.trim().is_empty()) {
        return Ok(Vec::new());
    }
    parts.into_iter().map(|part| requirement(part.trim())).collect()
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let named = |key: &str, test| {
        let key = key.trim();
        let legal = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
        if key.is_empty() || !key.chars().all(legal) {
            return Err(format!("`{text}` is not a condition of a label selector"));
        }
        Ok(Requirement { key: key.into(), test })
    };
    if let Some((head, list)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let values = list.split(',').map(|value| value.trim().to_owned()).collect();
        let (key, word) = head.trim().rsplit_once(char::is_whitespace).unwrap_or((head, ""));
        return match word {
            "in" => named(key, Test::In(values)),
            "notin" => named(key, Test::NotIn(values)),
            _ => Err(format!("`{text}` is not a condition of a label selector")),
        };
    }
    if let Some((key, value)) = text.split_once("!=") {
        return named(key, Test::NotIn(vec![value.trim().into()]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return named(key, Test::In(vec![value.trim().into()]));
    }
    match text.strip_prefix('!') {
        Some(key) => named(key, Test::Absent),
        None => named(text, Test::Exists),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn label_selectors_hold_as_in_kubernetes() {
        let labels = json!({"app": "web", "tier": "front"});
        let holds = |text: &str| requirements(text).unwrap().iter().all(|wanted| wanted.holds(labels.as_object()));
        for yes in ["app=web", "app==web,tier", "app in (db, web)", "env notin (prod)", "!env", "app!=db", ""] {
            assert!(holds(yes), "{yes}");
        }
        for no in ["app=db", "env", "!app", "app notin (web)", "env=x", "tier in (back)"] {
            assert!(!holds(no), "{no}");
        }
        assert!(requirements("a in x").is_err());
        assert!(requirements("a=b,,c").is_err());
    }
}
