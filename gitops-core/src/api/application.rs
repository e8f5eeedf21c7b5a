//! `Application`: what is to run where, and what came of it.

use std::borrow::Cow;

use super::hydrator::SourceHydrator;
use super::meta::ObjectMeta;
use super::operation::Operation;
use super::schema::schema;
use super::source::{ApplicationSource, filled};
use super::status::ApplicationStatus;
use super::sync_policy::{AutomatedSync, SyncOptions, SyncPolicy};
use super::{API_VERSION, APPLICATION_KIND};

schema! {
    /// An Application, as `argoproj.io/v1alpha1` defines it.
    pub struct Application {
        /// `argoproj.io/v1alpha1`.
        pub api_version: Option<String> => "apiVersion",
        /// `Application`.
        pub kind: Option<String> => "kind",
        /// Name, labels, annotations and the rest that every object has.
        pub metadata: ObjectMeta => "metadata",
        /// What is wanted.
        pub spec: ApplicationSpec => "spec",
        /// What was seen.
        pub status: Option<ApplicationStatus> => "status",
        /// A request that is taken up at once and then cleared.
        pub operation: Option<Box<Operation>> => "operation",
    }

    /// What is wanted of an Application.
    pub struct ApplicationSpec {
        /// The one source, where there is one.
        pub source: Option<ApplicationSource> => "source",
        /// Where it runs.
        pub destination: ApplicationDestination => "destination",
        /// Project whose limits hold; empty means `default`.
        pub project: String => "project",
        /// When and how it is synced.
        pub sync_policy: Option<SyncPolicy> => "syncPolicy",
        /// Fields that are not compared.
        pub ignore_differences: Option<Vec<ResourceIgnoreDifferences>> => "ignoreDifferences",
        /// Facts for people, such as links.
        pub info: Option<Vec<Info>> => "info",
        /// Number of past syncs to remember; 10 where absent.
        pub revision_history_limit: Option<i64> => "revisionHistoryLimit",
        /// The sources, where there are several; they take the place of `source`.
        pub sources: Option<Vec<ApplicationSource>> => "sources",
        /// Rendering into a branch; takes the place of `source` and `sources`.
        pub source_hydrator: Option<Box<SourceHydrator>> => "sourceHydrator",
    }

    /// A cluster, by address or by name, and a namespace in it.
    pub struct ApplicationDestination {
        /// URL of the cluster's API; a pattern in a project.
        pub server: Option<String> => "server",
        /// Namespace for objects that name none.
        pub namespace: Option<String> => "namespace",
        /// Name of the cluster, in place of its URL.
        pub name: Option<String> => "name",
    }

    /// Fields that are not compared in objects of a kind.
    pub struct ResourceIgnoreDifferences {
        /// API group, possibly a pattern.
        pub group: Option<String> => "group",
        /// Kind, possibly a pattern.
        pub kind: String => "kind",
        /// Name; all where absent.
        pub name: Option<String> => "name",
        /// Namespace; all where absent.
        pub namespace: Option<String> => "namespace",
        /// Fields, as JSON pointers.
        pub json_pointers: Option<Vec<String>> => "jsonPointers",
        /// Fields, as jq path expressions.
        pub jq_path_expressions: Option<Vec<String>> => "jqPathExpressions",
        /// Field managers whose fields are trusted to be as they should.
        pub managed_fields_managers: Option<Vec<String>> => "managedFieldsManagers",
    }

    /// A fact for people.
    pub struct Info {
        /// Name.
        pub name: String => "name",
        /// Text, often a link.
        pub value: String => "value",
    }
}

/// Number of past syncs that are remembered where an Application says nothing.
pub const DEFAULT_REVISION_HISTORY_LIMIT: i64 = 10;

impl Application {
    /// An Application with a name and a namespace and nothing else.
    pub fn new(name: impl Into<String>, namespace: Option<String>) -> Self {
        Self {
            api_version: Some(API_VERSION.to_owned()),
            kind: Some(APPLICATION_KIND.to_owned()),
            metadata: ObjectMeta::new(name, namespace),
            ..Self::default()
        }
    }

    /// The name, or the empty string.
    pub fn name(&self) -> &str {
        self.metadata.name()
    }

    /// All sources in one list; see [`ApplicationSpec::sources`].
    pub fn sources(&self) -> Cow<'_, [ApplicationSource]> {
        self.spec.sources()
    }

    /// The options for every sync, which may be none.
    pub fn sync_options(&self) -> Cow<'_, SyncOptions> {
        match &self.spec.sync_policy {
            Some(SyncPolicy { sync_options: Some(options), .. }) => Cow::Borrowed(options),
            _ => Cow::Owned(SyncOptions::default()),
        }
    }

    /// The settings for syncing without being asked, where that is in force.
    pub fn automated(&self) -> Option<&AutomatedSync> {
        self.spec.sync_policy.as_ref()?.automated.as_ref().filter(|automated| automated.is_enabled())
    }
}

impl ApplicationSpec {
    /// All sources in one list, in Argo CD's order of precedence: what the hydrator deploys, else
    /// `sources` where it is not empty, else `source`. Empty where nothing is given.
    pub fn sources(&self) -> Cow<'_, [ApplicationSource]> {
        if let Some(hydrator) = &self.source_hydrator {
            return Cow::Owned(vec![hydrator.sync_source()]);
        }
        match (&self.sources, &self.source) {
            (Some(sources), _) if !sources.is_empty() => Cow::Borrowed(sources),
            (_, Some(source)) => Cow::Borrowed(std::slice::from_ref(source)),
            _ => Cow::Borrowed(&[]),
        }
    }

    /// Whether `sources` counts rather than `source`.
    pub fn has_multiple_sources(&self) -> bool {
        self.source_hydrator.is_none() && self.sources.as_ref().is_some_and(|all| !all.is_empty())
    }

    /// The project's name; `default` where the field is empty.
    pub fn project(&self) -> &str {
        filled(Some(&self.project)).unwrap_or("default")
    }

    /// Number of past syncs to remember.
    pub fn revision_history_limit(&self) -> i64 {
        self.revision_history_limit.unwrap_or(DEFAULT_REVISION_HISTORY_LIMIT)
    }
}

impl ApplicationDestination {
    /// The URL of the cluster's API, where one is given that is not empty.
    pub fn server(&self) -> Option<&str> {
        filled(self.server.as_deref())
    }

    /// The cluster's name, where one is given that is not empty.
    pub fn name(&self) -> Option<&str> {
        filled(self.name.as_deref())
    }

    /// The namespace, where one is given that is not empty.
    pub fn namespace(&self) -> Option<&str> {
        filled(self.namespace.as_deref())
    }
}
