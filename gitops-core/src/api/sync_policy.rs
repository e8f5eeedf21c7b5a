//! When and how an Application is synced.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::{leaf, schema};

schema! {
    /// When an Application is synced by itself, and with which options.
    pub struct SyncPolicy {
        /// Syncing without being asked; present, even empty, means on.
        pub automated: Option<AutomatedSync> => "automated",
        /// Options for every sync.
        pub sync_options: Option<SyncOptions> => "syncOptions",
        /// Repetition of syncs that failed.
        pub retry: Option<RetryStrategy> => "retry",
        /// Metadata of the namespace that `CreateNamespace=true` makes.
        pub managed_namespace_metadata: Option<ManagedNamespaceMetadata> => "managedNamespaceMetadata",
    }

    /// Syncing without being asked (`SyncPolicyAutomated`).
    pub struct AutomatedSync {
        /// Whether objects that left the source are deleted; not by default.
        pub prune: Option<bool> => "prune",
        /// Whether changes made in the cluster are undone; not by default.
        pub self_heal: Option<bool> => "selfHeal",
        /// Whether a sync that would leave nothing is carried out; not by default.
        pub allow_empty: Option<bool> => "allowEmpty",
        /// Whether any of this is in force; it is by default.
        pub enabled: Option<bool> => "enabled",
    }

    /// How often a sync that failed is repeated.
    pub struct RetryStrategy {
        /// Number of repetitions; 0 for none, negative for no end.
        pub limit: Option<i64> => "limit",
        /// The waits between them.
        pub backoff: Option<Backoff> => "backoff",
        /// Whether a repetition takes the newest revision rather than the one that failed.
        pub refresh: Option<bool> => "refresh",
    }

    /// Waits that grow from one repetition to the next.
    pub struct Backoff {
        /// First wait, such as `5s`; a bare number is seconds.
        pub duration: Option<String> => "duration",
        /// What each wait is multiplied by for the next.
        pub factor: Option<i64> => "factor",
        /// Longest wait.
        pub max_duration: Option<String> => "maxDuration",
    }

    /// Labels and annotations for a namespace.
    pub struct ManagedNamespaceMetadata {
        /// Labels.
        pub labels: Option<BTreeMap<String, String>> => "labels",
        /// Annotations.
        pub annotations: Option<BTreeMap<String, String>> => "annotations",
    }
}

impl SyncPolicy {
    /// Whether the Application is synced without being asked.
    pub fn is_automated(&self) -> bool {
        self.automated.as_ref().is_some_and(AutomatedSync::is_enabled)
    }
}

impl AutomatedSync {
    /// Whether it is in force: unless `enabled` is `false`.
    pub fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    /// Whether objects that left the source are deleted.
    pub fn prunes(&self) -> bool {
        self.prune.unwrap_or(false)
    }

    /// Whether changes made in the cluster are undone.
    pub fn heals(&self) -> bool {
        self.self_heal.unwrap_or(false)
    }

    /// Whether a sync that would leave nothing is carried out.
    pub fn allows_empty(&self) -> bool {
        self.allow_empty.unwrap_or(false)
    }
}

/// Options of a sync, each written `Name=value`, as in
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/>.
///
/// ```
/// use gitops_core::api::SyncOptions;
///
/// let options = SyncOptions::from_annotation("Prune=false, Replace=true");
/// assert!(options.has("Replace=true"));
/// assert_eq!(options.value("Prune"), Some("false"));
/// assert!(!options.is_true("CreateNamespace"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SyncOptions(pub Vec<String>);

impl SyncOptions {
    /// The options of an annotation's value, which are separated by commas.
    pub fn from_annotation(text: &str) -> Self {
        Self(text.split(',').map(str::trim).filter(|option| !option.is_empty()).map(str::to_owned).collect())
    }

    /// Whether an option is given, word for word, such as `CreateNamespace=true`.
    pub fn has(&self, option: &str) -> bool {
        self.0.iter().any(|one| one == option)
    }

    /// The value that is given first for the option of a name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether `name=true` is given.
    pub fn is_true(&self, name: &str) -> bool {
        self.contains(name, "true")
    }

    /// Whether `name=false` is given.
    pub fn is_false(&self, name: &str) -> bool {
        self.contains(name, "false")
    }

    /// The options as they were written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn contains(&self, name: &str, value: &str) -> bool {
        self.0.iter().any(|one| {
            one.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).is_some_and(|given| given == value)
        })
    }
}

impl<S: Into<String>> FromIterator<S> for SyncOptions {
    fn from_iter<I: IntoIterator<Item = S>>(options: I) -> Self {
        Self(options.into_iter().map(Into::into).collect())
    }
}

leaf!(SyncOptions);
