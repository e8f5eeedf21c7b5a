//! Credentials of repositories as the operator has them: followed, so that a look costs no call for them.

use std::sync::Arc;
use std::time::Instant;

use gitops_core::{Object, Timestamp};

use super::follow::{Seen, follow};
use super::{Signal, Work};
use crate::credentials::KnownCredentials;
use crate::engine::Engine;
use crate::integrity::{GPG_KEYS, SSH_SIGNERS};

/// Lets an engine go by the credentials that are followed.
pub(super) fn be_told(engine: &mut Engine) {
    if let Some(credentials) = &mut engine.credentials {
        credentials.known = Some(Arc::new(KnownCredentials::told_by(credentials.queries().len())));
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
        for (watch, query) in credentials.queries().into_iter().enumerate() {
            let (known, sender) = (Arc::clone(known), self.sender.clone());
            let tell = move |seen: Seen<'_>| {
                let changed = match seen {
                    Seen::Changed(object) if is_keys(object) => true,
                    Seen::Listed(object) | Seen::Changed(object) => known.put(object),
                    Seen::Gone(id, _) => known.remove(id),
                    Seen::Complete => {
                        known.complete(watch);
                        false
                    }
                    Seen::Failed(error) => {
                        let what = "the list of repositories' credentials".to_owned();
                        return sender.send(Signal::Trouble(what, error.to_string())).is_ok();
                    }
                };
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
