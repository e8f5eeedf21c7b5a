//! Who to be for Git servers, chart repositories and registries, as Argo CD's Secrets and ConfigMaps say ("Declarative Setup",
//! Argo CD 3.5): Secrets with the label `argocd.argoproj.io/secret-type`, of the type `repository` for one address and of the type
//! `repo-creds` for every address that begins with theirs; `argocd-ssh-known-hosts-cm` and `argocd-tls-certs-cm`.
//!
//! # Tenants
//! Whose credentials serve is decided for each address and project when it is asked, and nothing else is ever used: a Secret that
//! names a project serves that project's Applications alone. What is fetched with a Secret is kept under that Secret's identity
//! (its UID and version), apart from what is fetched with any other one, and from what everybody may fetch
//! ([`Caller`](gitops_git::Caller)). So who has no Secret reads nothing that somebody else's has fetched: neither by the address, nor
//! by a commit or a digest that he knows, and who had one that was changed or taken away asks again.

mod access;
mod address;
mod fields;
mod hosts;
mod known;
mod secret;
mod set;
#[cfg(test)]
mod tests;

use gitops_core::Object;

pub(crate) use fields::Fields;
pub(crate) use known::KnownCredentials;
pub use set::{CredentialSet, RepositoryCredentials};

/// The label that says what a Secret of Argo CD's is.
pub const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";
/// Secrets for one repository.
const REPOSITORY: &str = "repository";
/// Secrets for every repository under an address.
const TEMPLATE: &str = "repo-creds";

/// Whether an object is one that says who to be for servers.
pub(crate) fn is_credential(object: &Object) -> bool {
    match object.kind() {
        "Secret" => object.label(SECRET_TYPE).is_some(),
        "ConfigMap" => [hosts::SSH, hosts::TLS].contains(&object.name()),
        _ => false,
    }
}
