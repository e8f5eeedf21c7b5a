//! Everything that an installation keeps in its cluster, as objects that another cluster can be given: AppProjects,
//! ApplicationSets, Applications with their status and history, inventories and settings, and Secrets where they are asked for.
//!
//! What it is called and does follows `argocd admin export` and `argocd admin import` (cmd/argocd/commands/admin/backup.go, v3.5);
//! inventories are this engine's own.

mod export;
mod import;

use std::collections::BTreeSet;

use gitops_core::annotations::INVENTORY_OF;
use gitops_core::api::{API_VERSION, APP_PROJECT_KIND, APPLICATION_KIND, APPLICATION_SET_KIND};
use gitops_core::cluster::{ClusterError, Query};
use gitops_core::{GroupVersionKind, Object, ObjectError};
use thiserror::Error;

pub use export::export;
pub use import::{ImportOptions, Imported, Outcome, import};

use crate::credentials::SECRET_TYPE;

/// Argo CD's settings, and the keys that commits are verified by.
const CONFIG_MAPS: [&str; 8] = [
    "argocd-cm",
    "argocd-cmd-params-cm",
    "argocd-rbac-cm",
    "argocd-notifications-cm",
    "argocd-ssh-known-hosts-cm",
    "argocd-tls-certs-cm",
    crate::integrity::GPG_KEYS,
    crate::integrity::SSH_SIGNERS,
];

/// Argo CD's own Secrets, and the key of this engine's digests.
const SECRETS: [&str; 3] = ["argocd-secret", "argocd-notifications-secret", crate::digest_key::NAME];

/// What is kept where.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Scope {
    /// The namespace of the installation.
    pub namespace: String,
    /// Further namespaces of Applications and ApplicationSets.
    pub application_namespaces: BTreeSet<String>,
    /// Whether Secrets are a part of it: the credentials of repositories and clusters, and the settings' own.
    pub secrets: bool,
}

/// Why there is no backup, or it cannot be brought back.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The cluster refused a call.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// What is to be an object is none.
    #[error("document {number} is not an object")]
    Object {
        /// Which one, from 1.
        number: usize,
        /// Why.
        #[source]
        source: ObjectError,
    },
    /// An object is none of those that an installation keeps.
    #[error("`{0}` is nothing that an installation keeps{why}", why = hint(.0))]
    Foreign(gitops_core::ObjectId),
}

fn hint(id: &gitops_core::ObjectId) -> &'static str {
    match id.kind.as_str() {
        "Secret" => ", or Secrets are to be left out",
        _ => "",
    }
}

impl Scope {
    /// What lies in the namespace of an installation, without Secrets.
    pub fn of(namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), application_namespaces: BTreeSet::new(), secrets: false }
    }

    fn namespaces(&self) -> impl Iterator<Item = &str> {
        let others = self.application_namespaces.iter().filter(|other| **other != self.namespace);
        std::iter::once(self.namespace.as_str()).chain(others.map(String::as_str))
    }

    /// The kinds of a namespace, in the order in which they are brought back: whoever works at Applications finds what these
    /// go by.
    fn kinds(&self, namespace: &str) -> Vec<Query> {
        let one =
            |api: &str, kind: &str| Query::all(GroupVersionKind::from_api_version(api, kind)).in_namespace(namespace);
        let mut kinds = vec![one("v1", "ConfigMap")];
        if namespace == self.namespace {
            if self.secrets {
                kinds.push(one("v1", "Secret"));
            }
            kinds.push(one(API_VERSION, APP_PROJECT_KIND));
        }
        kinds.push(one(API_VERSION, APPLICATION_SET_KIND));
        kinds.push(one(API_VERSION, APPLICATION_KIND));
        kinds
    }

    /// Whether an object is a part of it.
    fn has(&self, object: &Object) -> bool {
        let is_home = object.namespace() == Some(self.namespace.as_str());
        let is_there = is_home || object.namespace().is_some_and(|other| self.application_namespaces.contains(other));
        match (object.api_version(), object.kind()) {
            (API_VERSION, APPLICATION_KIND | APPLICATION_SET_KIND) => is_there,
            (API_VERSION, APP_PROJECT_KIND) => is_home,
            ("v1", "ConfigMap") => {
                is_there && object.label(INVENTORY_OF).is_some() || is_home && CONFIG_MAPS.contains(&object.name())
            }
            ("v1", "Secret") => {
                self.secrets && is_home && (SECRETS.contains(&object.name()) || object.label(SECRET_TYPE).is_some())
            }
            _ => false,
        }
    }
}
