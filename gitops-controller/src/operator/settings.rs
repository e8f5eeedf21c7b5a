//! The settings of the control plane as the operator has them: followed, so that what they change is looked at again.

use std::sync::{Arc, PoisonError};

use gitops_core::cluster::Query;
use gitops_core::{GroupVersionKind, Object, Timestamp};

use super::follow::{Seen, follow};
use super::updates::Updates;
use super::{Signal, Work};
use crate::engine::Engine;
use crate::settings::{ClusterSettings, NAME};

/// What looks go by: the settings, or the words of why they cannot be used.
type Settings = Result<ClusterSettings, String>;

/// The settings that the first looks go by; none where they cannot be read.
pub(super) async fn first(engine: &Engine) -> Option<Settings> {
    engine.config_map(NAME).await.ok().map(|found| read(found.as_ref()))
}

fn read(object: Option<&Object>) -> Settings {
    ClusterSettings::of(object).map_err(|error| error.to_string())
}

/// The settings as a watch tells of them.
struct Known {
    current: Settings,
    /// Those that looks were last asked for by; none before it is known what the first ones went by.
    asked: Option<Settings>,
    is_complete: bool,
}

impl Known {
    /// Takes in what became known; whether looks are to be made by it.
    fn take_in(&mut self, seen: &Seen<'_>) -> bool {
        match seen {
            Seen::Listed(object) | Seen::Changed(object) => self.current = read(Some(object)),
            Seen::Gone(..) => self.current = read(None),
            Seen::Complete => self.is_complete = true,
            Seen::Failed(_) => return false,
        }
        if !self.is_complete || self.asked.as_ref() == Some(&self.current) {
            return false;
        }
        self.asked.replace(self.current.clone()).is_some()
    }
}

impl Work {
    /// Follows the settings from now on. The first looks go by those that are given, or by later ones.
    pub(super) fn follow_settings(&mut self, first: Option<Settings>) {
        let configuration = Query::all(GroupVersionKind::from_api_version("v1", "ConfigMap"));
        let query = configuration.in_namespace(&self.engine.projects.namespace).named(NAME);
        let sender = self.sender.clone();
        let (updates, make) = (Arc::clone(&self.updates), self.engine.conduct.checks.clone());
        let go_by = move |settings: &Settings| {
            let now = settings.as_ref().map(|settings| Updates::of(settings, make.as_ref())).unwrap_or_default();
            *updates.write().unwrap_or_else(PoisonError::into_inner) = now;
        };
        go_by(first.as_ref().unwrap_or(&read(None)));
        let mut known = Known { current: read(None), asked: first, is_complete: false };
        let tell = move |seen: Seen<'_>| {
            let asks = known.take_in(&seen);
            if !matches!(seen, Seen::Failed(_)) && known.is_complete {
                go_by(&known.current);
            }
            if asks {
                return sender.send(Signal::Settings).is_ok();
            }
            match seen {
                Seen::Failed(error) => {
                    sender.send(Signal::Trouble(format!("the settings in `{NAME}`"), error.to_string())).is_ok()
                }
                _ => !sender.is_closed(),
            }
        };
        self.followers.spawn(follow(Arc::clone(&self.engine.cluster), query, tell));
    }

    /// Asks for every Application, and for nothing of its repositories.
    pub(super) fn ask_all(&mut self, now: Timestamp) {
        for key in self.applications.keys() {
            self.queue.ask(key, now);
        }
    }
}
