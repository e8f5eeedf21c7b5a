//! `ignoreDifferences`: fields that do not count (Argo CD, user guide, "Diff Customization").

use std::collections::{BTreeSet, HashSet};

use gitops_core::api::ResourceIgnoreDifferences;
use gitops_core::{Object, Value};
use thiserror::Error;

use super::pointer::Pointer;

/// Compiled rules. Compile them once for all objects of an Application.
#[derive(Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    group: String,
    kind: String,
    name: Option<String>,
    namespace: Option<String>,
    pointers: Vec<Pointer>,
    managers: Vec<String>,
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
                pointers: rule.json_pointers.iter().flatten().filter_map(|text| Pointer::parse(text)).collect(),
                managers: rule.managed_fields_managers.clone().unwrap_or_default(),
            })
        });
        Ok(Self { rules: rules.collect::<Result<_, _>>()? })
    }

    fn matching<'a>(&'a self, object: &'a Object) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| rule.matches(object))
    }

    /// What the rules match in a desired and a live object.
    pub(crate) fn find(&self, desired: &Object, live: &Object) -> Ignored {
        let mut out = Ignored::default();
        for rule in self.matching(desired) {
            out.managers.extend(rule.managers.iter().cloned());
            for object in [desired, live] {
                rule.pointers.iter().for_each(|pointer| out.add(object, pointer));
            }
        }
        out
    }
}

impl Rule {
    fn matches(&self, object: &Object) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        glob(&self.group, object.group())
            && glob(&self.kind, object.kind())
            && is(&self.name, object.name())
            && is(&self.namespace, object.namespace().unwrap_or_default())
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

    fn add(&mut self, object: &Object, pointer: &Pointer) {
        if let Some(value) = pointer.find(object.body()) {
            self.places.insert(place(value));
        }
        if object.is_secret() {
            match pointer.tokens() {
                [data] if data == "data" => self.all_secrets = true,
                [data, key] if data == "data" => drop(self.secrets.insert(key.clone())),
                _ => {}
            }
        }
    }
}

fn place(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}
