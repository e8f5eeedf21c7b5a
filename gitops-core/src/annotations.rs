//! Every annotation and label key that the engine reads or writes.

/// Phases in which a resource runs as a hook (Argo CD, user guide, "Sync Phases and Waves").
pub const HOOK: &str = "argocd.argoproj.io/hook";
/// When a finished hook is deleted.
pub const HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// The sync wave: a decimal integer, 0 where absent.
pub const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Comma-separated sync options of one resource.
pub const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Comma-separated options of the comparison of one resource.
pub const COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";
/// Differences of one resource that do not count: `jsonPointers`, `jqPathExpressions` and `managedFieldsManagers` in YAML.
pub const IGNORE_DIFFERENCES: &str = "argocd.argoproj.io/ignore-differences";
/// Argo CD's tracking annotation: `<application>:<group>/<kind>:<namespace>/<name>`.
pub const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// Argo CD's tracking label (its default instance label): the application's name.
pub const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";
/// Argo CD's first tracking label, which some installations have kept.
pub const LEGACY_INSTANCE_LABEL: &str = "applications.argoproj.io/app-name";
/// Which of several installations over one cluster an object belongs to.
pub const INSTALLATION_ID: &str = "argocd.argoproj.io/installation-id";
/// Asks for a refresh of an Application: `normal` or `hard`.
pub const REFRESH: &str = "argocd.argoproj.io/refresh";
/// Asks for a look at an ApplicationSet, as Argo CD's webhooks do.
pub const APPLICATION_SET_REFRESH: &str = "argocd.argoproj.io/application-set-refresh";
/// Pauses the reconciliation of an Application.
pub const SKIP_RECONCILE: &str = "argocd.argoproj.io/skip-reconcile";
/// On an Application: the field manager whose client-side applied fields move to applied ones, in place of kubectl's.
pub const CLIENT_SIDE_APPLY_MIGRATION_MANAGER: &str = "argocd.argoproj.io/client-side-apply-migration-manager";
/// On an Application: when deletions that wait for it were confirmed, in RFC 3339.
pub const DELETION_APPROVED: &str = "argocd.argoproj.io/deletion-approved";
/// The finalizer that Argo CD puts on hooks.
pub const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";
/// Keeps an Application until the hooks before its deletion have run.
pub const PRE_DELETE_FINALIZER: &str = "pre-delete-finalizer.argocd.argoproj.io";
/// Keeps an Application until the hooks after its deletion have run.
pub const POST_DELETE_FINALIZER: &str = "post-delete-finalizer.argocd.argoproj.io";
/// Deletes an Application's resources with it, and leaves what they own to the cluster's garbage collector.
pub const BACKGROUND_FINALIZER: &str = "resources-finalizer.argocd.argoproj.io/background";
/// Deletes an Application's resources with it.
pub const RESOURCES_FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
/// Helm's hook events.
pub const HELM_HOOK: &str = "helm.sh/hook";
/// Helm's hook deletion policies.
pub const HELM_HOOK_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
/// Helm's hook weight, read as a wave where no wave is set.
pub const HELM_HOOK_WEIGHT: &str = "helm.sh/hook-weight";
/// Helm's resource policy; `keep` prevents deletion.
pub const HELM_RESOURCE_POLICY: &str = "helm.sh/resource-policy";
/// What `kubectl apply` last sent: a whole object, and so a secret on a Secret.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Identities that a resource waits for, comma-separated, as `group/Kind/namespace/name`.
pub const DEPENDS_ON: &str = "gitops.engine/depends-on";
/// On an Application: commits that are not deployed again, comma-separated full ids.
pub const QUARANTINE: &str = "gitops.engine/quarantine";
/// On an Application: `true` takes it over from a controller that works at it too.
pub const TAKE_OVER: &str = "gitops.engine/take-over";
/// On an ApplicationSet: how many of its Applications may be deleted at once, in the place of the usual budget.
pub const DELETION_BUDGET: &str = "gitops.engine/deletion-budget";
/// On a Lease: what it coordinates.
pub const COORDINATION: &str = "gitops.engine/coordination";
/// On the Lease of a replica: into how many shards it parts the Applications.
pub const SHARD_COUNT: &str = "gitops.engine/shards";
/// On an inventory record: which Application it belongs to.
pub const INVENTORY_OF: &str = "gitops.engine/inventory-of";
/// On a resource of a kustomization: `true` keeps its name as it is, without prefixes and suffixes.
pub const KEEP_NAME: &str = "gitops.engine/keep-name";
/// On a CustomResourceDefinition of a kustomization: with `true`, patches merge lists of its kind by the keys that its schema
/// gives them.
pub const MERGE_LISTS: &str = "gitops.engine/merge-lists";
/// On a kustomization with an `openapi`: with `true`, its schema adds to the built-in one, whose place it takes otherwise.
pub const MERGE_SCHEMAS: &str = "gitops.engine/merge-schemas";
/// On a workload in the embedded cluster: `fail` or `hang` makes its stand-in controller do so.
pub const SIMULATE: &str = "gitops.engine/simulate";
