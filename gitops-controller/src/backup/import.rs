//! Bringing back what an installation kept.

use std::collections::BTreeSet;

use gitops_core::cluster::{Cluster, Delete, ErrorKind, Precondition, Propagation, Verb, Write};
use gitops_core::{Object, ObjectId, Value};

use super::export::portable;
use super::{BackupError, Scope};
use crate::FIELD_MANAGER;

/// How a backup is brought back.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ImportOptions {
    /// Whether the cluster only says what would come of it.
    pub dry_run: bool,
    /// Whether Applications, projects, sets and Secrets that the backup does not have are deleted.
    pub prune: bool,
    /// Whether operations that were asked for are left out.
    pub stop_operation: bool,
}

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there.
    Created,
    /// It was another.
    Updated,
    /// It was the same.
    Unchanged,
    /// It is none of the backup's, and deleted.
    Pruned,
}

/// An object, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Which.
    pub object: ObjectId,
    /// What became of it.
    pub outcome: Outcome,
}

/// Brings back what a backup has: what is not there is created, and what is there another is changed. `told` is told of each.
///
/// # Errors
/// Where a document is no object of an installation, before anything is written; or the cluster refuses a call: what was told of is
/// done then, and the same call goes on.
pub async fn import(
    cluster: &dyn Cluster,
    scope: &Scope,
    documents: Vec<Value>,
    options: ImportOptions,
    mut told: impl FnMut(&Imported),
) -> Result<(), BackupError> {
    let mut objects = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        let failed = |source| BackupError::Object { number: index + 1, source };
        let mut object = Object::from_value(document).map_err(failed)?;
        if object.namespace().is_none() {
            object.set_namespace(Some(&scope.namespace));
        }
        object.fold_string_data();
        if !scope.has(&object) {
            return Err(BackupError::Foreign(object.id()));
        }
        let mut wanted = portable(&object);
        if options.stop_operation
            && let Some(fields) = wanted.as_object_mut()
        {
            fields.remove("operation");
        }
        objects.push(Object::from_value(wanted).map_err(failed)?);
    }
    for object in &objects {
        let outcome = bring_back(cluster, object, options).await?;
        told(&Imported { object: object.id(), outcome });
    }
    if options.prune {
        prune(cluster, scope, &objects, options, &mut told).await?;
    }
    Ok(())
}

async fn bring_back(cluster: &dyn Cluster, wanted: &Object, options: ImportOptions) -> Result<Outcome, BackupError> {
    let Some(live) = cluster.get(&wanted.reference()).await? else {
        let write = Write::new(wanted, Verb::Create, FIELD_MANAGER).when(Precondition::Absent);
        write_one(cluster, write, options).await?;
        return Ok(Outcome::Created);
    };
    if portable(&live) == portable(wanted) {
        return Ok(Outcome::Unchanged);
    }
    // What the cluster keeps for itself of an object, such as its owners, stays.
    let mut body = portable(wanted);
    for field in ["ownerReferences", "generation", "creationTimestamp", "uid"] {
        if let Some(value) = live.get(&["metadata", field]) {
            body["metadata"][field] = value.clone();
        }
    }
    let object = Object::from_value(body).map_err(|source| BackupError::Object { number: 0, source })?;
    let seen = Precondition::Live {
        uid: live.uid().unwrap_or_default().to_owned(),
        resource_version: live.resource_version().map(Into::into),
    };
    write_one(cluster, Write::new(&object, Verb::Update, FIELD_MANAGER).when(seen), options).await?;
    Ok(Outcome::Updated)
}

async fn write_one(cluster: &dyn Cluster, mut write: Write<'_>, options: ImportOptions) -> Result<(), BackupError> {
    write.dry_run = options.dry_run;
    cluster.write(write).await?;
    Ok(())
}

/// Deletes what the backup does not have; never settings and inventories, without which nobody knows what is deployed.
async fn prune(
    cluster: &dyn Cluster,
    scope: &Scope,
    kept: &[Object],
    options: ImportOptions,
    told: &mut impl FnMut(&Imported),
) -> Result<(), BackupError> {
    let kept: BTreeSet<ObjectId> = kept.iter().map(Object::id).collect();
    for namespace in scope.namespaces() {
        // Sets go before their Applications, which they would make again.
        for query in scope.kinds(namespace).iter().filter(|query| query.gvk.kind != "ConfigMap") {
            let listing = match cluster.list(query).await {
                Err(error) if error.kind == ErrorKind::UnknownKind => continue,
                listing => listing?,
            };
            for object in listing.objects.iter().filter(|one| scope.has(one) && !kept.contains(&one.id())) {
                let target = object.reference();
                let mut delete = Delete::new(&target, object.uid().unwrap_or_default());
                (delete.propagation, delete.dry_run) = (Propagation::Background, options.dry_run);
                cluster.delete(delete).await?;
                told(&Imported { object: object.id(), outcome: Outcome::Pruned });
            }
        }
    }
    Ok(())
}
