//! Where an Application's manifests come from.

use super::directory::DirectorySource;
use super::helm::HelmSource;
use super::kustomize::KustomizeSource;
use super::plugin::PluginSource;
use super::schema::schema;
use super::words::words;

schema! {
    /// One place manifests come from, and how they are made there (`ApplicationSource`).
    pub struct ApplicationSource {
        /// URL of the Git repository, chart repository or OCI registry.
        pub repo_url: String => "repoURL",
        /// Directory in the repository.
        pub path: Option<String> => "path",
        /// Branch, tag, commit or version range; for charts a version or a range.
        pub target_revision: Option<String> => "targetRevision",
        /// Options for a Helm chart.
        pub helm: Option<Box<HelmSource>> => "helm",
        /// Options for a Kustomization.
        pub kustomize: Option<Box<KustomizeSource>> => "kustomize",
        /// Options for a directory of plain manifests.
        pub directory: Option<Box<DirectorySource>> => "directory",
        /// Options for a configuration management plugin.
        pub plugin: Option<Box<PluginSource>> => "plugin",
        /// Name of the chart, where the repository is a chart repository.
        pub chart: Option<String> => "chart",
        /// Name under which the other sources' value files refer to this one, as in `$values/prod.yaml`.
        pub r#ref: Option<String> => "ref",
        /// Name of this source among several.
        pub name: Option<String> => "name",
        /// Prefix that is taken off tags before they are compared with a version range.
        pub tag_prefix: Option<String> => "tagPrefix",
    }
}

impl ApplicationSource {
    /// A source at the root of a repository, at its default branch.
    pub fn new(repo_url: impl Into<String>) -> Self {
        Self { repo_url: repo_url.into(), ..Self::default() }
    }

    /// The directory in the repository, where one is given that is not empty.
    pub fn path(&self) -> Option<&str> {
        filled(self.path.as_deref())
    }

    /// The revision asked for, where one is given that is not empty.
    pub fn target_revision(&self) -> Option<&str> {
        filled(self.target_revision.as_deref())
    }

    /// The name of the chart, where this source is one of a chart repository.
    pub fn chart(&self) -> Option<&str> {
        filled(self.chart.as_deref())
    }

    /// The name other sources' value files refer to this one by.
    pub fn reference(&self) -> Option<&str> {
        filled(self.r#ref.as_deref())
    }

    /// The kind of rendering the source names through its options, where it names just one. Argo CD
    /// (`ExplicitType`) refuses a source with options of several kinds, which is `Err` with those
    /// kinds here.
    pub fn explicit_type(&self) -> Result<Option<SourceType>, Vec<SourceType>> {
        let mut types = Vec::new();
        if self.kustomize.is_some() {
            types.push(SourceType::Kustomize);
        }
        if self.helm.is_some() {
            types.push(SourceType::Helm);
        }
        if self.directory.is_some() {
            types.push(SourceType::Directory);
        }
        if self.plugin.is_some() {
            types.push(SourceType::Plugin);
        }
        match types.len() {
            0 | 1 => Ok(types.pop()),
            _ => Err(types),
        }
    }
}

/// Argo CD does not tell an empty text from an absent one.
pub(crate) fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

words! {
    /// How a source is rendered (`ApplicationSourceType`).
    pub enum SourceType {
        /// A chart.
        Helm = "Helm",
        /// A Kustomization.
        Kustomize = "Kustomize",
        /// Plain manifests.
        Directory = "Directory",
        /// A configuration management plugin.
        Plugin = "Plugin",
    }
}
