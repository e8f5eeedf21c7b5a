//! The seam to a cluster: reads, writes with preconditions, listings that say that they are complete, watches.
//!
//! The embedded cluster and the Kubernetes client both stand behind [`Cluster`] and pass one suite.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::{GroupKind, GroupVersionKind, Object, ObjectRef, SmolStr};

mod error;
mod identity;
mod scale;
mod version;

pub use error::{Cause, ClusterError, ErrorKind, Trouble};
pub use identity::Identity;
pub use scale::scale_of;
pub use version::{may_be_later, version_order};

/// A cluster of objects. All calls are safe to repeat except [`Cluster::write`] with [`Verb::Create`].
pub trait Cluster: Send + Sync {
    /// What cluster this is.
    fn info(&self) -> BoxFuture<'_, Result<ClusterInfo, ClusterError>>;

    /// The kinds that it serves.
    fn discover(&self) -> BoxFuture<'_, Result<Arc<Discovery>, ClusterError>>;

    /// One object; `None` where it is absent.
    fn get<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Result<Option<Object>, ClusterError>>;

    /// All objects that a query names, or an error: never a part of them.
    fn list<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<CompleteListing, ClusterError>>;

    /// Changes after a listing, in order. The stream ends with an error where it cannot go on, and is then to be
    /// started again from a new listing.
    fn watch<'a>(&'a self, query: &'a Query, after: &'a str) -> BoxFuture<'a, Result<WatchStream, ClusterError>>;

    /// Creates or changes one object.
    fn write<'a>(&'a self, write: Write<'a>) -> BoxFuture<'a, Result<Applied, ClusterError>>;

    /// Deletes one object.
    fn delete<'a>(&'a self, delete: Delete<'a>) -> BoxFuture<'a, Result<Deleted, ClusterError>>;

    /// The resource versions of objects where they are at hand, so that no server is asked: one for each target, none for what is
    /// absent. Nothing at all where one of them would have to be asked for.
    fn versions<'a>(&'a self, _targets: &'a [ObjectRef]) -> BoxFuture<'a, Option<Vec<Option<SmolStr>>>> {
        Box::pin(std::future::ready(None))
    }

    /// The same cluster, called for somebody else: it checks that the caller may impersonate them, and then what they may do.
    ///
    /// # Errors
    /// Where the backend knows one caller only.
    fn acting_as(&self, identity: &Identity) -> Result<Arc<dyn Cluster>, ClusterError> {
        let message = format!("this cluster cannot be called as `{}`", identity.user());
        Err(ClusterError::new(ErrorKind::BadRequest, message))
    }
}

/// Changes to the objects of a query.
pub type WatchStream = BoxStream<'static, Result<WatchEvent, ClusterError>>;

/// What cluster it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClusterInfo {
    /// What tells it from every other cluster: the UID of its `kube-system` namespace.
    pub uid: String,
    /// Its Kubernetes version, such as `v1.34.2`.
    pub version: String,
    /// What a person should know, such as that workloads are simulated; empty for a real cluster.
    pub notice: Option<String>,
}

impl ClusterInfo {
    /// A cluster with this UID and version.
    pub fn new(uid: impl Into<String>, version: impl Into<String>) -> Self {
        Self { uid: uid.into(), version: version.into(), notice: None }
    }
}

/// One kind that a cluster serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiResource {
    /// Group, version and kind.
    pub gvk: GroupVersionKind,
    /// The plural name in URLs, such as `deployments`.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Its subresources, such as `status` and `scale`.
    pub subresources: Vec<String>,
}

/// The kinds that a cluster serves; of a kind in several versions, the preferred one comes first.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    resources: BTreeMap<GroupKind, Vec<ApiResource>>,
    names: OnceLock<Arc<[String]>>,
}

impl Discovery {
    /// The kinds of this list, each group and kind's preferred version first.
    pub fn new(resources: impl IntoIterator<Item = ApiResource>) -> Self {
        let mut discovery = Self::default();
        for resource in resources {
            discovery.resources.entry(resource.gvk.group_kind()).or_default().push(resource);
        }
        discovery
    }

    /// The preferred version of a kind.
    pub fn kind(&self, kind: &GroupKind) -> Option<&ApiResource> {
        self.resources.get(kind)?.first()
    }

    /// A kind in one version.
    pub fn version(&self, gvk: &GroupVersionKind) -> Option<&ApiResource> {
        self.resources.get(&gvk.group_kind())?.iter().find(|resource| resource.gvk == *gvk)
    }

    /// Every kind in its preferred version.
    pub fn iter(&self) -> impl Iterator<Item = &ApiResource> {
        self.resources.values().filter_map(|versions| versions.first())
    }

    /// Every kind in every version.
    pub fn all(&self) -> impl Iterator<Item = &ApiResource> {
        self.resources.values().flatten()
    }

    /// What charts can ask for, as Argo CD tells them: each group and version, and these with each kind.
    pub fn names(&self) -> Arc<[String]> {
        let make = || {
            let mut names = BTreeSet::new();
            for resource in self.all() {
                let full = resource.gvk.to_string();
                names.extend(full.rsplit_once('/').map(|(version, _)| version.to_owned()));
                names.insert(full);
            }
            names.into_iter().collect()
        };
        Arc::clone(self.names.get_or_init(make))
    }
}

/// Which objects: a kind, everywhere or in one namespace, all or those with labels or of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// The kind and version.
    pub gvk: GroupVersionKind,
    /// One namespace, or all.
    pub namespace: Option<String>,
    /// Labels that the objects must have.
    pub labels: BTreeMap<String, String>,
    /// The name that the objects must have.
    pub name: Option<String>,
}

impl Query {
    /// All objects of a kind.
    pub fn all(gvk: GroupVersionKind) -> Self {
        Self { gvk, namespace: None, labels: BTreeMap::new(), name: None }
    }

    /// The same in one namespace only.
    #[must_use]
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The same with a label only.
    #[must_use]
    pub fn with_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// The same of one name only.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// All objects of a query at one moment. Only a backend that saw the end of the list makes one.
#[derive(Clone, Debug)]
pub struct CompleteListing {
    /// The objects.
    pub objects: Vec<Object>,
    /// From where a watch goes on.
    pub resource_version: String,
}

/// One change to an object.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// It came to be, or changed.
    Changed(Arc<Object>),
    /// It is gone; this is its last state.
    Gone(Arc<Object>),
    /// Nothing changed up to this resource version.
    Bookmark(String),
}

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verb {
    /// A plain create: fails where the object is there. It never adopts a stranger's object.
    Create,
    /// Server-side apply; `force` takes over fields that others own.
    Apply {
        /// Whether conflicts are overridden.
        force: bool,
    },
    /// A replacement of the whole object.
    Update,
    /// An RFC 7386 merge patch.
    MergePatch,
}

/// A part of an object that is written apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subresource {
    /// `status`.
    Status,
    /// `scale`.
    Scale,
}

/// What must be true of the live object when it is written.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Precondition {
    /// Nothing is asked.
    #[default]
    None,
    /// The object is absent: the write creates it, and fails where it is there. A stranger's object is never adopted.
    Absent,
    /// The object is the one that was seen.
    #[serde(rename_all = "camelCase")]
    Live {
        /// Its UID.
        uid: String,
        /// Its resource version, where that is to be unmoved too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource_version: Option<String>,
    },
}

/// One write.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Write<'a> {
    /// The object, or the patch with the object's identity.
    pub object: &'a Object,
    /// How.
    pub verb: Verb,
    /// Who: the field manager.
    pub manager: &'a str,
    /// A part that is written apart.
    pub subresource: Option<Subresource>,
    /// Whether the server only says what it would do.
    pub dry_run: bool,
    /// What must be true.
    pub precondition: Precondition,
    /// Whether an answer is enough that only names the object and its state.
    pub brief: bool,
}

impl<'a> Write<'a> {
    /// A write without preconditions.
    pub fn new(object: &'a Object, verb: Verb, manager: &'a str) -> Self {
        let precondition = Precondition::None;
        Self { object, verb, manager, subresource: None, dry_run: false, precondition, brief: false }
    }

    /// The same as a dry run.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// The same where nobody reads more of the answer than which object is in which state now. A backend may answer as ever.
    #[must_use]
    pub fn briefly(mut self) -> Self {
        self.brief = true;
        self
    }

    /// The same under a precondition.
    #[must_use]
    pub fn when(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }

    /// The same to a subresource.
    #[must_use]
    pub fn to(mut self, subresource: Subresource) -> Self {
        self.subresource = Some(subresource);
        self
    }
}

/// What a write did.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The object as it is now; its identity, UID and resource version at least where it was written [briefly](Write::briefly).
    pub object: Object,
    /// Whether it was created, changed or left.
    pub change: Change,
}

/// How a write changed its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It came to be.
    Created,
    /// It changed.
    Configured,
    /// It stayed as it was.
    Unchanged,
}

/// What becomes of the objects that a deleted object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Propagation {
    /// They are deleted first.
    #[default]
    Foreground,
    /// They are deleted afterwards.
    Background,
    /// They stay.
    Orphan,
}

/// One deletion.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delete<'a> {
    /// Which object.
    pub target: &'a ObjectRef,
    /// The UID that it must have.
    pub uid: Option<&'a str>,
    /// What becomes of what it owns.
    pub propagation: Propagation,
    /// Whether the server only says what it would do.
    pub dry_run: bool,
}

impl<'a> Delete<'a> {
    /// Deletes the object with this UID, what it owns first.
    pub fn new(target: &'a ObjectRef, uid: &'a str) -> Self {
        Self { target, uid: Some(uid), propagation: Propagation::Foreground, dry_run: false }
    }
}

/// What a deletion did.
#[derive(Clone, Debug)]
pub enum Deleted {
    /// The object is gone, or was not there.
    Gone,
    /// The object waits for its finalizers.
    Pending(Box<Object>),
}
