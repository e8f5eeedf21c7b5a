//! Generators by their names: which one is asked, with which parameters filled in, and which of its sets count.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gitops_core::Value as Json;
use gitops_core::api::LabelSelector;
use serde::de::DeserializeOwned;
use serde_json::Map as JsonMap;

use super::definition::Definition;
use super::error::{GenerateError, TemplateError};
use super::outside::{Outside, Settings};
use super::parameters::{self, Parameters};
use super::selector::{Selector, Values};
use super::template::{Missing, Renderer};
use super::{clusters, decision, git, list, matrix, merge, overlay, plugin, pull_request, scm_provider};

/// The generators in the order of Argo CD's type, in which they are asked.
const NAMES: [&str; 9] =
    ["list", "clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "matrix", "merge", "plugin"];

/// Generators whose `values` are templates over their own parameters.
const WITH_VALUES: [&str; 6] = ["clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "plugin"];

/// How deep in other generators a generator is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// In the set.
    Top,
    /// In a matrix or merge generator.
    Nested,
    /// In one that is itself in one, where no more are to be had.
    Terminal,
}

impl Level {
    fn below(self) -> Self {
        match self {
            Self::Top => Self::Nested,
            Self::Nested | Self::Terminal => Self::Terminal,
        }
    }

    fn has(self, name: &str) -> bool {
        self != Self::Terminal || !matches!(name, "matrix" | "merge")
    }
}

/// What generators work with.
pub(super) struct Generation<'g> {
    pub(super) set: &'g Definition,
    pub(super) outside: &'g dyn Outside,
    pub(super) settings: &'g Settings,
    pub(super) renderer: &'g Renderer,
}

/// What a generator of the set gave.
pub(super) struct Transformed {
    pub(super) parameters: Vec<Parameters>,
    /// The set's template, with the generator's laid over.
    pub(super) template: Json,
}

impl Generation<'_> {
    /// What an entry of `spec.generators` gives: one result for each generator in it, none where it has none.
    pub(super) fn top(&self, generator: &Json) -> Result<Vec<Transformed>, GenerateError> {
        let names = present(generator, Level::Top);
        let one = |name: &&'static str| {
            let own = generator.get(*name).and_then(|body| body.get("template"));
            let template = own.map_or_else(|| self.set.template.clone(), |own| overlay::merge(own, &self.set.template));
            Ok(Transformed { parameters: self.selected(name, generator, None, Level::Top)?, template })
        };
        names.iter().map(one).collect()
    }

    /// What an entry of a matrix or merge generator gives, with parameters filled in.
    pub(super) fn child(
        &self,
        generator: &Json,
        given: Option<&Parameters>,
        parent: Level,
    ) -> Result<Vec<Parameters>, GenerateError> {
        let level = parent.below();
        match present(generator, level).as_slice() {
            [] => Err(GenerateError::Field("no generator is given that is known at this depth".into())),
            [name] => self.selected(name, generator, given, level),
            names => Err(GenerateError::Field(format!("more than one generator is given: {}", names.join(", ")))),
        }
    }

    /// Refuses more sets of parameters than one generator may give.
    pub(super) fn admit(&self, sets: usize) -> Result<(), GenerateError> {
        let limit = self.settings.limits.parameter_sets;
        if sets > limit { Err(GenerateError::TooMany { what: "sets of parameters", limit }) } else { Ok(()) }
    }

    /// The sets of parameters of one generator that the entry's selector takes.
    fn selected(
        &self,
        name: &'static str,
        generator: &Json,
        given: Option<&Parameters>,
        level: Level,
    ) -> Result<Vec<Parameters>, GenerateError> {
        let selector = match generator.get("selector").filter(|selector| !selector.is_null()) {
            None => None,
            Some(selector) => {
                let selector: LabelSelector = typed("selector of the", selector)?;
                Some(Selector::read(&selector, Values::Any).map_err(GenerateError::Selector)?)
            }
        };
        let filled = match given.filter(|given| !given.is_empty()) {
            None => Cow::Borrowed(generator),
            Some(given) => Cow::Owned(self.interpolated(generator, given)?),
        };
        let nothing = Json::Null;
        let mut sets = self.ask(name, filled.get(name).unwrap_or(&nothing), level)?;
        self.admit(sets.len())?;
        if let Some(selector) = selector {
            sets.retain(|set| {
                let flat: BTreeMap<String, String> = parameters::flatten(set).into_iter().collect();
                selector.matches(|key| flat.get(key).cloned().map(Cow::Owned))
            });
        }
        Ok(sets)
    }

    fn ask(&self, name: &'static str, body: &Json, level: Level) -> Result<Vec<Parameters>, GenerateError> {
        match name {
            "list" => list::generate(&typed(name, body)?, self),
            "clusters" => clusters::generate(&typed(name, body)?, self),
            "git" => git::generate(&typed(name, body)?, self),
            "scmProvider" => scm_provider::generate(&typed(name, body)?, self),
            "clusterDecisionResource" => decision::generate(&typed(name, body)?, self),
            "pullRequest" => pull_request::generate(&typed(name, body)?, self),
            "plugin" => plugin::generate(&typed(name, body)?, self),
            "matrix" => matrix::generate(body, self, level),
            _ => merge::generate(body, self, level),
        }
    }

    /// A generator with parameters filled in.
    fn interpolated(&self, generator: &Json, given: &Parameters) -> Result<Json, TemplateError> {
        let Some(entries) = generator.as_object() else { return Ok(generator.clone()) };
        let mut filled = JsonMap::new();
        for (name, body) in entries.iter().filter(|(_, body)| !body.is_null()) {
            let body = match name.as_str() {
                "matrix" | "merge" => self.interpolated_parent(body, given)?,
                name if WITH_VALUES.contains(&name) => self.interpolated_values(body, given)?,
                _ => self.renderer.value(body, given)?,
            };
            filled.insert(name.clone(), body);
        }
        Ok(Json::Object(filled))
    }

    fn interpolated_parent(&self, body: &Json, given: &Parameters) -> Result<Json, TemplateError> {
        let (children, rest) = without(body, "generators");
        let mut filled = self.renderer.value(&rest, given)?;
        if let (Some(Json::Array(children)), Some(filled)) = (children, filled.as_object_mut()) {
            let children = children.iter().map(|child| self.interpolated(child, given)).collect::<Result<_, _>>()?;
            filled.insert("generators".into(), Json::Array(children));
        }
        Ok(filled)
    }

    /// Values that need parameters of their own generator stay templates until it has them.
    fn interpolated_values(&self, body: &Json, given: &Parameters) -> Result<Json, TemplateError> {
        let (values, rest) = without(body, "values");
        let mut filled = self.renderer.value(&rest, given)?;
        if let (Some(Json::Object(values)), Some(filled)) = (values, filled.as_object_mut()) {
            let mut resolved = JsonMap::new();
            for (key, value) in values {
                let Some(template) = value.as_str() else { continue };
                let text = match self.renderer.text(template, given, Missing::Error) {
                    Err(TemplateError::Execute { is_missing_key: true, .. }) => template.to_owned(),
                    other => other?,
                };
                resolved.insert(key, Json::String(text));
            }
            filled.insert("values".into(), Json::Object(resolved));
        }
        Ok(filled)
    }
}

/// The generators that are given in an entry.
fn present(generator: &Json, level: Level) -> Vec<&'static str> {
    let is_given = |name: &str| generator.get(name).is_some_and(|body| !body.is_null());
    NAMES.into_iter().filter(|name| level.has(name) && is_given(name)).collect()
}

/// A field of a map, and the map without it.
fn without(body: &Json, field: &str) -> (Option<Json>, Json) {
    let mut rest = body.clone();
    let taken = rest.as_object_mut().and_then(|rest| rest.remove(field));
    (taken, rest)
}

/// A generator by its type. Its template is for the set, and is not looked at here.
fn typed<T: DeserializeOwned>(name: &'static str, body: &Json) -> Result<T, GenerateError> {
    let (_, body) = without(body, "template");
    serde_json::from_value(body).map_err(|source| GenerateError::Spec { generator: name, source })
}
