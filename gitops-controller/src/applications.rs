//! Applications as objects of the cluster: read, written and deleted like any other.

use gitops_core::annotations::{
    DELETION_APPROVED, POST_DELETE_FINALIZER, PRE_DELETE_FINALIZER, QUARANTINE, REFRESH, RESOURCES_FINALIZER,
};
use gitops_core::api::{API_VERSION, APPLICATION_KIND, Application, ApplicationStatus, OperationState, Time};
use gitops_core::cluster::{
    Cluster, ClusterError, Delete, ErrorKind, Precondition, Propagation, Query, Subresource, Verb, Write,
};
use gitops_core::{GroupVersionKind, Object, ObjectError, ObjectId, ObjectRef, Timestamp, Value};
use serde::Deserialize as _;
use serde_json::json;
use thiserror::Error;

use crate::{FIELD_MANAGER, merge_patch};

/// Owns the note on quarantined commits, which is not part of a definition: defining an Application again leaves it.
const QUARANTINE_MANAGER: &str = "gitops-quarantine";

/// Owns the note that deletions were confirmed, likewise.
const CONFIRMATION_MANAGER: &str = "gitops-confirmation";

/// Why Applications cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApplicationError {
    /// There is no Application of this name.
    #[error("no application `{name}` in namespace `{namespace}`")]
    NotFound {
        /// The name.
        name: String,
        /// The namespace.
        namespace: String,
    },
    /// The cluster failed.
    #[error("application `{name}`: the cluster refused the call")]
    Cluster {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: ClusterError,
    },
    /// The stored object is not an Application.
    #[error("application `{name}` is not valid")]
    Schema {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The Application is not an object.
    #[error("application `{name}` is not an object")]
    Object {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: ObjectError,
    },
}

/// What an Application's definition would come to.
#[derive(Debug)]
pub struct Defined {
    /// The Application as the cluster would hold it.
    pub application: Application,
    /// Whether the cluster holds it so, and nothing is to be written.
    pub held: bool,
}

/// Applications of a cluster.
pub struct Applications<'a> {
    cluster: &'a dyn Cluster,
}

impl<'a> Applications<'a> {
    /// The Applications that this cluster keeps.
    pub fn of(cluster: &'a dyn Cluster) -> Self {
        Self { cluster }
    }

    /// One Application.
    ///
    /// # Errors
    /// Where it is absent, the cluster fails, or it is not an Application.
    pub async fn get(&self, namespace: &str, name: &str) -> Result<Application, ApplicationError> {
        let object = self.cluster.get(&reference(namespace, name)).await.map_err(|source| failed(name, source))?;
        let absent = || ApplicationError::NotFound { name: name.into(), namespace: namespace.into() };
        typed(&object.ok_or_else(absent)?)
    }

    /// All Applications of a namespace, or of all, by namespace and name.
    ///
    /// # Errors
    /// Where the cluster fails or one is not an Application.
    pub async fn list(&self, namespace: Option<&str>) -> Result<Vec<Application>, ApplicationError> {
        let mut query = Query::all(gvk());
        query.namespace = namespace.map(Into::into);
        let listing = self.cluster.list(&query).await.map_err(|source| failed("*", source))?;
        let mut applications = listing.objects.iter().map(typed).collect::<Result<Vec<_>, _>>()?;
        applications.sort_by(|a, b| {
            (a.metadata.namespace(), a.metadata.name()).cmp(&(b.metadata.namespace(), b.metadata.name()))
        });
        Ok(applications)
    }

    /// Writes what is wanted of an Application: its spec, labels, annotations and finalizers, not its status.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub async fn apply(&self, application: &Application) -> Result<Application, ApplicationError> {
        let object = definition(application)?;
        if let Some(same) = self.same(&object).await? {
            return Ok(same);
        }
        self.write(application.name(), Write::new(&object, Verb::Apply { force: true }, FIELD_MANAGER)).await
    }

    /// What [`Applications::apply`] would give, without writing anything.
    ///
    /// # Errors
    /// Where the cluster would refuse it.
    pub async fn preview(&self, application: &Application) -> Result<Defined, ApplicationError> {
        match self.held(application).await? {
            Some(application) => Ok(Defined { application, held: true }),
            None => self.rehearse(application).await,
        }
    }

    /// The Application of the cluster, where it says what a definition says.
    ///
    /// # Errors
    /// Where the cluster fails.
    pub(crate) async fn held(&self, application: &Application) -> Result<Option<Application>, ApplicationError> {
        self.same(&definition(application)?).await
    }

    /// What a definition would come to that the cluster does not hold.
    ///
    /// # Errors
    /// Where the cluster would refuse it.
    pub(crate) async fn rehearse(&self, application: &Application) -> Result<Defined, ApplicationError> {
        let object = definition(application)?;
        let write = Write::new(&object, Verb::Apply { force: true }, FIELD_MANAGER);
        Ok(Defined { application: self.write(application.name(), write.dry_run()).await?, held: false })
    }

    /// The Application of the cluster, where it says what a definition says. An API server takes long over the status of many
    /// resources that hangs on every write of it, and less over a read.
    async fn same(&self, definition: &Object) -> Result<Option<Application>, ApplicationError> {
        let name = definition.name();
        let live = self.cluster.get(&definition.reference()).await;
        let Some(live) = live.map_err(|source| failed(name, source))? else { return Ok(None) };
        let parts = [&["spec"][..], &["metadata", "labels"], &["metadata", "annotations"], &["metadata", "finalizers"]];
        let same = parts.iter().all(|part| live.get(part) == definition.get(part));
        if same { typed(&live).map(Some) } else { Ok(None) }
    }

    /// Notes the commits of an Application that are not deployed.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub async fn set_quarantine(
        &self,
        application: &Application,
        commits: &[String],
    ) -> Result<Application, ApplicationError> {
        self.annotate(application, QUARANTINE, &commits.join(","), QUARANTINE_MANAGER).await
    }

    /// Confirms the deletions of an Application that wait for it, as `argocd app confirm-deletion` does.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub async fn confirm_deletion(
        &self,
        application: &Application,
        now: Timestamp,
    ) -> Result<Application, ApplicationError> {
        let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.annotate(application, DELETION_APPROVED, &time, CONFIRMATION_MANAGER).await
    }

    /// Asks for a refresh of an Application.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub(crate) async fn request_refresh(&self, application: &Application) -> Result<(), ApplicationError> {
        self.annotate(application, REFRESH, "normal", FIELD_MANAGER).await.map(drop)
    }

    /// Writes an annotation that is not part of a definition.
    async fn annotate(
        &self,
        application: &Application,
        key: &str,
        value: &str,
        manager: &str,
    ) -> Result<Application, ApplicationError> {
        self.patch(application, json!({"metadata": {"annotations": {key: value}}}), manager).await
    }

    /// Writes what is new in the status of an Application since it was read. A refresh that it asked for then is answered by
    /// that, and its request is taken off with the same write, as Argo CD does: who waits for the one has the other.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub async fn set_status(
        &self,
        application: &Application,
        before: Option<&ApplicationStatus>,
    ) -> Result<Application, ApplicationError> {
        self.patch(application, status_change(application, before)?, FIELD_MANAGER).await
    }

    /// As [`Applications::set_status`], for who reads no more of the answer than the resource version.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn say_status(
        &self,
        application: &Application,
        before: Option<&ApplicationStatus>,
    ) -> Result<String, ApplicationError> {
        self.patch_briefly(application, status_change(application, before)?).await
    }

    /// Says that an Application was found as it was found before, with its sources at these commits or versions, where that is new or
    /// somebody asked for it; whether anything was written.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub(crate) async fn confirm(
        &self,
        application: &Application,
        revisions: &[String],
        now: Timestamp,
    ) -> Result<bool, ApplicationError> {
        let sync = application.status.as_ref().and_then(|status| status.sync.as_ref());
        let several = application.spec.has_multiple_sources();
        let known = sync.is_some_and(|sync| match several {
            true => sync.revisions.as_deref() == Some(revisions),
            false => sync.revision.as_ref() == revisions.first(),
        });
        if known && application.metadata.annotation(REFRESH).is_none() {
            return Ok(false);
        }
        let at = if several { json!({"revisions": revisions}) } else { json!({"revision": revisions.first()}) };
        let mut patch = json!({"status": {"reconciledAt": Time(now), "sync": at}});
        answer_refresh(application, &mut patch);
        self.patch_briefly(application, patch).await.map(|_| true)
    }

    /// Writes what is new in the conditions of an Application since it was read, and nothing else of it.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub(crate) async fn set_conditions(&self, application: &Application) -> Result<(), ApplicationError> {
        let conditions = application.status.as_ref().and_then(|status| status.conditions.as_ref());
        self.patch(application, json!({"status": {"conditions": conditions}}), FIELD_MANAGER).await.map(drop)
    }

    /// Puts finalizers in the place of those that an Application was read with. Where it has changed meanwhile it is left: it is
    /// looked at again for that.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub(crate) async fn set_finalizers(
        &self,
        application: &Application,
        finalizers: &[String],
    ) -> Result<(), ApplicationError> {
        let version = &application.metadata.resource_version;
        let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": version}});
        match self.patch(application, patch, FIELD_MANAGER).await {
            Err(ApplicationError::Cluster { source, .. }) if source.kind == ErrorKind::Conflict => Ok(()),
            written => written.map(drop),
        }
    }

    /// Takes an operation off an Application, and notes that it was begun.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub async fn take_operation(
        &self,
        application: &Application,
        begun: &OperationState,
    ) -> Result<Application, ApplicationError> {
        let state = operation_change(application, begun)?;
        let patch = json!({"operation": null, "status": {"operationState": state}});
        self.patch(application, patch, FIELD_MANAGER).await
    }

    /// Notes that an operation was begun that nobody asked for.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub(crate) async fn note_operation(
        &self,
        application: &Application,
        begun: &OperationState,
    ) -> Result<Application, ApplicationError> {
        let state = operation_change(application, begun)?;
        let patch = json!({"status": {"operationState": state}});
        self.patch(application, patch, FIELD_MANAGER).await
    }

    /// Writes a part of an Application.
    async fn patch(
        &self,
        application: &Application,
        patch: Value,
        manager: &str,
    ) -> Result<Application, ApplicationError> {
        let object = part(application, patch)?;
        self.write(application.name(), Write::new(&object, Verb::MergePatch, manager)).await
    }

    /// The same; the resource version with what was written.
    async fn patch_briefly(&self, application: &Application, patch: Value) -> Result<String, ApplicationError> {
        let object = part(application, patch)?;
        let write = Write::new(&object, Verb::MergePatch, FIELD_MANAGER).briefly();
        let written = self.cluster.write(write).await.map_err(|source| failed(application.name(), source))?.object;
        Ok(written.resource_version().unwrap_or_default().to_owned())
    }

    /// Deletes an Application's record, not what it deployed. Argo CD's finalizers, which keep it until what it deployed is gone,
    /// are taken away first.
    ///
    /// # Errors
    /// Where the cluster refuses it.
    pub async fn delete(&self, application: &Application) -> Result<(), ApplicationError> {
        let name = application.name();
        let finalizers = application.metadata.finalizers.as_deref().unwrap_or_default();
        let (argo_cd, others): (Vec<&String>, Vec<&String>) = finalizers.iter().partition(|one| is_argo_cds(one));
        if !argo_cd.is_empty() {
            let patch = json!({"metadata": {"finalizers": others}});
            match self.patch(application, patch, FIELD_MANAGER).await {
                Err(ApplicationError::Cluster { source, .. }) if source.kind == ErrorKind::NotFound => return Ok(()),
                written => drop(written?),
            }
        }
        let target = reference(application.metadata.namespace().unwrap_or_default(), name);
        let uid = application.metadata.uid.as_deref().unwrap_or_default();
        let mut delete = Delete::new(&target, uid);
        // It owns nothing that would have to go first.
        delete.propagation = Propagation::Background;
        match self.cluster.delete(delete).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(source) => Err(failed(name, source)),
        }
    }

    async fn write(&self, name: &str, write: Write<'_>) -> Result<Application, ApplicationError> {
        debug_assert!(write.subresource != Some(Subresource::Scale) && write.precondition == Precondition::None);
        let mut written = self.cluster.write(write).await.map_err(|source| failed(name, source))?.object;
        // Most of the answer is who owns which field, which is no matter here.
        drop(written.take_managed_fields());
        typed(&written)
    }
}

/// Whether a finalizer is one by which Argo CD deletes what an Application deployed, or runs its hooks.
fn is_argo_cds(finalizer: &str) -> bool {
    const OWN: [&str; 3] = [RESOURCES_FINALIZER, PRE_DELETE_FINALIZER, POST_DELETE_FINALIZER];
    OWN.iter().any(|own| finalizer.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// A part of an Application, with its identity.
fn part(application: &Application, mut patch: Value) -> Result<Object, ApplicationError> {
    patch["apiVersion"] = API_VERSION.into();
    patch["kind"] = APPLICATION_KIND.into();
    patch["metadata"]["name"] = application.name().into();
    patch["metadata"]["namespace"] = application.metadata.namespace().into();
    to_object(application.name(), patch)
}

/// How a status changes.
fn status_change(application: &Application, before: Option<&ApplicationStatus>) -> Result<Value, ApplicationError> {
    let value = |status| serde_json::to_value(status).map_err(|source| schema(application.name(), source));
    let changes = merge_patch::between(&value(before)?, &value(application.status.as_ref())?);
    // Argo CD's definition of the kind has no status subresource, so the status is written with the object.
    let mut patch = json!({"status": changes});
    answer_refresh(application, &mut patch);
    Ok(patch)
}

/// Takes off the request for a refresh, where there is one.
fn answer_refresh(application: &Application, patch: &mut Value) {
    if application.metadata.annotation(REFRESH).is_some() {
        patch["metadata"] = json!({"annotations": {REFRESH: null}});
    }
}

/// How the state of an operation changes when another one begins.
fn operation_change(application: &Application, begun: &OperationState) -> Result<Value, ApplicationError> {
    let value = |state| serde_json::to_value(state).map_err(|source| schema(application.name(), source));
    let before = application.status.as_ref().and_then(|status| status.operation_state.as_deref());
    Ok(merge_patch::between(&value(before)?, &value(Some(begun))?))
}

/// What is wanted of an Application: neither its status nor what the server adds.
fn definition(application: &Application) -> Result<Object, ApplicationError> {
    let mut application = application.clone();
    application.status = None;
    application.operation = None;
    let metadata = &mut application.metadata;
    metadata.uid = None;
    metadata.resource_version = None;
    metadata.generation = None;
    metadata.creation_timestamp = None;
    metadata.managed_fields = None;
    as_object(&application)
}

fn gvk() -> GroupVersionKind {
    GroupVersionKind::from_api_version(API_VERSION, APPLICATION_KIND)
}

pub(crate) fn reference(namespace: &str, name: &str) -> ObjectRef {
    let gvk = gvk();
    ObjectId::new(gvk.group, gvk.kind, Some(namespace), name).at_version(gvk.version)
}

fn typed(object: &Object) -> Result<Application, ApplicationError> {
    Application::deserialize(object.body()).map_err(|source| schema(object.name(), source))
}

fn as_object(application: &Application) -> Result<Object, ApplicationError> {
    let value = serde_json::to_value(application).map_err(|source| schema(application.name(), source))?;
    to_object(application.name(), value)
}

fn to_object(name: &str, value: Value) -> Result<Object, ApplicationError> {
    Object::from_value(value).map_err(|source| ApplicationError::Object { name: name.into(), source })
}

fn failed(name: &str, source: ClusterError) -> ApplicationError {
    ApplicationError::Cluster { name: name.into(), source }
}

fn schema(name: &str, source: serde_json::Error) -> ApplicationError {
    ApplicationError::Schema { name: name.into(), source }
}
