//! What a set makes: Applications, and why others could not be made.

use std::collections::BTreeMap;

use gitops_core::Value;
use gitops_core::api::{Application, ApplicationSetCondition, ApplicationSetConditionType, ConditionStatus};
use serde::Serialize;
use serde_json::Map;
use thiserror::Error;

use super::definition::Definition;
use super::error::{GenerateError, TemplateError};
use crate::causes::chain;

/// What a set makes.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Expansion {
    /// The set's name.
    pub set: String,
    /// What each generator of `spec.generators` gave.
    pub generators: Vec<Generated>,
    /// One for each set of parameters of the generators that did not fail, in their order.
    pub elements: Vec<Element>,
    /// Why nothing could be made at all.
    pub error: Option<TemplateError>,
}

/// What a generator gave.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Generated {
    /// Sets of parameters.
    pub parameters: Vec<Map<String, Value>>,
    /// Why there are none.
    pub error: Option<GenerateError>,
    /// Whether no generator is given, or one that this version does not know.
    pub is_unknown: bool,
}

/// What became of one set of parameters.
#[derive(Debug)]
#[non_exhaustive]
pub struct Element {
    /// The generator, counted from 0.
    pub generator: usize,
    /// The set of parameters of that generator, counted from 0.
    pub parameters: usize,
    /// The Application, or why there is none.
    pub outcome: Result<Application, ElementError>,
}

/// Why one Application cannot be made.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ElementError {
    /// A template fails.
    #[error("the template fails")]
    Template(#[from] TemplateError),
    /// What the template gives is no Application.
    #[error("the template does not give an Application: {0}")]
    Application(String),
    /// `templatePatch` gives no YAML.
    #[error("`templatePatch` does not give YAML: {0}")]
    PatchYaml(String),
    /// `templatePatch` gives no patch of an Application.
    #[error("`templatePatch` does not fit an Application: {0}")]
    Patch(String),
    /// The Application has no name.
    #[error("the Application has no name; `metadata.name` of the template must give one")]
    NoName,
    /// Another element makes an Application of this name.
    #[error("the name `{name}` is made more than once")]
    Duplicate {
        /// The name.
        name: String,
    },
}

/// The word by which a condition says what went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Reason {
    /// A generator failed.
    ApplicationGenerationFromParamsError,
    /// A template failed.
    RenderTemplateParamsError,
    /// An Application is not valid.
    ApplicationValidationError,
}

impl Reason {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationGenerationFromParamsError => "ApplicationGenerationFromParamsError",
            Self::RenderTemplateParamsError => "RenderTemplateParamsError",
            Self::ApplicationValidationError => "ApplicationValidationError",
        }
    }
}

impl Expansion {
    pub(super) fn new(set: &Definition) -> Self {
        Self { set: set.name.clone(), ..Self::default() }
    }

    /// Nothing can be made.
    pub(super) fn failed(set: &Definition, error: TemplateError) -> Self {
        Self { error: Some(error), ..Self::new(set) }
    }

    /// The Applications that could be made.
    pub fn applications(&self) -> impl Iterator<Item = &Application> {
        self.elements.iter().filter_map(|element| element.outcome.as_ref().ok())
    }

    /// Whether every generator answered and every element was made. Where not, Applications that are not among these may
    /// be wanted all the same, so that none may be deleted.
    pub fn is_complete(&self) -> bool {
        self.error.is_none()
            && self.generators.iter().all(|generated| generated.error.is_none() && !generated.is_unknown)
            && self.elements.iter().all(|element| element.outcome.is_ok())
    }

    /// What went wrong, in the order of generators and elements.
    pub fn problems(&self) -> Vec<(Reason, String)> {
        let mut problems = Vec::new();
        if let Some(error) = &self.error {
            problems.push((Reason::RenderTemplateParamsError, chain(error)));
        }
        for (index, generated) in self.generators.iter().enumerate() {
            let place = format!("spec.generators[{index}]");
            if let Some(error) = &generated.error {
                problems.push((Reason::ApplicationGenerationFromParamsError, format!("{place}: {}", chain(error))));
            }
            if generated.is_unknown {
                let text = format!("{place}: no generator that is known is given");
                problems.push((Reason::ApplicationGenerationFromParamsError, text));
            }
            for element in self.elements.iter().filter(|element| element.generator == index) {
                if let Err(error) = &element.outcome {
                    let place = format!("{place}, element {}", element.parameters + 1);
                    problems.push((error.reason(), format!("{place}: {}", chain(error))));
                }
            }
        }
        problems
    }

    /// The conditions of the set's status, without times.
    pub fn conditions(&self) -> Vec<ApplicationSetCondition> {
        let mut problems = self.problems();
        let rest = problems.len().saturating_sub(1);
        let (reason, message, failed) = if problems.is_empty() {
            ("ApplicationSetUpToDate", "All applications have been generated successfully".to_owned(), false)
        } else {
            let (reason, mut message) = problems.swap_remove(0);
            if rest > 0 {
                message.push_str(&format!("; and {rest} more"));
            }
            (reason.as_str(), message, true)
        };
        let status = |holds: bool| if holds { ConditionStatus::True } else { ConditionStatus::False };
        let generated = !failed || self.applications().next().is_some();
        let aspects = [
            (ApplicationSetConditionType::ErrorOccurred, failed),
            (ApplicationSetConditionType::ParametersGenerated, generated),
            (ApplicationSetConditionType::ResourcesUpToDate, !failed),
        ];
        aspects.map(|(aspect, holds)| condition(aspect, status(holds), reason, &message)).into()
    }

    /// Refuses Applications that cannot be told apart: those without a name, and all that share one.
    pub(super) fn validate(&mut self) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for application in self.applications() {
            *counts.entry(application.name().to_owned()).or_default() += 1;
        }
        for element in &mut self.elements {
            let Ok(application) = &element.outcome else { continue };
            let name = application.name();
            if name.is_empty() {
                element.outcome = Err(ElementError::NoName);
            } else if counts.get(name).is_some_and(|count| *count > 1) {
                element.outcome = Err(ElementError::Duplicate { name: name.to_owned() });
            }
        }
    }
}

fn condition(
    condition_type: ApplicationSetConditionType,
    status: ConditionStatus,
    reason: &str,
    message: &str,
) -> ApplicationSetCondition {
    let mut condition = ApplicationSetCondition::default();
    condition.condition_type = condition_type;
    condition.status = status;
    condition.reason = reason.to_owned();
    condition.message = message.to_owned();
    condition
}

impl ElementError {
    /// The word for a condition.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NoName | Self::Duplicate { .. } => Reason::ApplicationValidationError,
            _ => Reason::RenderTemplateParamsError,
        }
    }
}
