//! What `helm template` prints.

use super::pattern::matches;
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

/// A release as `helm template` prints it.
///
/// # Errors
/// Where a template that is to be shown is not there or gives nothing.
pub fn write(rendered: &Rendered, options: &OutputOptions) -> Result<String, HelmError> {
    let mut out = String::new();
    if options.include_crds {
        for (path, data) in &rendered.crds {
            out.push_str(&format!("---\n# Source: {path}\n{}\n", String::from_utf8_lossy(data)));
        }
    }
    for manifest in &rendered.manifests {
        document(&mut out, manifest);
    }
    out = format!("{}\n", out.trim());
    if !options.no_hooks {
        let shown = |hook: &&Manifest| !(options.skip_tests && hook.is_test());
        rendered.hooks.iter().filter(shown).for_each(|hook| document(&mut out, hook));
    }
    if options.show_only.is_empty() { Ok(out) } else { only(&out, &options.show_only) }
}

fn document(out: &mut String, manifest: &Manifest) {
    out.push_str("---\n# Source: ");
    out.push_str(&manifest.path);
    out.push('\n');
    out.push_str(&manifest.text);
    out.push('\n');
}

fn only(out: &str, wanted: &[String]) -> Result<String, HelmError> {
    let documents = super::manifests::split(out);
    let mut chosen = String::new();
    for pattern in wanted {
        let mut missing = true;
        for document in &documents {
            let Some(path) = source(document) else { continue };
            if matches(pattern, path) == Some(true) {
                chosen.push_str(&format!("---\n{document}\n"));
                missing = false;
            }
        }
        if missing {
            return Err(HelmError::NoTemplate(pattern.clone()));
        }
    }
    Ok(chosen)
}

/// The template that a document is of, by its path in the chart.
fn source(document: &str) -> Option<&str> {
    let (_, after) = document.split_once("# Source: ")?;
    after.lines().next()?.split_once('/').map(|(_, path)| path)
}
