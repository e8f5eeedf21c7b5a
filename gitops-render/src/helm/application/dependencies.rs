//! Charts that a chart asks for and does not bring along, from where it says they are (`helm dependency build`).

use std::collections::BTreeSet;
use std::sync::Arc;

use gitops_core::need::ChartNeed;
use gitops_core::tree::{Tree, TreePath};
use gitops_core::{Answer, Need};

use super::lock;
use crate::files::Files;
use crate::helm::chart::Chart;
use crate::helm::dependencies::fits;
use crate::helm::{Dependency, HelmError, Metadata};
use crate::render::Context;
use crate::{Limits, Place, Problem, RenderError};

/// A chart that another asks for, at the version of its lock file where it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Requirement {
    /// The chart's name.
    pub name: String,
    /// A version, or a range of versions.
    pub version: String,
    /// Where it is: the address of a repository or registry, `file://` and a path from the chart, or nothing where it lies in
    /// the chart's `charts`.
    pub repository: String,
}

impl Requirement {
    /// What a chart asks for, as it says itself.
    pub fn of(metadata: &Metadata) -> Vec<Self> {
        let requirement = |dependency: &Dependency| Self {
            name: dependency.name.clone(),
            version: dependency.version.clone(),
            repository: dependency.repository.clone(),
        };
        metadata.dependencies.iter().map(requirement).collect()
    }

    /// What was asked for at the versions that were found, one after the other; what lies in the chart itself is as asked.
    pub fn found<'f>(asked: &[Self], found: impl IntoIterator<Item = &'f Self>) -> Vec<Self> {
        let mut found = found.into_iter();
        let mut next = |asked: &Self| if asked.repository.is_empty() { None } else { found.next().cloned() };
        asked.iter().map(|asked| next(asked).unwrap_or_else(|| asked.clone())).collect()
    }

    /// What is asked for where it is in a repository or registry; none where it lies beside the chart.
    ///
    /// # Errors
    /// Where the repository is one that only Helm's configuration on a machine knows.
    pub fn need(&self, pass_credentials: bool) -> Result<Option<Need>, String> {
        if self.repository.is_empty() || self.folder().is_some() {
            return Ok(None);
        }
        if self.repository.starts_with('@') || self.repository.starts_with("alias:") {
            return Err(format!("`{}` is the name of a repository on some machine; write its URL", self.repository));
        }
        let mut need = ChartNeed::new(self.repository.as_str(), self.name.as_str());
        need.version.clone_from(&self.version);
        need.pass_credentials = pass_credentials;
        Ok(Some(Need::Chart(need)))
    }

    /// The path from the chart to the folder that it is in; none where it is elsewhere.
    pub fn folder(&self) -> Option<&str> {
        self.repository.strip_prefix("file://")
    }

    /// Refuses a chart of another version, in Helm's words.
    ///
    /// # Errors
    /// Where the version of the chart is not in the range.
    pub fn check(&self, found: &Metadata) -> Result<(), HelmError> {
        if fits(&self.version, &found.version) {
            return Ok(());
        }
        Err(HelmError::Chart(format!(
            "can't get a valid version for dependency {} in {}: {} asked for, {} found",
            self.name, self.repository, self.version, found.version
        )))
    }
}

/// The charts that a chart asks for, as its lock file has them; where it has none, as the chart says.
///
/// # Errors
/// Where the lock file cannot be read, or is out of step with the chart.
pub fn requirements(chart: &Chart, tree: &dyn Tree, folder: &TreePath) -> Result<Vec<Requirement>, RenderError> {
    locked(chart, &Files::new(tree, &Limits::default()), folder)
}

fn locked(chart: &Chart, files: &Files<'_>, folder: &TreePath) -> Result<Vec<Requirement>, RenderError> {
    let metadata = &chart.metadata;
    let name = if metadata.api_version == "v1" { "requirements.lock" } else { "Chart.lock" };
    if let Some(text) = files.read(&folder.child(name))? {
        return Ok(lock::read(metadata, name, &text)?);
    }
    Ok(Requirement::of(metadata))
}

/// Adds the charts that are not in `charts`. What is still to be got is given back, so that the caller can ask for more
/// before it ends.
pub(super) fn add(context: &Context<'_>, path: &TreePath, chart: &mut Arc<Chart>) -> Result<Option<Need>, RenderError> {
    let brought: BTreeSet<String> = chart.dependencies.iter().map(|below| below.name().to_owned()).collect();
    let lacks = |name: &String, repository: &String| !brought.contains(name) && !repository.is_empty();
    if !chart.metadata.dependencies.iter().any(|one| lacks(&one.name, &one.repository)) {
        return Ok(None);
    }
    let charts = &context.inputs.chart_cache;
    let pass = context.source.helm.as_ref().and_then(|helm| helm.pass_credentials).unwrap_or(false);
    let mut lacking = None;
    let mut added = BTreeSet::new();
    for requirement in locked(chart, &context.files, path)? {
        if !lacks(&requirement.name, &requirement.repository) || !added.insert(requirement.clone()) {
            continue;
        }
        let unusable = |message| Place::file(&path.child("Chart.yaml")).is(Problem::Value(message));
        if let Some(folder) = requirement.folder() {
            let folder = path.join(folder).map_err(|error| unusable(error.to_string()))?;
            let below = charts.in_folder(&context.files, &folder)?;
            requirement.check(&below.metadata)?;
            Arc::make_mut(chart).dependencies.push(below);
        } else if let Some(need) = requirement.need(pass).map_err(unusable)? {
            match context.files.remotes().and_then(|remotes| remotes.ask(need.clone())) {
                Some(Answer::Chart { tree, .. }) => {
                    let below = charts.read(&**tree, &TreePath::root(), context.files.limits)?;
                    Arc::make_mut(chart).dependencies.push(below);
                }
                _ => lacking = Some(need),
            }
        }
    }
    Ok(lacking)
}
