//! What `helm template` prints or writes into files.

use std::borrow::Cow;

use super::pattern::Pattern;
use super::{HelmError, Manifest, Rendered};

/// What of a release is printed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OutputOptions {
    /// The files in `crds` too.
    pub include_crds: bool,
    /// No hooks.
    pub no_hooks: bool,
    /// No hooks that `helm test` runs.
    pub skip_tests: bool,
    /// Only what these templates gave, by paths in the chart or patterns of them.
    pub show_only: Vec<String>,
}

/// A part of the output: the template or file that it is of, and the text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Part<'r> {
    /// Its path, from the name of the chart on.
    pub path: &'r str,
    /// What it gave.
    pub text: Cow<'r, str>,
}

/// The parts in the order in which `helm template` prints them, hooks last. What is to be shown only is not heeded.
pub fn parts<'r>(rendered: &'r Rendered, options: &OutputOptions) -> Vec<Part<'r>> {
    let (before, hooks) = sorted(rendered, options);
    before.into_iter().chain(hooks).collect()
}

fn sorted<'r>(rendered: &'r Rendered, options: &OutputOptions) -> (Vec<Part<'r>>, Vec<Part<'r>>) {
    let crds = rendered.crds.iter().filter(|_| options.include_crds);
    let crds = crds.map(|(path, data)| Part { path, text: String::from_utf8_lossy(data) });
    let part = |manifest: &'r Manifest| Part { path: &manifest.path, text: manifest.text.as_str().into() };
    let shown = |hook: &&Manifest| !(options.no_hooks || options.skip_tests && hook.is_test());
    let hooks = rendered.hooks.iter().filter(shown).map(part).collect();
    (crds.chain(rendered.manifests.iter().map(part)).collect(), hooks)
}

/// A release as `helm template` prints it.
///
/// # Errors
/// Where a template that is to be shown is not there or gives nothing.
pub fn write(rendered: &Rendered, options: &OutputOptions) -> Result<String, HelmError> {
    let (manifests, hooks) = sorted(rendered, options);
    let joined = |parts: &[Part<'_>]| parts.iter().map(Part::document).collect::<String>();
    let out = format!("{}\n{}", joined(&manifests).trim(), joined(&hooks));
    if options.show_only.is_empty() { Ok(out) } else { only(&out, &options.show_only) }
}

impl Part<'_> {
    /// As a document that says where it is from.
    pub fn document(&self) -> String {
        format!("---\n# Source: {}\n{}\n", self.path, self.text)
    }
}

fn only(out: &str, wanted: &[String]) -> Result<String, HelmError> {
    let documents = super::manifests::split(out);
    let mut chosen = String::new();
    for text in wanted {
        let (pattern, before) = (Pattern::parse(text), chosen.len());
        let is_wanted = |path: &str| pattern.as_ref().is_some_and(|pattern| pattern.matches(path));
        for document in &documents {
            if source(document).is_some_and(is_wanted) {
                chosen.push_str(&format!("---\n{document}\n"));
            }
        }
        if chosen.len() == before {
            return Err(HelmError::NoTemplate(text.clone()));
        }
    }
    Ok(chosen)
}

/// The template that a document is of, by its path in the chart.
fn source(document: &str) -> Option<&str> {
    let (_, after) = document.split_once("# Source: ")?;
    after.lines().next()?.split_once('/').map(|(_, path)| path)
}
