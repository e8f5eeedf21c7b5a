//! `ignoreDifferences`: fields that do not count (Argo CD, user guide, "Diff Customization").

use std::collections::{BTreeSet, HashSet};

use gitops_core::annotations::IGNORE_DIFFERENCES;
use gitops_core::api::ResourceIgnoreDifferences;
use gitops_core::decode::own_ignore_differences;
use gitops_core::{Map, Object, Value};
use thiserror::Error;

use super::jq::{Expression, ExpressionError, Step, ValuePath};
use super::pointer::Pointer;

/// Compiled rules. Compile them once for all objects of an Application.
#[derive(Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<Rule>,
}

#[derive(Debug)]
pub(super) struct Rule {
    group: String,
    kind: String,
    name: Option<String>,
    namespace: Option<String>,
    pub(super) pointers: Vec<Pointer>,
    pub(super) expressions: Vec<Compiled>,
    managers: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Compiled {
    /// As the source writes it.
    text: String,
    expression: Expression,
}

/// Why a rule cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The rule names no kind.
    #[error("ignoreDifferences[{index}].kind: required")]
    NoKind {
        /// Place of the rule.
        index: usize,
    },
    /// A jq path expression is not understood, or uses what path expressions may not.
    #[error("ignoreDifferences[{index}].jqPathExpressions[{expression}]")]
    Expression {
        /// Place of the rule.
        index: usize,
        /// Place of the expression.
        expression: usize,
        /// What is wrong with it.
        #[source]
        source: ExpressionError,
    },
}

impl IgnoreRules {
    /// Compiles the rules of an Application.
    ///
    /// # Errors
    /// [`RuleError`] with the place of the rule that is not understood.
    pub fn compile(rules: &[ResourceIgnoreDifferences]) -> Result<Self, RuleError> {
        let rules = rules.iter().enumerate().map(|(index, rule)| {
            if rule.kind.is_empty() {
                return Err(RuleError::NoKind { index });
            }
            Ok(Rule {
                group: rule.group.clone().unwrap_or_default(),
                kind: rule.kind.clone(),
                name: rule.name.clone().filter(|name| !name.is_empty()),
                namespace: rule.namespace.clone().filter(|namespace| !namespace.is_empty()),
                expressions: compile(index, rule.jq_path_expressions.as_deref().unwrap_or_default())?,
                pointers: rule.json_pointers.iter().flatten().filter_map(|text| Pointer::parse(text)).collect(),
                managers: rule.managed_fields_managers.clone().unwrap_or_default(),
            })
        });
        Ok(Self { rules: rules.collect::<Result<_, _>>()? })
    }

    /// The rules that an object's own annotation names; none where it has none, or where that is not to be read, which
    /// Argo CD passes over.
    pub(crate) fn own(body: &Map) -> Option<Self> {
        let text = body.get("metadata")?.get("annotations")?.get(IGNORE_DIFFERENCES)?.as_str()?;
        let identity = Identity::of(body);
        let rule = own_ignore_differences(text, identity.group, identity.kind)?;
        Self::compile(&[rule]).ok()
    }

    /// The rules for an object.
    pub(super) fn matching<'a>(&'a self, object: &'a Object) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| rule.matches(object))
    }

    /// Takes what the rules name out of an object, whole as the server has it. Rules by field manager have no effect here.
    pub(crate) fn remove_from(&self, body: &mut Map) {
        let rules: Vec<&Rule> = self.rules.iter().filter(|rule| rule.fits(&Identity::of(body))).collect();
        for rule in rules {
            super::rewrite::apply(rule, body, &mut Vec::new());
        }
    }

    /// The managers whose changes do not count for an object.
    pub(crate) fn managers_for(&self, body: &Map) -> Vec<String> {
        let identity = Identity::of(body);
        let rules = self.rules.iter().filter(|rule| rule.fits(&identity));
        rules.flat_map(|rule| rule.managers.iter().cloned()).collect()
    }

    /// What the rules match in a desired and a live object.
    pub(crate) fn find(&self, desired: &Object, live: &Object) -> Ignored {
        let mut out = Ignored::default();
        let own = Self::own(desired.body());
        // The live object has its namespace, which a desired one may leave to the cluster.
        for rule in self.matching(live).chain(own.iter().flat_map(|own| own.matching(live))) {
            out.managers.extend(rule.managers.iter().cloned());
            for object in [desired, live] {
                rule.pointers.iter().for_each(|pointer| out.add(object, &pointer_tokens(pointer)));
                rule.expressions.iter().for_each(|compiled| out.evaluate(object, compiled));
            }
        }
        out
    }
}

fn compile(index: usize, texts: &[String]) -> Result<Vec<Compiled>, RuleError> {
    let compiled = texts.iter().enumerate().map(|(place, text)| match Expression::compile(text) {
        Ok(expression) => Ok(Compiled { text: text.clone(), expression }),
        Err(source) => Err(RuleError::Expression { index, expression: place, source }),
    });
    compiled.collect()
}

/// Without a type, a number in a pointer is an index only in a list.
fn pointer_tokens(pointer: &Pointer) -> Vec<Step> {
    pointer.tokens().iter().cloned().map(Step::Key).collect()
}

impl Compiled {
    /// The paths that it names in a document, or what to tell the user.
    pub(super) fn paths(&self, document: &Map) -> Result<Vec<ValuePath>, String> {
        self.expression.paths(document).map_err(|error| format!("jqPathExpressions: `{}`: {error}", self.text))
    }
}

impl Rule {
    fn matches(&self, object: &Object) -> bool {
        self.fits(&Identity::of(object.body()))
    }

    fn fits(&self, object: &Identity<'_>) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        glob(&self.group, object.group)
            && glob(&self.kind, object.kind)
            && is(&self.name, object.name)
            && is(&self.namespace, object.namespace)
    }
}

/// What rules ask of an object.
struct Identity<'a> {
    group: &'a str,
    kind: &'a str,
    name: &'a str,
    namespace: &'a str,
}

impl<'a> Identity<'a> {
    fn of(body: &'a Map) -> Self {
        let text = |value: Option<&'a Value>| value.and_then(Value::as_str).unwrap_or_default();
        let metadata = |field| text(body.get("metadata").and_then(|metadata| metadata.get(field)));
        let group = text(body.get("apiVersion")).split_once('/').map_or("", |(group, _)| group);
        Self { group, kind: text(body.get("kind")), name: metadata("name"), namespace: metadata("namespace") }
    }
}

/// `*` stands for any characters, `?` for one.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut star) = ((0, 0), None);
    while at.1 < text.len() {
        match pattern.get(at.0) {
            Some('*') => {
                star = Some(at);
                at.0 += 1;
            }
            Some(&wanted) if wanted == '?' || text.get(at.1) == Some(&wanted) => at = (at.0 + 1, at.1 + 1),
            _ => match &mut star {
                Some(last) => {
                    last.1 += 1;
                    at = (last.0 + 1, last.1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at.0).all(|rest| *rest == '*')
}

/// What does not count in two objects that are compared: values by where they are in memory, so that nothing has to
/// be copied or rewritten, and a value below an ignored one need not be looked for.
#[derive(Debug, Default)]
pub(crate) struct Ignored {
    places: HashSet<usize>,
    secrets: BTreeSet<String>,
    all_secrets: bool,
    managers: Vec<String>,
    warnings: Vec<String>,
}

impl Ignored {
    pub(crate) fn has(&self, value: &Value) -> bool {
        !self.places.is_empty() && self.places.contains(&place(value))
    }

    pub(crate) fn has_secret(&self, key: &str) -> bool {
        self.all_secrets || self.secrets.contains(key)
    }

    pub(crate) fn is_trusted(&self, manager: &str) -> bool {
        self.managers.iter().any(|trusted| trusted == manager)
    }

    pub(crate) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    /// Leaves out the rules of ClusterRoles that are aggregated: a controller writes them.
    pub(crate) fn add_aggregated_rules(&mut self, objects: [&Object; 2]) {
        let aggregated =
            |object: &&Object| object.kind() == "ClusterRole" && object.body().contains_key("aggregationRule");
        if objects.iter().any(aggregated) {
            objects.iter().for_each(|object| self.add(object, &[Step::Key("rules".to_owned())]));
        }
    }

    fn add(&mut self, object: &Object, path: &[Step]) {
        let Some((Step::Key(first), rest)) = path.split_first() else { return };
        if let Some(value) = object.body().get(first) {
            self.add_value(value, rest);
        }
        if object.is_secret() && first == "data" {
            match rest {
                [] => self.all_secrets = true,
                [Step::Key(key)] => drop(self.secrets.insert(key.clone())),
                _ => {}
            }
        }
    }

    /// Follows a path. Where it leads nowhere there is nothing to ignore.
    fn add_value(&mut self, value: &Value, path: &[Step]) {
        let Some((token, rest)) = path.split_first() else {
            self.places.insert(place(value));
            return;
        };
        match (value, token) {
            (Value::Object(map), Step::Key(key)) => {
                map.get(key).into_iter().for_each(|value| self.add_value(value, rest));
            }
            (Value::Array(items), token) => {
                items.get(token.items(items.len())).into_iter().flatten().for_each(|item| self.add_value(item, rest));
            }
            _ => {}
        }
    }

    fn evaluate(&mut self, object: &Object, compiled: &Compiled) {
        let paths =
            if object.is_secret() { compiled.paths(&without_payload(object)) } else { compiled.paths(object.body()) };
        match paths {
            Ok(paths) => paths.iter().for_each(|path| self.add(object, path)),
            Err(warning) => {
                if !self.warnings.contains(&warning) {
                    self.warnings.push(warning);
                }
            }
        }
    }
}

/// A Secret as expressions see it: the keys of what the server stores, without their values.
fn without_payload(object: &Object) -> Map {
    let mut body = object.body().clone();
    let marked = object.secret_data().into_keys().map(|key| (key, Value::from(gitops_core::secret::MARKER)));
    body.insert("data".into(), Value::Object(marked.collect()));
    body
}

fn place(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_are_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<IgnoreRules>();
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "apps", true),
            ("ap*", "apps", true),
            ("a?ps", "apps", true),
            ("*.example.com", "a.b.example.com", true),
            ("", "apps", false),
            ("", "", true),
            ("apps", "app", false),
            ("*s*x", "apps", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn errors_name_the_place() {
        let compile = |rule: Value| {
            let rules: Vec<ResourceIgnoreDifferences> = serde_json::from_value(json!([{"kind": "A"}, rule])).unwrap();
            IgnoreRules::compile(&rules).unwrap_err()
        };
        let error = compile(json!({"kind": "B", "jqPathExpressions": [".a", ".a |= 1"]}));
        assert_eq!(error.to_string(), "ignoreDifferences[1].jqPathExpressions[1]");
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "`|=` is not available in path expressions");
        assert_eq!(compile(json!({"kind": ""})).to_string(), "ignoreDifferences[1].kind: required");
    }

    #[test]
    fn keys_of_a_secret_are_left_out_by_name() {
        let secret = |value: &str| {
            let data = json!({"a": value, "b": value, "c": "same"});
            Object::from_value(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}))
                .unwrap()
        };
        let found = |rule: Value| {
            let rules: Vec<ResourceIgnoreDifferences> = serde_json::from_value(json!([rule])).unwrap();
            let rules = IgnoreRules::compile(&rules).unwrap();
            let context = crate::DiffContext::new().with_ignore(&rules);
            crate::diff(&secret("x"), Some(&secret("y")), &context).unwrap().fields.len()
        };
        assert_eq!(found(json!({"kind": "Secret", "jsonPointers": ["/data/a"]})), 1);
        assert_eq!(found(json!({"kind": "Secret", "jqPathExpressions": [".data | keys[] as $k | .[$k]"]})), 0);
        assert_eq!(found(json!({"kind": "Secret", "jsonPointers": ["/data"]})), 0);
        assert_eq!(found(json!({"kind": "ConfigMap", "jsonPointers": ["/data"]})), 2);
    }
}
