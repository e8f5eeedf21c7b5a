//! Leases as the replicas read and write them: one for each replica, which says that it lives, and one for each shard, which
//! says who holds it.

use std::time::Duration;

use gitops_core::annotations::{COORDINATION, SHARD_COUNT};
use gitops_core::cluster::{Cluster, ClusterError, Delete, ErrorKind, Precondition, Propagation, Query, Verb, Write};
use gitops_core::{GroupVersionKind, Object, ObjectId, ObjectRef, Timestamp};
use serde_json::json;

use super::shard::Shard;
use crate::FIELD_MANAGER;

const API_VERSION: &str = "coordination.k8s.io/v1";
const KIND: &str = "Lease";
const GROUP: &str = "replicas";
const MEMBER: &str = "gitops-replica-";
const OF_SHARD: &str = "gitops-shard-";

/// Which Lease.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    /// That of a replica.
    Member(String),
    /// That of a shard.
    Shard(Shard),
}

impl Name {
    fn text(&self) -> String {
        match self {
            Self::Member(identity) => format!("{MEMBER}{identity}"),
            Self::Shard(shard) => format!("{OF_SHARD}{shard}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text.strip_prefix(MEMBER) {
            Some(identity) => Some(Self::Member(identity.to_owned())),
            None => text.strip_prefix(OF_SHARD).and_then(Shard::named).map(Self::Shard),
        }
    }
}

/// One state of one Lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) uid: String,
    pub(super) resource_version: String,
}

/// A Lease as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) name: Name,
    pub(super) version: Version,
    /// Who holds it; nobody where it is empty.
    pub(super) holder: String,
    /// For how long after its last change its holder must be believed to live.
    pub(super) duration: Duration,
    /// Into how many shards a replica parts the Applications.
    pub(super) shards: Option<u32>,
}

/// What a Lease is to say.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) name: Name,
    pub(super) holder: &'a str,
    pub(super) duration: Duration,
    pub(super) shards: u32,
}

/// The Leases of a namespace.
pub(super) struct Leases<'a> {
    pub(super) cluster: &'a dyn Cluster,
    pub(super) namespace: &'a str,
}

impl Leases<'_> {
    /// All Leases of replicas. Others are not theirs, and neither are those that cannot be read.
    pub(super) async fn list(&self) -> Result<Vec<Lease>, ClusterError> {
        let query = Query::all(GroupVersionKind::from_api_version(API_VERSION, KIND))
            .in_namespace(self.namespace)
            .with_label(COORDINATION, GROUP);
        Ok(self.cluster.list(&query).await?.objects.iter().filter_map(read).collect())
    }

    /// Writes a Lease: makes it where no state of it was seen, and changes it only where it still is in the one that was.
    pub(super) async fn write(
        &self,
        wanted: &Wanted<'_>,
        seen: Option<&Version>,
        now: Timestamp,
    ) -> Result<Version, ClusterError> {
        let time = now.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
        let mut labels = json!({COORDINATION: GROUP});
        let mut spec = json!({"holderIdentity": wanted.holder, "leaseDurationSeconds": wanted.duration.as_secs()});
        match wanted.name {
            Name::Member(_) => {
                labels[SHARD_COUNT] = wanted.shards.to_string().into();
                spec["renewTime"] = time.into();
            }
            Name::Shard(_) => spec["acquireTime"] = time.into(),
        }
        let object = object(json!({
            "apiVersion": API_VERSION, "kind": KIND, "spec": spec,
            "metadata": {"name": wanted.name.text(), "namespace": self.namespace, "labels": labels},
        }))?;
        let write = match seen {
            None => Write::new(&object, Verb::Create, FIELD_MANAGER).when(Precondition::Absent),
            Some(Version { uid, resource_version }) => {
                let resource_version = Some(resource_version.clone());
                let precondition = Precondition::Live { uid: uid.clone(), resource_version };
                Write::new(&object, Verb::Update, FIELD_MANAGER).when(precondition)
            }
        };
        let written = self.cluster.write(write).await?.object;
        version(&written).ok_or_else(|| ClusterError::new(ErrorKind::Internal, "the written Lease has no version"))
    }

    /// Deletes the Lease of a replica.
    pub(super) async fn delete(&self, identity: &str, uid: &str) -> Result<(), ClusterError> {
        let target = self.target(&Name::Member(identity.to_owned()));
        let mut delete = Delete::new(&target, uid);
        delete.propagation = Propagation::Background;
        self.cluster.delete(delete).await.map(drop)
    }

    fn target(&self, name: &Name) -> ObjectRef {
        let gvk = GroupVersionKind::from_api_version(API_VERSION, KIND);
        ObjectId::new(gvk.group, gvk.kind, Some(self.namespace), name.text()).at_version(gvk.version)
    }
}

fn read(object: &Object) -> Option<Lease> {
    let name = Name::read(object.name())?;
    let seconds = object.get(&["spec", "leaseDurationSeconds"]).and_then(serde_json::Value::as_u64).unwrap_or_default();
    let count = object.text(&["metadata", "labels", SHARD_COUNT]);
    Some(Lease {
        name,
        version: version(object)?,
        holder: object.text(&["spec", "holderIdentity"]).unwrap_or_default().to_owned(),
        duration: Duration::from_secs(seconds),
        shards: count.and_then(|count| count.parse().ok()),
    })
}

fn version(object: &Object) -> Option<Version> {
    let (uid, version) = (object.uid()?, object.resource_version()?);
    Some(Version { uid: uid.to_owned(), resource_version: version.to_owned() })
}

fn object(value: serde_json::Value) -> Result<Object, ClusterError> {
    Object::from_value(value).map_err(|error| ClusterError::new(ErrorKind::Internal, error.to_string()))
}
