//! What a Git server tells of a push: read, checked against the secret that both sides know, and matched with the sources of
//! Applications. Events, headers and keys of secrets are those of Argo CD 3 (`argocd-secret`, "Git Webhook Configuration"),
//! with an event of this project's own for servers that it does not know.

mod provider;
mod pull_request;
mod secrets;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use gitops_core::api::ApplicationSource;
use gitops_git::Constraint;
use http::HeaderMap;
use thiserror::Error;

use crate::address::comparable;
use provider::Provider;
pub use pull_request::PullRequestChange;
pub use secrets::WebhookSecrets;

/// The most bytes of an event, as Argo CD has it.
pub const MAX_BYTES: usize = 50 * 1024 * 1024;
/// The most branches and tags of one event, and addresses of its repository.
const MAX_PARTS: usize = 1_000;

/// A branch or a tag of a repository that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Push {
    /// The addresses of the repository, in any form.
    pub addresses: BTreeSet<String>,
    /// The branch's or the tag's name, without `refs/heads/` or `refs/tags/`.
    pub revision: String,
    /// Whether `HEAD` may have moved with it.
    pub moves_head: bool,
}

/// Why an event is not taken.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookError {
    /// No header tells the server.
    #[error("no server is known that sends these headers; for one of your own, send `X-Gitops-Event: push`")]
    UnknownServer,
    /// The signature is missing or wrong.
    #[error(
        "{header} does not prove that {server} sent this; compare {key} in argocd-secret with the server's setting"
    )]
    NotProven {
        /// The server.
        server: &'static str,
        /// Where the proof is looked for.
        header: &'static str,
        /// The secret's key.
        key: &'static str,
    },
    /// It has too many bytes.
    #[error("an event has at most {MAX_BYTES} bytes")]
    TooLarge,
    /// It is not what the server sends.
    #[error("this is no push of {server}: {message}")]
    Malformed {
        /// The server.
        server: &'static str,
        /// What is wrong where.
        message: String,
    },
}

/// What an event tells of; nothing where the server tells of something else, such as a ping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told {
    /// Branches and tags that moved.
    pub pushes: Vec<Push>,
    /// A pull request that changed.
    pub pull_request: Option<PullRequestChange>,
    /// Files that changed, as far as the event says so.
    pub paths: BTreeSet<String>,
}

/// What an event tells of.
///
/// # Errors
/// Where the server is not known, is not the one that it says it is, or sends something else than it should.
pub fn read(headers: &HeaderMap, body: &[u8], secrets: &WebhookSecrets) -> Result<Told, WebhookError> {
    if body.len() > MAX_BYTES {
        return Err(WebhookError::TooLarge);
    }
    let provider = Provider::of(headers).ok_or(WebhookError::UnknownServer)?;
    provider.prove(headers, body, secrets)?;
    let (is_push, is_pull_request) = (provider.is_push(headers), provider.is_pull_request(headers));
    if !is_push && !is_pull_request {
        return Ok(Told::default());
    }
    let event = serde_json::from_slice(body);
    let event =
        event.map_err(|error| WebhookError::Malformed { server: provider.name(), message: error.to_string() })?;
    let mut told = Told::default();
    if is_push {
        told.pushes = provider.pushes(&event);
        told.pushes.truncate(MAX_PARTS);
        told.paths = provider.paths(&event).take(MAX_PARTS).map(str::to_owned).collect();
    }
    told.pull_request = is_pull_request.then(|| provider.pull_request(&event)).flatten();
    Ok(told)
}

/// The pushes that an event tells of; none where the server tells of something else.
///
/// # Errors
/// As [`read`].
pub fn pushes(headers: &HeaderMap, body: &[u8], secrets: &WebhookSecrets) -> Result<Vec<Push>, WebhookError> {
    Ok(read(headers, body, secrets)?.pushes)
}

impl Told {
    /// Whether a file below the source's own path changed. What it reads elsewhere is not known here, and events do not say
    /// everything, so that this tells what to look at first, and never what not to look at.
    pub fn touches(&self, source: &ApplicationSource) -> bool {
        let folder = source.path().unwrap_or_default().trim_start_matches("./").trim_matches('/');
        let inside = |path: &String| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        matches!(folder, "" | ".") || self.paths.iter().any(inside)
    }
}

impl Push {
    /// Whether a source may stand for something else since the push.
    pub fn concerns(&self, source: &ApplicationSource) -> bool {
        source.chart().is_none() && self.moves(source.target_revision().unwrap_or_default()) && {
            let followed = comparable(&source.repo_url);
            self.addresses.iter().take(MAX_PARTS).any(|address| comparable(address) == followed)
        }
    }

    fn moves(&self, target: &str) -> bool {
        let target = short_name(target);
        match target {
            "" | "HEAD" => self.moves_head,
            _ if target == self.revision => true,
            _ => target.parse::<Constraint>().is_ok_and(|range| range.highest([&*self.revision]).is_some()),
        }
    }
}

/// A reference without the folder that its kind has.
fn short_name(reference: &str) -> &str {
    let short = reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/"));
    short.unwrap_or(reference)
}
