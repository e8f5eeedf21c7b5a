//! What was seen of an Application.

use super::application::{ApplicationDestination, ResourceIgnoreDifferences};
use super::hydrator::SourceHydratorStatus;
use super::meta::Time;
use super::operation::{OperationInitiator, OperationState};
use super::schema::schema;
use super::source::{ApplicationSource, SourceType};
use super::words::words;
use crate::{ObjectId, ObjectRef};

schema! {
    /// What was seen of an Application.
    pub struct ApplicationStatus {
        /// Its objects.
        pub resources: Option<Vec<ResourceStatus>> => "resources",
        /// Whether the cluster is as the source says.
        pub sync: Option<SyncStatus> => "sync",
        /// Whether it works.
        pub health: Option<ApplicationHealth> => "health",
        /// Past syncs, the oldest first.
        pub history: Option<Vec<RevisionHistory>> => "history",
        /// What is wrong.
        pub conditions: Option<Vec<ApplicationCondition>> => "conditions",
        /// When it was last compared.
        pub reconciled_at: Option<Time> => "reconciledAt",
        /// The operation under way, or the last one.
        pub operation_state: Option<Box<OperationState>> => "operationState",
        /// When it was last seen; no longer written.
        pub observed_at: Option<Time> => "observedAt",
        /// How the one source is rendered.
        pub source_type: Option<SourceType> => "sourceType",
        /// What it comes to.
        pub summary: Option<ApplicationSummary> => "summary",
        /// Where the objects' health is kept: `appTree` where it is not in `resources`.
        pub resource_health_source: Option<ResourceHealthLocation> => "resourceHealthSource",
        /// How the sources are rendered, one for each.
        pub source_types: Option<Vec<SourceType>> => "sourceTypes",
        /// Namespace of the controller in charge.
        pub controller_namespace: Option<String> => "controllerNamespace",
        /// What the hydrator did.
        pub source_hydrator: Option<Box<SourceHydratorStatus>> => "sourceHydrator",
    }

    /// Whether the cluster is as the source says, and which source.
    pub struct SyncStatus {
        /// The verdict.
        pub status: SyncStatusCode => "status",
        /// What was compared.
        pub compared_to: Option<Box<ComparedTo>> => "comparedTo",
        /// Revision of the source.
        pub revision: Option<String> => "revision",
        /// Revisions, one for each source.
        pub revisions: Option<Vec<String>> => "revisions",
    }

    /// The parts of an Application that a comparison depends on.
    pub struct ComparedTo {
        /// The source.
        pub source: Option<ApplicationSource> => "source",
        /// The destination.
        pub destination: ApplicationDestination => "destination",
        /// The sources.
        pub sources: Option<Vec<ApplicationSource>> => "sources",
        /// Fields that are not compared.
        pub ignore_differences: Option<Vec<ResourceIgnoreDifferences>> => "ignoreDifferences",
    }

    /// Whether an Application works (`AppHealthStatus`).
    pub struct ApplicationHealth {
        /// The verdict.
        pub status: Option<HealthStatusCode> => "status",
        /// The reason, in old versions.
        pub message: Option<String> => "message",
        /// When the verdict last changed.
        pub last_transition_time: Option<Time> => "lastTransitionTime",
    }

    /// Whether an object works.
    pub struct HealthStatus {
        /// The verdict.
        pub status: Option<HealthStatusCode> => "status",
        /// The reason.
        pub message: Option<String> => "message",
        /// When the verdict last changed.
        pub last_transition_time: Option<Time> => "lastTransitionTime",
    }

    /// An object of an Application.
    pub struct ResourceStatus {
        /// API group.
        pub group: Option<String> => "group",
        /// API version without the group.
        pub version: Option<String> => "version",
        /// Kind.
        pub kind: Option<String> => "kind",
        /// Namespace.
        pub namespace: Option<String> => "namespace",
        /// Name.
        pub name: Option<String> => "name",
        /// Whether it is as the source says.
        pub status: Option<SyncStatusCode> => "status",
        /// Whether it works.
        pub health: Option<HealthStatus> => "health",
        /// Whether it is a hook.
        pub hook: Option<bool> => "hook",
        /// Whether it left the source.
        pub requires_pruning: Option<bool> => "requiresPruning",
        /// Its wave.
        pub sync_wave: Option<i64> => "syncWave",
        /// Whether its deletion waits for somebody's word.
        pub requires_deletion_confirmation: Option<bool> => "requiresDeletionConfirmation",
    }

    /// A past sync.
    pub struct RevisionHistory {
        /// Revision that was synced to.
        pub revision: Option<String> => "revision",
        /// When the sync ended.
        pub deployed_at: Time => "deployedAt",
        /// Number of the sync, counted from 0.
        pub id: i64 => "id",
        /// Source that was synced.
        pub source: Option<ApplicationSource> => "source",
        /// When the sync began.
        pub deploy_started_at: Option<Time> => "deployStartedAt",
        /// Sources that were synced.
        pub sources: Option<Vec<ApplicationSource>> => "sources",
        /// Revisions that were synced to, one for each source.
        pub revisions: Option<Vec<String>> => "revisions",
        /// Who asked for it.
        pub initiated_by: Option<OperationInitiator> => "initiatedBy",
    }

    /// Something that is wrong with an Application.
    pub struct ApplicationCondition {
        /// What sort of thing.
        pub condition_type: ApplicationConditionType => "type",
        /// What it is, for people.
        pub message: String => "message",
        /// Since when.
        pub last_transition_time: Option<Time> => "lastTransitionTime",
    }

    /// What an Application comes to.
    pub struct ApplicationSummary {
        /// Where it can be reached.
        pub external_urls: Option<Vec<String>> => "externalURLs",
        /// Images it runs.
        pub images: Option<Vec<String>> => "images",
        /// Whether it has Applications among its objects.
        pub is_app_of_apps: Option<bool> => "isAppOfApps",
    }
}

words! {
    /// Whether the cluster is as the source says.
    pub enum SyncStatusCode {
        /// Could not be found out.
        Unknown = "Unknown",
        /// It is.
        Synced = "Synced",
        /// It is not.
        OutOfSync = "OutOfSync",
    }

    /// Whether something works.
    pub enum HealthStatusCode {
        /// Could not be found out.
        Unknown = "Unknown",
        /// Not yet.
        Progressing = "Progressing",
        /// It does.
        Healthy = "Healthy",
        /// It is paused.
        Suspended = "Suspended",
        /// It does not.
        Degraded = "Degraded",
        /// It is not in the cluster.
        Missing = "Missing",
    }

    /// What sort of thing is wrong with an Application.
    pub enum ApplicationConditionType {
        /// It could not be deleted.
        DeletionError = "DeletionError",
        /// Its spec cannot be used.
        InvalidSpecError = "InvalidSpecError",
        /// It could not be compared.
        ComparisonError = "ComparisonError",
        /// It could not be synced by itself.
        SyncError = "SyncError",
        /// Something else went wrong.
        UnknownError = "UnknownError",
        /// Another Application has one of its objects too.
        SharedResourceWarning = "SharedResourceWarning",
        /// Its source has an object more than once.
        RepeatedResourceWarning = "RepeatedResourceWarning",
        /// Its source has objects that are set aside.
        ExcludedResourceWarning = "ExcludedResourceWarning",
        /// Its namespace has objects that no Application has.
        OrphanedResourceWarning = "OrphanedResourceWarning",
    }

    /// Where the objects' health is kept.
    pub enum ResourceHealthLocation {
        /// In the tree that the API serves.
        AppTree = "appTree",
    }
}

impl ResourceStatus {
    /// Whether it is a hook: nothing says so of what is none.
    pub fn is_hook(&self) -> bool {
        self.hook == Some(true)
    }

    /// The object that it is of, in the version that is given where it names none; none where it does not say which that is.
    pub fn reference(&self, version: Option<&str>) -> Option<ObjectRef> {
        let group = self.group.as_deref().unwrap_or_default();
        let namespace = self.namespace.as_deref().filter(|namespace| !namespace.is_empty());
        let id = ObjectId::new(group, self.kind.as_deref()?, namespace, self.name.as_deref()?);
        Some(id.at_version(self.version.as_deref().or(version)?))
    }
}

impl ApplicationConditionType {
    /// Whether it is an error rather than a warning: its word ends in `Error`, as Argo CD has it.
    pub fn is_error(&self) -> bool {
        self.as_str().ends_with("Error")
    }
}
