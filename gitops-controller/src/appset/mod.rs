//! ApplicationSets: from a set and what its generators see to Applications.
//!
//! [`expand`] is a function of its arguments. What lies outside, such as the files of repositories, the clusters that are
//! known and the answers of services, comes through [`Outside`]. A generator that fails, and an element that cannot be
//! made, take nothing from the others, and make the [`Expansion`] incomplete, so that nothing may be deleted by it.
//!
//! Behaviour follows Argo CD 3.6 (`applicationset/generators`, `applicationset/utils`).

mod application;
mod changes;
mod clusters;
mod decision;
mod definition;
mod error;
mod expansion;
mod functions;
mod generator;
mod git;
mod list;
mod local;
mod matrix;
mod merge;
mod outside;
mod overlay;
mod parameters;
mod pattern;
mod plugin;
mod pull_request;
mod scm_provider;
mod selector;
pub(crate) mod services;
mod slug;
mod template;
mod values;

pub(crate) use changes::{ApplicationComparison, owner};
pub use changes::{Change, changes};
pub use definition::{Definition, DefinitionError};
pub use error::{GenerateError, TemplateError};
pub use expansion::{Element, ElementError, Expansion, Generated, Reason};
pub use local::Local;
pub use outside::{
    ClusterSecret, DecisionQuery, FileGlobbing, Limits, Outside, OutsideError, PullRequest, ScmRepository, Settings,
};

use application::Maker;
use generator::Generation;
use template::Renderer;

/// Makes the Applications of a set. Those that cannot be made, or not told apart by their names, are errors of the
/// expansion, beside the others.
pub fn expand(set: &Definition, outside: &dyn Outside, settings: &Settings) -> Expansion {
    let mut expansion = generate(set, outside, settings);
    expansion.validate();
    expansion
}

/// Makes the Applications of a set as its generators and templates give them, whatever they are called.
pub fn generate(set: &Definition, outside: &dyn Outside, settings: &Settings) -> Expansion {
    let renderer = match Renderer::new(set, settings) {
        Ok(renderer) => renderer,
        Err(error) => return Expansion::failed(set, error),
    };
    let generation = Generation { set, outside, settings, renderer: &renderer };
    let mut expansion = Expansion::new(set);
    for (index, generator) in set.generators.iter().enumerate() {
        let mut generated = Generated::default();
        match generation.top(generator) {
            Err(error) => generated.error = Some(error),
            Ok(results) if results.is_empty() => generated.is_unknown = true,
            Ok(results) => {
                for result in results {
                    let maker = Maker::new(set, &renderer, &result.template);
                    for parameters in &result.parameters {
                        let outcome = maker.make(parameters);
                        expansion.elements.push(Element {
                            generator: index,
                            outcome,
                            parameters: generated.parameters.len(),
                        });
                        generated.parameters.push(parameters::to_json(parameters));
                    }
                }
            }
        }
        expansion.generators.push(generated);
    }
    expansion
}

#[cfg(test)]
mod tests;
