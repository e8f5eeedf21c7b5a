//! Rendering into a branch that is deployed from: the source hydrator.

use super::directory::DirectorySource;
use super::helm::HelmSource;
use super::kustomize::KustomizeSource;
use super::meta::Time;
use super::plugin::PluginSource;
use super::schema::schema;
use super::source::{ApplicationSource, filled};
use super::words::words;

schema! {
    /// Where manifests are rendered from, where the result is written, and from where it is deployed.
    pub struct SourceHydrator {
        /// What is rendered.
        pub dry_source: DrySource => "drySource",
        /// What is deployed.
        pub sync_source: SyncSource => "syncSource",
        /// Branch that is written to where it is not the one deployed from.
        pub hydrate_to: Option<HydrateTo> => "hydrateTo",
    }

    /// A source to be rendered.
    pub struct DrySource {
        /// URL of the repository.
        pub repo_url: String => "repoURL",
        /// Revision to render.
        pub target_revision: String => "targetRevision",
        /// Directory in the repository.
        pub path: String => "path",
        /// Options for a Helm chart.
        pub helm: Option<Box<HelmSource>> => "helm",
        /// Options for a Kustomization.
        pub kustomize: Option<Box<KustomizeSource>> => "kustomize",
        /// Options for a directory of plain manifests.
        pub directory: Option<Box<DirectorySource>> => "directory",
        /// Options for a configuration management plugin.
        pub plugin: Option<Box<PluginSource>> => "plugin",
    }

    /// Where rendered manifests are deployed from.
    pub struct SyncSource {
        /// Branch with the rendered manifests.
        pub target_branch: String => "targetBranch",
        /// Directory with the rendered manifests; not the repository's root.
        pub path: String => "path",
        /// URL of the repository; the rendered source's where absent.
        pub repo_url: Option<String> => "repoURL",
    }

    /// A branch that rendered manifests wait on before they are promoted.
    pub struct HydrateTo {
        /// The branch.
        pub target_branch: String => "targetBranch",
    }

    /// What the hydrator did last (`SourceHydratorStatus`).
    pub struct SourceHydratorStatus {
        /// The last run that succeeded.
        pub last_successful_operation: Option<SuccessfulHydrateOperation> => "lastSuccessfulOperation",
        /// The last run, which may be under way.
        pub current_operation: Option<HydrateOperation> => "currentOperation",
        /// The last commit looked at.
        pub last_compared_dry_revision: Option<String> => "lastComparedDryRevision",
    }

    /// A run of the hydrator.
    pub struct HydrateOperation {
        /// When it began.
        pub started_at: Option<Time> => "startedAt",
        /// When it ended.
        pub finished_at: Option<Time> => "finishedAt",
        /// How far it is.
        pub phase: HydratePhase => "phase",
        /// What happened, for people.
        pub message: String => "message",
        /// Commit that was rendered.
        pub dry_sha: Option<String> => "drySHA",
        /// Commit that was written.
        pub hydrated_sha: Option<String> => "hydratedSHA",
        /// Configuration of the run.
        pub source_hydrator: Option<SourceHydrator> => "sourceHydrator",
    }

    /// A run of the hydrator that succeeded.
    pub struct SuccessfulHydrateOperation {
        /// Commit that was rendered.
        pub dry_sha: Option<String> => "drySHA",
        /// Commit that was written.
        pub hydrated_sha: Option<String> => "hydratedSHA",
        /// Configuration of the run.
        pub source_hydrator: Option<SourceHydrator> => "sourceHydrator",
    }
}

words! {
    /// Phase of a run of the hydrator.
    pub enum HydratePhase {
        /// Under way.
        Hydrating = "Hydrating",
        /// Ended with an error.
        Failed = "Failed",
        /// Done.
        Hydrated = "Hydrated",
    }
}

impl SourceHydrator {
    /// The source that is deployed.
    pub fn sync_source(&self) -> ApplicationSource {
        let mut source =
            ApplicationSource::new(filled(self.sync_source.repo_url.as_deref()).unwrap_or(&self.dry_source.repo_url));
        source.path = Some(self.sync_source.path.clone());
        source.target_revision = Some(self.sync_source.target_branch.clone());
        source
    }

    /// The source that is rendered.
    pub fn dry_source(&self) -> ApplicationSource {
        let dry = &self.dry_source;
        let mut source = ApplicationSource::new(dry.repo_url.as_str());
        source.path = Some(dry.path.clone());
        source.target_revision = Some(dry.target_revision.clone());
        source.helm.clone_from(&dry.helm);
        source.kustomize.clone_from(&dry.kustomize);
        source.directory.clone_from(&dry.directory);
        source.plugin.clone_from(&dry.plugin);
        source
    }
}
