//! Syncs: as they are asked for, and how far they got.

use super::application::Info;
use super::meta::Time;
use super::schema::schema;
use super::source::ApplicationSource;
use super::sync_policy::{ManagedNamespaceMetadata, RetryStrategy, SyncOptions};
use super::words::words;

schema! {
    /// A request to do something with an Application.
    pub struct Operation {
        /// The sync asked for.
        pub sync: Option<SyncOperation> => "sync",
        /// Who asked.
        pub initiated_by: Option<OperationInitiator> => "initiatedBy",
        /// Facts for people.
        pub info: Option<Vec<Info>> => "info",
        /// Repetition where it fails.
        pub retry: Option<RetryStrategy> => "retry",
    }

    /// Who asked for an operation.
    pub struct OperationInitiator {
        /// Name of the user.
        pub username: Option<String> => "username",
        /// Whether nobody did: the Application's policy.
        pub automated: Option<bool> => "automated",
    }

    /// A sync that is asked for.
    pub struct SyncOperation {
        /// Revision to sync to; the Application's where absent.
        pub revision: Option<String> => "revision",
        /// Whether objects that left the source are deleted.
        pub prune: Option<bool> => "prune",
        /// Whether nothing is to be changed.
        pub dry_run: Option<bool> => "dryRun",
        /// How objects are written, and whether hooks run.
        pub sync_strategy: Option<SyncStrategy> => "syncStrategy",
        /// The only objects to sync; all where absent.
        pub resources: Option<Vec<SyncOperationResource>> => "resources",
        /// Source in place of the Application's, as a rollback has it.
        pub source: Option<ApplicationSource> => "source",
        /// Manifests in place of the source's.
        pub manifests: Option<Vec<String>> => "manifests",
        /// Options of this sync.
        pub sync_options: Option<SyncOptions> => "syncOptions",
        /// Sources in place of the Application's.
        pub sources: Option<Vec<ApplicationSource>> => "sources",
        /// Revisions, one for each source.
        pub revisions: Option<Vec<String>> => "revisions",
        /// How often self-heal tried before this.
        pub self_heal_attempts_count: Option<i64> => "autoHealAttemptsCount",
    }

    /// An object to sync.
    pub struct SyncOperationResource {
        /// API group.
        pub group: Option<String> => "group",
        /// Kind.
        pub kind: String => "kind",
        /// Name.
        pub name: String => "name",
        /// Namespace.
        pub namespace: Option<String> => "namespace",
    }

    /// How objects are written.
    pub struct SyncStrategy {
        /// Written without hooks.
        pub apply: Option<SyncStrategyApply> => "apply",
        /// Written with hooks; the default.
        pub hook: Option<SyncStrategyHook> => "hook",
    }

    /// Writing without hooks.
    pub struct SyncStrategyApply {
        /// Whether an object that cannot be changed is deleted and made anew.
        pub force: Option<bool> => "force",
    }

    /// Writing with hooks.
    pub struct SyncStrategyHook {
        /// Whether an object that cannot be changed is deleted and made anew.
        pub force: Option<bool> => "force",
    }

    /// How far an operation got.
    pub struct OperationState {
        /// What was asked for.
        pub operation: Operation => "operation",
        /// How far it is.
        pub phase: OperationPhase => "phase",
        /// What happened, for people.
        pub message: Option<String> => "message",
        /// What the sync did.
        pub sync_result: Option<SyncOperationResult> => "syncResult",
        /// When it began.
        pub started_at: Time => "startedAt",
        /// When it ended.
        pub finished_at: Option<Time> => "finishedAt",
        /// Number of repetitions.
        pub retry_count: Option<i64> => "retryCount",
    }

    /// What a sync did.
    pub struct SyncOperationResult {
        /// What became of each object.
        pub resources: Option<Vec<ResourceResult>> => "resources",
        /// Revision that was synced to; empty where there are several sources.
        pub revision: String => "revision",
        /// Source that was synced.
        pub source: Option<ApplicationSource> => "source",
        /// Sources that were synced.
        pub sources: Option<Vec<ApplicationSource>> => "sources",
        /// Revisions that were synced to, one for each source.
        pub revisions: Option<Vec<String>> => "revisions",
        /// Metadata of the namespace that was made.
        pub managed_namespace_metadata: Option<ManagedNamespaceMetadata> => "managedNamespaceMetadata",
    }

    /// What became of one object in a sync.
    pub struct ResourceResult {
        /// API group; empty for the core group.
        pub group: String => "group",
        /// API version without the group.
        pub version: String => "version",
        /// Kind.
        pub kind: String => "kind",
        /// Namespace; empty for cluster-scoped objects.
        pub namespace: String => "namespace",
        /// Name.
        pub name: String => "name",
        /// What was done.
        pub status: Option<ResultCode> => "status",
        /// What happened, for people.
        pub message: Option<String> => "message",
        /// Which hook it is, where it is one.
        pub hook_type: Option<HookType> => "hookType",
        /// How far it is; objects that are no hooks have it too.
        pub hook_phase: Option<OperationPhase> => "hookPhase",
        /// Part of the sync in which it was written.
        pub sync_phase: Option<SyncPhase> => "syncPhase",
        /// Images it names.
        pub images: Option<Vec<String>> => "images",
    }
}

words! {
    /// How far an operation or a hook is.
    pub enum OperationPhase {
        /// Under way.
        Running = "Running",
        /// Being stopped.
        Terminating = "Terminating",
        /// Ended: an object could not be written, or a hook failed.
        Failed = "Failed",
        /// Ended: something went wrong before or beside the objects.
        Error = "Error",
        /// Ended well.
        Succeeded = "Succeeded",
    }

    /// What was done with an object.
    pub enum ResultCode {
        /// Written.
        Synced = "Synced",
        /// Could not be written.
        SyncFailed = "SyncFailed",
        /// Deleted.
        Pruned = "Pruned",
        /// Left, though it is to go.
        PruneSkipped = "PruneSkipped",
    }

    /// When a hook runs.
    pub enum HookType {
        /// Before the objects are written.
        PreSync = "PreSync",
        /// With the objects.
        Sync = "Sync",
        /// After the objects are healthy.
        PostSync = "PostSync",
        /// Never: the object is left out.
        Skip = "Skip",
        /// After the sync failed.
        SyncFail = "SyncFail",
    }

    /// Part of a sync.
    pub enum SyncPhase {
        /// Before the objects are written.
        PreSync = "PreSync",
        /// The objects.
        Sync = "Sync",
        /// After the objects are healthy.
        PostSync = "PostSync",
        /// After the sync failed.
        SyncFail = "SyncFail",
    }
}

impl OperationPhase {
    /// Whether the operation ended.
    pub fn is_completed(&self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Succeeded)
    }
}
