//! Taking what Git servers tell of pushes, so that Applications are looked at without waiting for a poll.

use std::sync::Arc;
use std::time::Instant;

use gitops_core::api::Application;
use gitops_core::cluster::ClusterError;
use gitops_core::{Cluster, Timestamp};
use http::HeaderMap;
use thiserror::Error;
use tokio::sync::mpsc::UnboundedSender;

use super::{SETTLING, Signal, Work, appset, later, share};
use crate::webhook::{Told, WebhookError, WebhookSecrets, read};

/// Where the events of Git servers are handed to the operator.
#[derive(Clone)]
pub struct Pushes {
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) namespace: String,
    pub(super) sender: UnboundedSender<Signal>,
}

/// Why an event is not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PushError {
    /// The event is at fault.
    #[error(transparent)]
    Event(#[from] WebhookError),
    /// What proves events cannot be read.
    #[error("the secret of webhooks cannot be read")]
    Secrets(#[source] ClusterError),
}

impl Pushes {
    /// Takes an event: its headers and its whole body. The Applications and ApplicationSets that follow what moved are looked at at once;
    /// the answer is how many branches and tags moved.
    ///
    /// # Errors
    /// Where the event is not one of a known server, does not prove itself, or the secrets cannot be read.
    pub async fn take(&self, headers: &HeaderMap, body: &[u8]) -> Result<usize, PushError> {
        let secrets = WebhookSecrets::of(self.cluster.as_ref(), &self.namespace).await.map_err(PushError::Secrets)?;
        let told = read(headers, body, &secrets)?;
        let count = told.pushes.len();
        // An operator that has ended looks at nothing any more.
        let _ = self.sender.send(Signal::Told(told));
        Ok(count)
    }
}

impl Work {
    /// Asks for the Applications and sets that follow what a Git server told of.
    pub(super) fn told(&mut self, told: &Told, now: Timestamp) {
        let concerned = |application: &Application| {
            application.sources().iter().any(|source| told.pushes.iter().any(|push| push.concerns(source)))
        };
        for (key, application) in self.applications.iter().filter(|(_, application)| concerned(application)) {
            if self.share.has(key) {
                let touched = application.sources().iter().any(|source| told.touches(source));
                self.asked.insert(key.clone(), Instant::now());
                self.queue.ask(key, if touched || told.paths.is_empty() { now } else { later(now, SETTLING) });
            } else {
                self.looks.spawn(share::request(
                    Arc::clone(&self.engine),
                    Arc::clone(application),
                    self.sender.clone(),
                ));
            }
        }
        if self.share.has_sets() {
            self.sets.told(told, now);
        } else {
            let requests = self.sets.concerned(told).map(|key| appset::request(Arc::clone(&self.engine), key.clone()));
            requests.for_each(|request| drop(self.looks.spawn(request)));
        }
    }
}
