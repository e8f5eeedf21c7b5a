//! From a template and parameters to an Application.

use std::sync::LazyLock;

use gitops_core::Value as Json;
use gitops_core::api::{API_VERSION, APPLICATION_KIND, Application, Schema as _};
use gitops_merge::schema::{Definitions, Schema};
use gitops_merge::strategic;
use gitops_yaml::Limits;
use serde_json::{Map as JsonMap, json};

use super::definition::Definition;
use super::expansion::ElementError;
use super::parameters::Parameters;
use super::template::{Missing, Renderer};

/// The finalizer by which deleting an Application deletes its objects.
const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
/// What the template of an Application may say of its metadata.
const METADATA: [&str; 5] = ["name", "namespace", "labels", "annotations", "finalizers"];

/// Makes Applications of one template.
pub(super) struct Maker<'m> {
    set: &'m Definition,
    renderer: &'m Renderer,
    template: Json,
}

impl<'m> Maker<'m> {
    pub(super) fn new(set: &'m Definition, renderer: &'m Renderer, template: &Json) -> Self {
        let metadata: JsonMap<String, Json> = METADATA
            .into_iter()
            .filter_map(|field| Some((field.to_owned(), template.get("metadata")?.get(field)?.clone())))
            .collect();
        let spec = template.get("spec").filter(|spec| !spec.is_null()).cloned().unwrap_or_else(|| json!({}));
        Self { set, renderer, template: json!({ "metadata": metadata, "spec": spec }) }
    }

    /// The Application of one set of parameters. Without any parameter the template is taken as it is.
    pub(super) fn make(&self, parameters: &Parameters) -> Result<Application, ElementError> {
        let mut application = if parameters.is_empty() {
            typed(self.template.clone()).map_err(ElementError::Application)?
        } else {
            let filled = self.renderer.value(&self.template, parameters)?;
            let mut application = typed(filled).map_err(ElementError::Application)?;
            let has_finalizer = application.metadata.finalizers.as_ref().is_some_and(|all| !all.is_empty());
            if !self.set.preserve_resources && !has_finalizer {
                application.metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
            }
            application
        };
        if let Some(patch) = &self.set.template_patch {
            let patch = self.renderer.text(patch, parameters, Missing::AsAsked)?;
            application = patched(&application, &patch)?;
        }
        application.metadata.namespace = Some(self.set.namespace.clone()).filter(|text| !text.is_empty());
        Ok(application)
    }
}

/// A value as an Application, with what Argo CD's types make of it: absent structures are there and empty, unknown fields
/// are gone.
fn typed(mut value: Json) -> Result<Application, String> {
    let fields = value.as_object_mut().ok_or("expected a mapping")?;
    fields.insert("apiVersion".into(), json!(API_VERSION));
    fields.insert("kind".into(), json!(APPLICATION_KIND));
    fill(fields, "metadata", json!({}));
    fill(fields, "spec", json!({}));
    if let Some(spec) = fields.get_mut("spec").and_then(Json::as_object_mut) {
        fill(spec, "destination", json!({}));
        fill(spec, "project", json!(""));
        let one = spec.get_mut("source").and_then(Json::as_object_mut);
        one.into_iter().for_each(complete_source);
        let several = spec.get_mut("sources").and_then(Json::as_array_mut).into_iter().flatten();
        several.filter_map(Json::as_object_mut).for_each(complete_source);
    }
    fields.remove("status");
    let mut application: Application = serde_path_to_error::deserialize(&value).map_err(|error| error.to_string())?;
    application.settle();
    Ok(application)
}

fn complete_source(source: &mut JsonMap<String, Json>) {
    fill(source, "repoURL", json!(""));
    if let Some(directory) = source.get_mut("directory").and_then(Json::as_object_mut) {
        fill(directory, "jsonnet", json!({}));
    }
}

fn fill(fields: &mut JsonMap<String, Json>, name: &str, empty: Json) {
    let field = fields.entry(name).or_insert(Json::Null);
    if field.is_null() {
        *field = empty;
    }
}

/// An Application with a patch merged onto it. Its project stays, whatever the patch says.
fn patched(application: &Application, patch: &str) -> Result<Application, ElementError> {
    let patch = if patch.trim_start().starts_with('{') {
        serde_json::from_str(patch).map_err(|error| ElementError::PatchYaml(error.to_string()))?
    } else {
        gitops_yaml::read_first(patch.as_bytes(), &Limits::default()).map_err(ElementError::PatchYaml)?
    };
    if patch.is_null() {
        return Ok(application.clone());
    }
    if !patch.is_object() {
        return Err(ElementError::Patch("expected a mapping".into()));
    }
    let wrong = |error: &dyn std::error::Error| ElementError::Patch(error.to_string());
    let value = serde_json::to_value(application).map_err(|error| wrong(&error))?;
    let merged = match kinds().and_then(|kinds| kinds.get(API_VERSION, APPLICATION_KIND)) {
        Some((schema, type_id)) => strategic::merge(schema, Some(type_id), &value, &patch),
        None => strategic::merge(&Schema::default(), None, &value, &patch),
    };
    let merged = merged.map_err(|error| wrong(&error))?;
    let mut result = typed(merged).map_err(ElementError::Patch)?;
    result.spec.project.clone_from(&application.spec.project);
    Ok(result)
}

/// What a patch has to know of the types of an Application: which lists it adds to, as the tags of Kubernetes'
/// `ObjectMeta` say. All others are replaced.
fn kinds() -> Option<&'static Definitions> {
    static KINDS: LazyLock<Option<Definitions>> = LazyLock::new(|| {
        let (group, version) = API_VERSION.split_once('/')?;
        let finalizers = json!({
            "type": "array", "items": { "type": "string" }, "x-kubernetes-patch-strategy": "merge",
        });
        let owners = json!({
            "type": "array", "items": { "type": "object", "additionalProperties": {} },
            "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "uid",
        });
        let metadata = json!({
            "type": "object", "properties": { "finalizers": finalizers, "ownerReferences": owners },
        });
        let application = json!({
            "type": "object",
            "properties": { "metadata": metadata },
            "x-kubernetes-group-version-kind": [{ "group": group, "version": version, "kind": APPLICATION_KIND }],
        });
        Definitions::read(&json!({ "definitions": { APPLICATION_KIND: application } }), None).ok()
    });
    KINDS.as_ref()
}
