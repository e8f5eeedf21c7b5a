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

/// What a document has beside its path and text.
const MARKS: usize = "---\n# Source: \n\n".len();

/// A release as `helm template` prints it.
///
/// # Errors
/// Where a template that is to be shown is not there or gives nothing.
pub fn write(rendered: &Rendered, options: &OutputOptions) -> Result<String, HelmError> {
    let (manifests, hooks) = sorted(rendered, options);
    let length = |part: &Part<'_>| MARKS + part.path.len() + part.text.len();
    // At once as long as it will be: releases are megabytes, and what is left of shorter ones would lie beside them.
    let mut out = String::with_capacity(1 + manifests.iter().chain(&hooks).map(length).sum::<usize>());
    manifests.iter().for_each(|part| part.add_to(&mut out));
    out.truncate(out.trim_end().len());
    out.push('\n');
    hooks.iter().for_each(|part| part.add_to(&mut out));
    if options.show_only.is_empty() { Ok(out) } else { only(&out, &options.show_only) }
}

impl Part<'_> {
    /// As a document that says where it is from.
    pub fn document(&self) -> String {
        let mut out = String::with_capacity(MARKS + self.path.len() + self.text.len());
        self.add_to(&mut out);
        out
    }

    fn add_to(&self, out: &mut String) {
        for text in ["---\n# Source: ", self.path, "\n", &self.text, "\n"] {
            out.push_str(text);
        }
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
