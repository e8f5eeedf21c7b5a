use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::StreamExt as _;
use gitops_core::cluster::{
    Applied, Change, Cluster, ClusterError, ClusterInfo, CompleteListing, Delete, Deleted, Discovery, ErrorKind,
    Identity, Precondition, Propagation, Query, Subresource, Verb, WatchEvent, WatchStream, Write, scale_of,
};
use gitops_core::secret::Purpose;
use gitops_core::{GroupVersionKind, Object, ObjectId, ObjectRef, Reveal, SmolStr, Value};
use gitops_merge::schema::Kind;
use gitops_merge::server::{self as rules, Effect, FieldValidation, Operation, ServerError, Target};

use crate::error::OpenError;
use crate::failure::Failure;
use crate::open::{self, Inner};
use crate::options::{Controllers, Options};
use crate::server::selector::Selection;
use crate::server::{Deletion, Page, Removal, Request};
use crate::store::Key;
use crate::watch::{self, Event};

/// The Kubernetes version whose behaviour is followed.
pub(crate) const VERSION: &str = "v1.34.2";

/// An embedded cluster. Clones are the same cluster.
#[derive(Clone)]
pub struct EmbeddedCluster {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for EmbeddedCluster {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("EmbeddedCluster").field("uid", &self.inner.uid).finish_non_exhaustive()
    }
}

impl EmbeddedCluster {
    /// Opens the cluster in a directory. Where there is none it is made: the directory and its file `cluster.db` are
    /// readable by their owner alone. Other processes may have it open at the same time.
    ///
    /// # Errors
    /// [`OpenError`] where the directory cannot be written or its file is not an embedded cluster's.
    pub fn open(directory: &Path, options: &Options) -> Result<Self, OpenError> {
        Ok(Self { inner: Arc::new(open::open(directory, options)?) })
    }

    /// A new cluster in memory, which goes with its last clone.
    ///
    /// # Errors
    /// [`OpenError`] where it cannot be set up.
    pub fn in_memory(options: &Options) -> Result<Self, OpenError> {
        Ok(Self { inner: Arc::new(open::in_memory(options)?) })
    }

    /// Has controllers do everything that is due by now, on the cluster's clock. Returns how many steps were taken.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn advance(&self) -> Result<usize, ClusterError> {
        let now = self.inner.shared.options.clock.now();
        self.inner.run_until(now).await.map_err(|failure| worded(failure, None))
    }

    /// Has controllers do at once everything that they would do within this time, whatever the clock says. Returns how
    /// many steps were taken.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn settle(&self, within: Duration) -> Result<usize, ClusterError> {
        let now = self.inner.shared.options.clock.now();
        let moment = now.checked_add(within).unwrap_or(gitops_core::Timestamp::MAX);
        self.inner.run_until(moment).await.map_err(|failure| worded(failure, None))
    }

    fn notice(&self) -> String {
        match self.inner.shared.options.controllers {
            Controllers::Simulated => {
                "embedded cluster: no containers run, stand-ins for the workload controllers report workloads as ready"
            }
            Controllers::Off => "embedded cluster: no containers run, and workload controllers are switched off",
        }
        .to_owned()
    }
}

impl Cluster for EmbeddedCluster {
    fn info(&self) -> BoxFuture<'_, Result<ClusterInfo, ClusterError>> {
        let mut info = ClusterInfo::new(self.inner.uid.clone(), VERSION);
        info.notice = Some(self.notice());
        futures::future::ready(Ok(info)).boxed()
    }

    fn discover(&self) -> BoxFuture<'_, Result<Arc<Discovery>, ClusterError>> {
        let discovered = self.inner.read(|server| Ok(Arc::clone(&server.catalog.discovery)));
        async move { discovered.await.map_err(|failure| worded(failure, None)) }.boxed()
    }

    fn get<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Result<Option<Object>, ClusterError>> {
        let wanted = target.clone();
        let found = self.inner.read(move |server| {
            let ObjectId { kind, namespace, name, .. } = &wanted.id;
            let namespace = namespace.as_deref().unwrap_or_default();
            server.get(&wanted.gvk().api_version(), kind, namespace, name)
        });
        async move {
            let found = found.await.map_err(|failure| worded(failure, Some(&target.id)))?;
            found.map(object).transpose()
        }
        .boxed()
    }

    fn versions<'a>(&'a self, targets: &'a [ObjectRef]) -> BoxFuture<'a, Option<Vec<Option<SmolStr>>>> {
        let keys = targets.iter().map(|ObjectRef { id, .. }| {
            Key::new(&id.group, &id.kind, id.namespace.as_deref().unwrap_or_default(), &id.name)
        });
        let keys: Vec<Key> = keys.collect();
        let read = self.inner.read(move |server| {
            let versions = keys.iter().map(|key| server.session.version_of(key));
            versions.map(|version| Ok(version?.map(SmolStr::from))).collect()
        });
        async move { read.await.ok() }.boxed()
    }

    fn list<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<CompleteListing, ClusterError>> {
        let mut selection = Selection::of(query);
        let gvk = query.gvk.clone();
        let listed = self.inner.read(move |server| {
            let kind = server.catalog.kind(&gvk.api_version(), &gvk.kind)?;
            selection.fit(kind);
            server.list(kind, &selection, Page::default())
        });
        async move {
            let listing = listed.await.map_err(|failure| worded(failure, None))?;
            let objects = listing.objects.into_iter().map(object).collect::<Result<_, _>>()?;
            Ok(CompleteListing { objects, resource_version: listing.version.to_string() })
        }
        .boxed()
    }

    fn watch<'a>(&'a self, query: &'a Query, after: &'a str) -> BoxFuture<'a, Result<WatchStream, ClusterError>> {
        async move {
            let mut selection = Selection::of(query);
            let gvk = query.gvk.clone();
            let (kind, version) = self
                .inner
                .read(move |server| {
                    let kind = server.catalog.kind(&gvk.api_version(), &gvk.kind)?;
                    Ok((Arc::clone(kind), server.session.version()?))
                })
                .await
                .map_err(|failure| worded(failure, None))?;
            selection.fit(&kind);
            let after = match after {
                "" | "0" => version,
                after => after.parse().map_err(|_| bad_version(after))?,
            };
            let events = watch::watch(Arc::clone(&self.inner), kind, selection, after, None).await;
            let events = events.map_err(|failure| worded(failure, None))?;
            Ok(events.map(|event| told(event.map_err(|failure| worded(failure, None))?)).boxed())
        }
        .boxed()
    }

    fn write<'a>(&'a self, write: Write<'a>) -> BoxFuture<'a, Result<Applied, ClusterError>> {
        let id = write.object.id();
        let order = Order::of(&write);
        async move {
            let dry_run = order.dry_run;
            let work = move |server: &crate::server::Server<'_>| order.carry_out(server);
            let written = if dry_run { self.inner.read(work).await } else { self.inner.write(work).await };
            let written = written.map_err(|failure| worded(failure, Some(&id)))?;
            let change = match written.effect {
                Effect::Created => Change::Created,
                Effect::Unchanged => Change::Unchanged,
                Effect::Updated | Effect::Removed => Change::Configured,
            };
            Ok(Applied { object: object(written.object)?, change })
        }
        .boxed()
    }

    fn delete<'a>(&'a self, delete: Delete<'a>) -> BoxFuture<'a, Result<Deleted, ClusterError>> {
        let target = delete.target.clone();
        let id = target.id.clone();
        let (uid, dry_run) = (delete.uid.map(str::to_owned), delete.dry_run);
        let propagation = match delete.propagation {
            Propagation::Foreground => rules::Propagation::Foreground,
            Propagation::Background => rules::Propagation::Background,
            Propagation::Orphan => rules::Propagation::Orphan,
        };
        let removed = self.inner.write(move |server| {
            let gvk = target.gvk();
            server.delete(&Deletion {
                kind: server.catalog.kind(&gvk.api_version(), &gvk.kind)?,
                namespace: target.id.namespace.as_deref().unwrap_or_default(),
                name: &target.id.name,
                uid: uid.as_deref(),
                resource_version: None,
                propagation,
                dry_run,
            })
        });
        async move {
            match removed.await {
                Ok(Removal::Gone(_)) => Ok(Deleted::Gone),
                Ok(Removal::Pending(body)) => Ok(Deleted::Pending(Box::new(object(body)?))),
                Err(Failure::Refused(error)) if error.code == 404 => Ok(Deleted::Gone),
                Err(failure) => Err(worded(failure, Some(&id))),
            }
        }
        .boxed()
    }

    /// Everybody may do everything here.
    fn acting_as(&self, _: &Identity) -> Result<Arc<dyn Cluster>, ClusterError> {
        Ok(Arc::new(self.clone()))
    }
}

/// A write as it is handed to another thread.
struct Order {
    gvk: GroupVersionKind,
    namespace: String,
    name: String,
    body: Value,
    verb: Verb,
    manager: String,
    target: Target,
    dry_run: bool,
    precondition: Precondition,
}

impl Order {
    fn of(write: &Write<'_>) -> Self {
        Self {
            gvk: write.object.gvk(),
            namespace: write.object.namespace().unwrap_or_default().to_owned(),
            name: write.object.name().to_owned(),
            // The object goes into the cluster, whole.
            body: write.object.reveal(&Reveal::granted(Purpose::ClusterCall)),
            verb: write.verb,
            manager: write.manager.to_owned(),
            target: match write.subresource {
                None => Target::Object,
                Some(Subresource::Status) => Target::Status,
                Some(Subresource::Scale) => Target::Scale,
            },
            dry_run: write.dry_run,
            precondition: write.precondition.clone(),
        }
    }

    fn carry_out(mut self, server: &crate::server::Server<'_>) -> Result<crate::server::Written, Failure> {
        let kind = Arc::clone(server.catalog.kind(&self.gvk.api_version(), &self.gvk.kind)?);
        if let (Verb::Update, Precondition::Live { resource_version: Some(version), .. }) =
            (self.verb, &self.precondition)
            && let Some(metadata) = self.body.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.insert("resourceVersion".to_owned(), Value::from(version.as_str()));
        }
        if self.target == Target::Scale {
            self.body = scale_of(&self.body);
        }
        let operation = match (self.verb, &self.precondition) {
            (Verb::Apply { force }, _) => Operation::Apply { body: &self.body, force },
            (Verb::Create, _) | (_, Precondition::Absent) => Operation::Create(&self.body),
            (Verb::Update, _) => Operation::Update(&self.body),
            (Verb::MergePatch, _) => Operation::MergePatch(&self.body),
        };
        server.write(&Request {
            kind: &kind,
            namespace: namespace_of(&kind, &self.namespace),
            name: &self.name,
            operation,
            target: self.target,
            manager: &self.manager,
            field_validation: FieldValidation::Ignore,
            dry_run: self.dry_run,
            precondition: &self.precondition,
        })
    }
}

fn namespace_of<'a>(kind: &Kind, namespace: &'a str) -> &'a str {
    if kind.namespaced { namespace } else { "" }
}

fn told(event: Event) -> Result<WatchEvent, ClusterError> {
    Ok(match event {
        Event::Added(body) | Event::Modified(body) => WatchEvent::Changed(Arc::new(object(body)?)),
        Event::Deleted(body) => WatchEvent::Gone(Arc::new(object(body)?)),
        Event::Bookmark(version) => WatchEvent::Bookmark(version.to_string()),
    })
}

fn object(body: Value) -> Result<Object, ClusterError> {
    Object::from_value(body).map_err(|error| ClusterError::new(ErrorKind::Internal, error.to_string()))
}

fn bad_version(after: &str) -> ClusterError {
    ClusterError::new(ErrorKind::BadRequest, format!("`{after}` is not a resource version"))
}

/// A failure in the words of the seam. Where the object is a Secret, the server's words about values are left out.
fn worded(failure: Failure, target: Option<&ObjectId>) -> ClusterError {
    let unknown = matches!(failure, Failure::UnknownKind(_));
    let mut error = match failure {
        Failure::UnknownKind(kind) => {
            ClusterError::new(ErrorKind::UnknownKind, format!("the cluster does not serve the kind {kind}"))
        }
        other => refused(other.into_refusal(), target),
    };
    if let Some(target) = target.filter(|_| !unknown || error.target.is_none()) {
        error = error.about(target);
    }
    error
}

fn refused(error: ServerError, target: Option<&ObjectId>) -> ClusterError {
    let cause = |cause: rules::Cause| gitops_core::cluster::Cause {
        field: cause.field,
        reason: cause.reason.to_owned(),
        message: cause.message,
    };
    let causes = error.causes.into_iter().map(cause).collect();
    ClusterError::refused(error.code, error.reason, error.message, causes, target)
}
