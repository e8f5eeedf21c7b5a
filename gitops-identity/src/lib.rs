//! Who this process is for others: statements that it signs, and the tokens that clouds give it for their Kubernetes clusters.
//!
//! Argo CD has the program `argocd-k8s-auth` print such tokens; here they are made in process, by the same rules and variables. A
//! [`Cloud`] asks the servers of AWS, Google and Azure; a [`ClusterToken`] is a token of one cluster, made when it is asked for, and
//! renewed before it ends.
//!
//! ```no_run
//! use gitops_identity::{Account, Cloud, ClusterToken, Variables};
//!
//! # async fn example() -> Result<(), gitops_identity::IdentityError> {
//! let account = Account::Aws { cluster: "shop".into(), role: None, profile: None };
//! let token = ClusterToken::new(Cloud::new()?, account, Variables::own());
//! let header = format!("Bearer {}", token.get().await?.reveal(&gitops_core::secret::Reveal::granted(
//!     gitops_core::secret::Purpose::Connection,
//! )));
//! # drop(header);
//! # Ok(())
//! # }
//! ```
//!
//! # Whose variables count
//! A cluster's Secret may bring variables of its own, as Argo CD hands them to the program. They say who to be. To whom a credential is
//! shown is for the process's own environment to say: an address that only the Secret has is refused, so that nobody has a token of this
//! process sent to a server of his own.
//!
//! # What this crate must not know
//! Kubernetes, Argo CD's Secrets, and which cluster may have a token: whoever makes a [`ClusterToken`] has decided that.

mod account;
mod aws;
mod azure;
mod error;
mod google;
mod held;
mod oauth;
mod statement;
#[cfg(test)]
mod tests;
mod variables;
mod web;

pub use account::{Account, Cloud, ClusterToken};
pub use error::IdentityError;
pub use statement::{KeyError, SigningKey};
pub use variables::Variables;
