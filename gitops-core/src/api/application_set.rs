//! `ApplicationSet`: Applications made from a template, once for each of what its generators find.

use super::application::ApplicationSpec;
use super::generator::ApplicationSetGenerator;
use super::meta::{IntOrString, ObjectMeta, Time};
use super::schema::schema;
use super::status::{HealthStatus, ResourceStatus};
use super::words::words;
use super::{API_VERSION, APPLICATION_SET_KIND};
use std::collections::BTreeMap;

schema! {
    /// An ApplicationSet, as `argoproj.io/v1alpha1` defines it.
    pub struct ApplicationSet {
        /// `argoproj.io/v1alpha1`.
        pub api_version: Option<String> => "apiVersion",
        /// `ApplicationSet`.
        pub kind: Option<String> => "kind",
        /// Name, labels, annotations and the rest that every object has.
        pub metadata: ObjectMeta => "metadata",
        /// What is wanted.
        pub spec: ApplicationSetSpec => "spec",
        /// What was seen.
        pub status: Option<ApplicationSetStatus> => "status",
    }

    /// What is wanted of an ApplicationSet.
    pub struct ApplicationSetSpec {
        /// Whether templates are Go templates, rather than plain `{{name}}` replacements.
        pub go_template: Option<bool> => "goTemplate",
        /// Where parameters come from.
        pub generators: Vec<ApplicationSetGenerator> => "generators",
        /// The Application to make.
        pub template: ApplicationSetTemplate => "template",
        /// What may be done to the Applications.
        pub sync_policy: Option<ApplicationSetSyncPolicy> => "syncPolicy",
        /// In which order they are changed and deleted.
        pub strategy: Option<ApplicationSetStrategy> => "strategy",
        /// What others wrote on the Applications and is left there.
        pub preserved_fields: Option<ApplicationPreservedFields> => "preservedFields",
        /// Options of the Go templates, such as `missingkey=error`.
        pub go_template_options: Option<Vec<String>> => "goTemplateOptions",
        /// Whether selectors of nested generators count; they always do by now.
        pub apply_nested_selectors: Option<bool> => "applyNestedSelectors",
        /// Fields of the Applications that are not compared.
        pub ignore_application_differences: Option<Vec<ApplicationSetIgnoreDifferences>> => "ignoreApplicationDifferences",
        /// Template of a patch in YAML that is merged onto each Application.
        pub template_patch: Option<String> => "templatePatch",
    }

    /// Template of an Application.
    pub struct ApplicationSetTemplate {
        /// Its metadata.
        pub metadata: ApplicationSetTemplateMeta => "metadata",
        /// Its spec.
        pub spec: ApplicationSpec => "spec",
    }

    /// Template of an Application's metadata.
    pub struct ApplicationSetTemplateMeta {
        /// Name.
        pub name: Option<String> => "name",
        /// Namespace.
        pub namespace: Option<String> => "namespace",
        /// Labels.
        pub labels: Option<BTreeMap<String, String>> => "labels",
        /// Annotations.
        pub annotations: Option<BTreeMap<String, String>> => "annotations",
        /// Finalizers.
        pub finalizers: Option<Vec<String>> => "finalizers",
    }

    /// What others wrote on the Applications and is left there.
    pub struct ApplicationPreservedFields {
        /// Annotations, by key.
        pub annotations: Option<Vec<String>> => "annotations",
        /// Labels, by key.
        pub labels: Option<Vec<String>> => "labels",
    }

    /// In which order Applications are changed and deleted.
    pub struct ApplicationSetStrategy {
        /// How they are changed.
        pub strategy_type: Option<ApplicationSetStrategyType> => "type",
        /// Steps, for `RollingSync`.
        pub rolling_sync: Option<ApplicationSetRolloutStrategy> => "rollingSync",
        /// How they are deleted: `AllAtOnce`, or `Reverse` to the steps.
        pub deletion_order: Option<ApplicationSetDeletionOrder> => "deletionOrder",
    }

    /// Steps, each of which waits until the Applications of the one before are healthy.
    pub struct ApplicationSetRolloutStrategy {
        /// The steps.
        pub steps: Option<Vec<ApplicationSetRolloutStep>> => "steps",
    }

    /// Applications that are changed together.
    pub struct ApplicationSetRolloutStep {
        /// What must hold of their labels.
        pub match_expressions: Option<Vec<ApplicationMatchExpression>> => "matchExpressions",
        /// How many at once, as a number or a percentage; all where absent.
        pub max_update: Option<IntOrString> => "maxUpdate",
    }

    /// What must hold of a label.
    pub struct ApplicationMatchExpression {
        /// The label.
        pub key: Option<String> => "key",
        /// `In` or `NotIn`.
        pub operator: Option<String> => "operator",
        /// Values.
        pub values: Option<Vec<String>> => "values",
    }

    /// What may be done to the Applications.
    pub struct ApplicationSetSyncPolicy {
        /// Whether their objects stay when they are deleted.
        pub preserve_resources_on_deletion: Option<bool> => "preserveResourcesOnDeletion",
        /// Which writes are made.
        pub applications_sync: Option<ApplicationsSyncPolicy> => "applicationsSync",
    }

    /// Fields of Applications that are not compared.
    pub struct ApplicationSetIgnoreDifferences {
        /// Name of the Application; all where absent.
        pub name: Option<String> => "name",
        /// Fields, as JSON pointers.
        pub json_pointers: Option<Vec<String>> => "jsonPointers",
        /// Fields, as jq path expressions.
        pub jq_path_expressions: Option<Vec<String>> => "jqPathExpressions",
    }

    /// What was seen of an ApplicationSet.
    pub struct ApplicationSetStatus {
        /// How it is.
        pub conditions: Option<Vec<ApplicationSetCondition>> => "conditions",
        /// How far each Application is in its step.
        pub application_status: Option<Vec<ApplicationSetApplicationStatus>> => "applicationStatus",
        /// Its Applications.
        pub resources: Option<Vec<ResourceStatus>> => "resources",
        /// Number of its Applications, of which `resources` may have only some.
        pub resources_count: Option<i64> => "resourcesCount",
        /// Whether it works.
        pub health: Option<HealthStatus> => "health",
    }

    /// One aspect of how an ApplicationSet is.
    pub struct ApplicationSetCondition {
        /// Which aspect.
        pub condition_type: ApplicationSetConditionType => "type",
        /// What happened, for people.
        pub message: String => "message",
        /// Since when.
        pub last_transition_time: Option<Time> => "lastTransitionTime",
        /// Whether it holds: `True`, `False` or `Unknown`.
        pub status: ConditionStatus => "status",
        /// Why, in one word.
        pub reason: String => "reason",
    }

    /// How far an Application is in its step.
    pub struct ApplicationSetApplicationStatus {
        /// Name of the Application.
        pub application: String => "application",
        /// When its status last changed.
        pub last_transition_time: Option<Time> => "lastTransitionTime",
        /// What happened, for people.
        pub message: String => "message",
        /// How far it is.
        pub status: ProgressiveSyncStatusCode => "status",
        /// Number of its step, counted from 1.
        pub step: String => "step",
        /// Revisions it is going to.
        pub target_revisions: Vec<String> => "targetRevisions",
    }
}

words! {
    /// How Applications of a set are changed.
    pub enum ApplicationSetStrategyType {
        /// All together.
        AllAtOnce = "AllAtOnce",
        /// In steps.
        RollingSync = "RollingSync",
    }

    /// How Applications of a set are deleted.
    pub enum ApplicationSetDeletionOrder {
        /// All together.
        AllAtOnce = "AllAtOnce",
        /// In steps, the last first.
        Reverse = "Reverse",
    }

    /// Which writes to Applications are made.
    pub enum ApplicationsSyncPolicy {
        /// Creating.
        CreateOnly = "create-only",
        /// Creating and changing.
        CreateUpdate = "create-update",
        /// Creating and deleting.
        CreateDelete = "create-delete",
        /// All.
        Sync = "sync",
    }

    /// Which aspect of an ApplicationSet a condition is about.
    pub enum ApplicationSetConditionType {
        /// Something went wrong.
        ErrorOccurred = "ErrorOccurred",
        /// The generators worked.
        ParametersGenerated = "ParametersGenerated",
        /// The Applications are as they should.
        ResourcesUpToDate = "ResourcesUpToDate",
        /// The steps are under way.
        RolloutProgressing = "RolloutProgressing",
        /// The steps cannot be used.
        InvalidRolloutConfig = "InvalidRolloutConfig",
    }

    /// Whether a condition holds.
    pub enum ConditionStatus {
        /// It does.
        True = "True",
        /// It does not.
        False = "False",
        /// It is not known.
        Unknown = "Unknown",
    }

    /// How far an Application is in its step.
    pub enum ProgressiveSyncStatusCode {
        /// An earlier step is under way.
        Waiting = "Waiting",
        /// Its turn has come.
        Pending = "Pending",
        /// It is synced, not yet healthy.
        Progressing = "Progressing",
        /// It is done.
        Healthy = "Healthy",
    }
}

impl ApplicationSet {
    /// An ApplicationSet with a name and a namespace and nothing else.
    pub fn new(name: impl Into<String>, namespace: Option<String>) -> Self {
        Self {
            api_version: Some(API_VERSION.to_owned()),
            kind: Some(APPLICATION_SET_KIND.to_owned()),
            metadata: ObjectMeta::new(name, namespace),
            ..Self::default()
        }
    }

    /// The name, or the empty string.
    pub fn name(&self) -> &str {
        self.metadata.name()
    }
}
