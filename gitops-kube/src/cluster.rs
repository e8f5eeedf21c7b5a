use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt as _};
use futures::try_join;
use gitops_core::cluster::{
    ApiResource, Applied, Change, Cluster, ClusterError, ClusterInfo, CompleteListing, Delete, Deleted, Discovery,
    ErrorKind, Identity, Query, Subresource, WatchStream, Write,
};
use gitops_core::{GroupVersionKind, Object, ObjectId, ObjectRef, Value};
use tokio::sync::OnceCell;

use crate::call::{Call, Caller, about};
use crate::connection::{ConnectError, Connection};
use crate::counts::{CallKind, Counts};
use crate::discovery::Known;
use crate::list::{self, Extent};
use crate::path::Address;
use crate::transport;
use crate::{watch, write};

/// A Kubernetes cluster. Clones are the same cluster, and share connections and counts.
#[derive(Clone)]
pub struct KubeCluster {
    pub(crate) caller: Caller,
    pub(crate) known: Arc<Known>,
    info: Arc<OnceCell<ClusterInfo>>,
    seen: Arc<Seen>,
    address: Arc<str>,
}

/// The resource versions that objects were last seen in, by UID: an answer in the same version changed nothing.
#[derive(Default)]
struct Seen(Mutex<HashMap<Box<str>, Box<str>>>);

/// So many are remembered; then it begins anew, and a write that changes nothing may be told as one that does.
const REMEMBERED: usize = 100_000;

impl fmt::Debug for KubeCluster {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KubeCluster").field("address", &self.address).finish_non_exhaustive()
    }
}

impl KubeCluster {
    /// A cluster that is called as a connection says. Nothing is called yet.
    ///
    /// # Errors
    /// Where no client can be made of the configuration.
    pub fn connect(connection: &Connection) -> Result<Self, ConnectError> {
        let address = connection.address().to_string().into();
        let client = transport::client(connection.config.clone());
        let client = client.map_err(|error| ConnectError::Client(Box::new(error)))?;
        Ok(Self {
            caller: Caller::new(client, connection),
            known: Arc::default(),
            info: Arc::default(),
            seen: Arc::default(),
            address,
        })
    }

    /// How many calls were made.
    pub fn counts(&self) -> &Counts {
        &self.caller.counts
    }

    pub(crate) async fn resource(
        &self,
        gvk: &GroupVersionKind,
        target: Option<&ObjectId>,
    ) -> Result<ApiResource, ClusterError> {
        self.known.kind(gvk, &self.caller).await.map_err(|error| match error.kind {
            ErrorKind::UnknownKind => about(error, target),
            _ => error,
        })
    }

    async fn read_info(&self) -> Result<ClusterInfo, ClusterError> {
        let system = ObjectId::new("", "Namespace", None, "kube-system").at_version("v1");
        let version = self.caller.call(Call::get(CallKind::Discover, Address::at("/version"), None));
        let (version, system) = try_join!(version, self.read(&system))?;
        let version = version.value(None)?.get("gitVersion").and_then(Value::as_str).unwrap_or_default().to_owned();
        let uid = system.and_then(|system| system.uid().map(str::to_owned));
        let missing = || ClusterError::new(ErrorKind::Internal, "the cluster has no namespace `kube-system`");
        Ok(ClusterInfo::new(uid.ok_or_else(missing)?, version))
    }

    async fn read(&self, target: &ObjectRef) -> Result<Option<Object>, ClusterError> {
        let id = &target.id;
        let resource = self.resource(&target.gvk(), Some(id)).await?;
        let address = Address::of_one(&resource, id.namespace.as_deref(), &id.name).map_err(|error| error.about(id))?;
        match self.caller.call(Call::get(CallKind::Get, address, Some(id))).await {
            Ok(answer) => {
                let object = answer.object(id).await?;
                self.seen.note(&object);
                Ok(Some(object))
            }
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn carry_out(&self, write: Write<'_>) -> Result<Applied, ClusterError> {
        let id = write.object.id();
        let resource = self.resource(&write.object.gvk(), Some(&id)).await?;
        let call = write::call(&write, &resource, &id).map_err(|error| error.about(&id))?;
        let answer = self.caller.call(call).await.map_err(|error| write::worded(error, &write.precondition))?;
        let code = answer.code;
        let object = match write.subresource {
            // The answer is the Scale.
            Some(Subresource::Scale) => {
                let live = self.read(&write.object.reference()).await?;
                live.ok_or_else(|| ClusterError::new(ErrorKind::NotFound, "it is gone").about(&id))?
            }
            _ if write::is_brief(&write) => answer.identity(&write.object.reference())?,
            _ => answer.object(&id).await?,
        };
        let change = match code {
            201 => Change::Created,
            // A dry run moves no version, whatever it would change.
            _ if write.dry_run => Change::Configured,
            _ if self.seen.holds(&object) => Change::Unchanged,
            _ => Change::Configured,
        };
        if !write.dry_run {
            self.seen.note(&object);
        }
        Ok(Applied { object, change })
    }

    async fn remove(&self, delete: Delete<'_>) -> Result<Deleted, ClusterError> {
        let id = &delete.target.id;
        let resource = self.resource(&delete.target.gvk(), Some(id)).await?;
        let call = write::delete(&delete, &resource).map_err(|error| error.about(id))?;
        match self.caller.call(call).await {
            Ok(answer) => {
                let value = answer.value(Some(id))?;
                // A `Status`, or the last state of an object that is gone already.
                if value.pointer("/metadata/deletionTimestamp").is_none() {
                    return Ok(Deleted::Gone);
                }
                Ok(Deleted::Pending(Box::new(answer.object(id).await?)))
            }
            Err(error) if error.kind == ErrorKind::NotFound => Ok(Deleted::Gone),
            Err(error) => Err(error),
        }
    }

    /// The objects of a query, as much of them as is wanted.
    pub(crate) async fn list_of(&self, query: &Query, extent: Extent) -> Result<CompleteListing, ClusterError> {
        let resource = self.resource(&query.gvk, None).await?;
        let listing = list::list(&self.caller, &resource, query, extent).await?;
        listing.objects.iter().for_each(|object| self.seen.note(object));
        Ok(listing)
    }

    /// What happens to the objects of a query after a state, with as much of them as is wanted.
    pub(crate) async fn watch_of(
        &self,
        query: &Query,
        after: &str,
        extent: Extent,
    ) -> Result<WatchStream, ClusterError> {
        let resource = self.resource(&query.gvk, None).await?;
        watch::watch(self.caller.clone(), resource, query.clone(), after, extent).await
    }
}

impl Cluster for KubeCluster {
    fn info(&self) -> BoxFuture<'_, Result<ClusterInfo, ClusterError>> {
        async { self.info.get_or_try_init(|| self.read_info()).await.cloned() }.boxed()
    }

    fn discover(&self) -> BoxFuture<'_, Result<Arc<Discovery>, ClusterError>> {
        self.known.look(&self.caller).boxed()
    }

    fn get<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Result<Option<Object>, ClusterError>> {
        self.read(target).boxed()
    }

    fn list<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<CompleteListing, ClusterError>> {
        self.list_of(query, Extent::Whole).boxed()
    }

    fn watch<'a>(&'a self, query: &'a Query, after: &'a str) -> BoxFuture<'a, Result<WatchStream, ClusterError>> {
        self.watch_of(query, after, Extent::Whole).boxed()
    }

    fn write<'a>(&'a self, write: Write<'a>) -> BoxFuture<'a, Result<Applied, ClusterError>> {
        self.carry_out(write).boxed()
    }

    fn delete<'a>(&'a self, delete: Delete<'a>) -> BoxFuture<'a, Result<Deleted, ClusterError>> {
        self.remove(delete).boxed()
    }

    fn acting_as(&self, identity: &Identity) -> Result<Arc<dyn Cluster>, ClusterError> {
        Ok(Arc::new(Self { caller: self.caller.acting_as(identity.clone()), ..self.clone() }))
    }
}

impl Seen {
    fn note(&self, object: &Object) {
        let (Some(uid), Some(version)) = (object.uid(), object.resource_version()) else { return };
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= REMEMBERED {
            held.clear();
        }
        held.insert(uid.into(), version.into());
    }

    fn holds(&self, object: &Object) -> bool {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        object.uid().and_then(|uid| held.get(uid)).map(AsRef::as_ref) == object.resource_version()
    }
}
