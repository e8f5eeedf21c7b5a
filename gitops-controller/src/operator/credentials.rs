//! Credentials of repositories as the operator has them: followed, so that a look costs no call for them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gitops_core::{Object, Timestamp};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use super::follow::{Seen, follow};
use super::{Signal, Work};
use crate::causes::chain;
use crate::credentials::KnownCredentials;
use crate::engine::Engine;
use crate::integrity::{GPG_KEYS, SSH_SIGNERS};

/// How long after somebody read of what is to be removed it is tried again.
const SWEEP_PAUSE: Duration = Duration::from_secs(30);

/// Lets an engine go by the credentials that are followed.
pub(super) fn be_told(engine: &mut Engine) {
    if let Some(credentials) = &mut engine.credentials {
        credentials.known = Some(Arc::new(KnownCredentials::told_by(credentials.queries().len())));
    }
}

/// Removes what no Secret is for any more whenever that is due, and again after a pause for as long as somebody reads of it.
async fn sweep(engine: Arc<Engine>, due: Arc<Notify>, sender: UnboundedSender<Signal>) {
    let mut is_left = false;
    loop {
        match is_left {
            // Whichever comes first.
            true => drop(tokio::time::timeout(SWEEP_PAUSE, due.notified()).await),
            false => due.notified().await,
        }
        let sweeper = Arc::clone(&engine);
        let message = match tokio::task::spawn_blocking(move || sweeper.sweep()).await {
            Ok(Ok(staying)) => {
                is_left = staying > 0;
                continue;
            }
            Ok(Err(error)) => chain(&error),
            Err(error) => chain(&error),
        };
        is_left = true;
        if sender.send(Signal::Trouble("what earlier credentials fetched".into(), message)).is_err() {
            return;
        }
    }
}

/// Whether an object holds keys that commits are verified by.
fn is_keys(object: &Object) -> bool {
    object.kind() == "ConfigMap" && [GPG_KEYS, SSH_SIGNERS].contains(&object.name())
}

impl Work {
    /// Follows the credentials from now on.
    pub(super) fn follow_credentials(&mut self) {
        let Some(credentials) = &self.engine.credentials else { return };
        let Some(known) = &credentials.known else { return };
        let due = Arc::new(Notify::new());
        self.followers.spawn(sweep(Arc::clone(&self.engine), Arc::clone(&due), self.sender.clone()));
        for (watch, query) in credentials.queries().into_iter().enumerate() {
            let (known, sender, due) = (Arc::clone(known), self.sender.clone(), Arc::clone(&due));
            let tell = move |seen: Seen<'_>| {
                let changed = match seen {
                    Seen::Changed(object) if is_keys(object) => true,
                    Seen::Listed(object) | Seen::Changed(object) => known.put(object),
                    Seen::Gone(id, _) => known.remove(id),
                    Seen::Complete => {
                        if known.complete(watch) {
                            due.notify_one();
                        }
                        false
                    }
                    Seen::Failed(error) => {
                        let what = "the list of repositories' credentials".to_owned();
                        return sender.send(Signal::Trouble(what, error.to_string())).is_ok();
                    }
                };
                if changed {
                    due.notify_one();
                }
                !changed || sender.send(Signal::Credentials).is_ok()
            };
            self.followers.spawn(follow(Arc::clone(&self.engine.cluster), query, tell));
        }
    }

    /// Asks for every Application, and its repositories anew.
    pub(super) fn ask_everybody(&mut self, now: Timestamp) {
        for key in self.applications.keys() {
            self.asked.insert(key.clone(), Instant::now());
            self.queue.ask(key, now);
        }
    }
}
