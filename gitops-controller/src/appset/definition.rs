//! What an ApplicationSet says, as far as its Applications depend on it.

use gitops_core::Value;
use gitops_core::api::{
    API_VERSION, APPLICATION_KIND, APPLICATION_SET_KIND, ApplicationSet, ApplicationSetIgnoreDifferences,
    ApplicationsSyncPolicy, OwnerReference, ResourceIgnoreDifferences,
};
use serde_json::Map;
use thiserror::Error;

/// An ApplicationSet, its generators and template as they were written: both hold templates, so that they have types
/// only once these are filled in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its namespace, which is that of its Applications.
    pub namespace: String,
    /// Whether templates are Go's.
    pub go_template: bool,
    /// Options of Go's templates, such as `missingkey=error`.
    pub go_template_options: Vec<String>,
    /// Generators.
    pub generators: Vec<Value>,
    /// The template of its Applications.
    pub template: Value,
    /// Template of a patch that is merged onto each Application.
    pub template_patch: Option<String>,
    /// Whether deleting an Application leaves its objects, so that it gets no finalizer.
    pub preserve_resources: bool,
    /// Which writes of Applications are made.
    pub policy: ApplicationsSyncPolicy,
    /// Whether the set says that itself.
    pub has_policy: bool,
    /// Annotations that others write on the Applications and that are left there.
    pub preserved_annotations: Vec<String>,
    /// Labels that others write on the Applications and that are left there.
    pub preserved_labels: Vec<String>,
    /// Fields of Applications that others set and that are left as they are.
    pub ignored: Vec<ResourceIgnoreDifferences>,
    /// The set as the owner of its Applications; none where it is not an object of a cluster.
    pub owner: Option<OwnerReference>,
}

/// Why an object is not an ApplicationSet.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// It is another kind.
    #[error("not an ApplicationSet of `{API_VERSION}`")]
    Kind,
    /// A field has another form than it must have.
    #[error("{field}: expected {expected}")]
    Field {
        /// The field, from the root.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
}

impl Definition {
    /// What a typed set says. One without a namespace is in `namespace`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of(set: &ApplicationSet, namespace: &str) -> Result<Self, DefinitionError> {
        let value = serde_json::to_value(set).map_err(|_| DefinitionError::Kind)?;
        Self::read(&value, namespace)
    }

    /// Reads an object. One without a namespace is in `namespace`.
    ///
    /// # Errors
    /// Where it is no ApplicationSet.
    pub fn read(object: &Value, namespace: &str) -> Result<Self, DefinitionError> {
        let is = |field: &str, text: &str| object.get(field).and_then(Value::as_str) == Some(text);
        if !is("apiVersion", API_VERSION) || !is("kind", APPLICATION_SET_KIND) {
            return Err(DefinitionError::Kind);
        }
        let wrong = |field, expected| DefinitionError::Field { field, expected };
        let metadata = |field: &str| object.pointer(&format!("/metadata/{field}")).and_then(Value::as_str);
        let nothing = Map::new();
        let spec = match object.get("spec") {
            None | Some(Value::Null) => &nothing,
            Some(spec) => spec.as_object().ok_or_else(|| wrong("spec", "a mapping"))?,
        };
        let given = |field: &str| spec.get(field).filter(|value| !value.is_null());
        let generators = match given("generators") {
            None => Vec::new(),
            Some(list) => list.as_array().cloned().ok_or_else(|| wrong("spec.generators", "a list"))?,
        };
        let options = given("goTemplateOptions").and_then(Value::as_array).into_iter().flatten();
        let go_template_options = options
            .map(|option| option.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| wrong("spec.goTemplateOptions", "texts"))?;
        let truth = |value: Option<&Value>, field| match value {
            None | Some(Value::Null) => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| wrong(field, "true or false")),
        };
        let texts = |pointer: &str| -> Vec<String> {
            let list = object.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let policy = object.pointer("/spec/syncPolicy/applicationsSync").filter(|policy| !policy.is_null());
        let policy = policy.map(|policy| serde_json::from_value(policy.clone())).transpose();
        let policy: Option<ApplicationsSyncPolicy> =
            policy.map_err(|_| wrong("spec.syncPolicy.applicationsSync", "a word"))?;
        let ignored =
            given("ignoreApplicationDifferences").map(|rules| serde_json::from_value(rules.clone())).transpose();
        let ignored: Option<Vec<ApplicationSetIgnoreDifferences>> =
            ignored.map_err(|_| wrong("spec.ignoreApplicationDifferences", "a list of rules"))?;
        let preserve = object.pointer("/spec/syncPolicy/preserveResourcesOnDeletion");
        let has_policy = policy.is_some();
        Ok(Self {
            name: metadata("name").unwrap_or_default().into(),
            namespace: metadata("namespace").filter(|text| !text.is_empty()).unwrap_or(namespace).into(),
            go_template: truth(given("goTemplate"), "spec.goTemplate")?,
            go_template_options,
            generators,
            template: given("template").cloned().unwrap_or_default(),
            template_patch: given("templatePatch").and_then(Value::as_str).map(str::to_owned),
            preserve_resources: truth(preserve, "spec.syncPolicy.preserveResourcesOnDeletion")?,
            policy: policy.unwrap_or(ApplicationsSyncPolicy::Sync),
            has_policy,
            preserved_annotations: texts("/spec/preservedFields/annotations"),
            preserved_labels: texts("/spec/preservedFields/labels"),
            ignored: ignored.into_iter().flatten().map(rule).collect(),
            owner: metadata("uid").map(|uid| owner(metadata("name").unwrap_or_default(), uid)),
        })
    }
}

/// What is ignored of Applications, as a rule of objects.
fn rule(of: ApplicationSetIgnoreDifferences) -> ResourceIgnoreDifferences {
    let mut rule = ResourceIgnoreDifferences::default();
    rule.group = API_VERSION.split_once('/').map(|(group, _)| group.to_owned());
    rule.kind = APPLICATION_KIND.to_owned();
    rule.name = of.name;
    rule.json_pointers = of.json_pointers;
    rule.jq_path_expressions = of.jq_path_expressions;
    rule
}

/// The set as an owner, as Kubernetes' controllers write it: the one that manages the object, and that waits for its end.
fn owner(name: &str, uid: &str) -> OwnerReference {
    let mut owner = OwnerReference::default();
    owner.api_version = API_VERSION.to_owned();
    owner.kind = APPLICATION_SET_KIND.to_owned();
    owner.name = name.to_owned();
    owner.uid = uid.to_owned();
    owner.controller = Some(true);
    owner.block_owner_deletion = Some(true);
    owner
}
