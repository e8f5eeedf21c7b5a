//! What the watch of a kind told of late, and who else listens to it: one watch of the server serves all who follow a kind.

use std::collections::VecDeque;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use gitops_core::cluster::{ClusterError, ErrorKind, WatchEvent};
use tokio::sync::mpsc;

use super::store::is_newer;

/// How many events are kept for those who begin to listen, who ask from a state that they have just been given.
const RECENT: usize = 32;
/// How far a listener may be behind.
const BEHIND: usize = 4_096;

/// The events of one kind.
#[derive(Debug, Default)]
pub(crate) struct Told {
    recent: VecDeque<WatchEvent>,
    /// The state before the first of these.
    from: String,
    listeners: Vec<mpsc::Sender<WatchEvent>>,
}

impl Told {
    /// A listing begins anew at a state: what lies between is not known, and who listened must list as well.
    pub(crate) fn begin(&mut self, version: &str) {
        *self = Self { from: version.to_owned(), ..Self::default() };
    }

    /// Something happened.
    pub(crate) fn tell(&mut self, event: &WatchEvent) {
        self.listeners.retain(|listener| listener.try_send(event.clone()).is_ok());
        if self.recent.len() == RECENT
            && let Some(version) = self.recent.pop_front().as_ref().and_then(version)
        {
            version.clone_into(&mut self.from);
        }
        self.recent.push_back(event.clone());
    }

    /// What happened after a state, and what happens from now on. It ends with an error where that is not known any more, and
    /// the listener must list again.
    pub(crate) fn listen(&mut self, after: &str) -> BoxStream<'static, Result<WatchEvent, ClusterError>> {
        let lost = ClusterError::new(ErrorKind::Expired, "what happened since is not known: it must be listed again");
        let lost = stream::iter([Err(lost)]);
        if self.from.is_empty() || is_newer(&self.from, after) {
            return lost.boxed();
        }
        let missed = self.recent.iter().filter(|event| version(event).is_some_and(|one| is_newer(one, after)));
        let missed: Vec<_> = missed.cloned().collect();
        let (sender, receiver) = mpsc::channel(BEHIND);
        self.listeners.push(sender);
        let told = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
        stream::iter(missed).chain(told).map(Ok).chain(lost).boxed()
    }
}

fn version(event: &WatchEvent) -> Option<&str> {
    match event {
        WatchEvent::Changed(object) | WatchEvent::Gone(object) => object.resource_version(),
        WatchEvent::Bookmark(version) => Some(version),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gitops_core::Object;
    use serde_json::json;

    use super::*;

    fn changed(version: usize) -> WatchEvent {
        let metadata = json!({"name": "a", "namespace": "shop", "resourceVersion": version.to_string()});
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
        WatchEvent::Changed(Arc::new(Object::from_value(object).unwrap()))
    }

    async fn next(stream: &mut BoxStream<'static, Result<WatchEvent, ClusterError>>) -> Result<String, ErrorKind> {
        let event = stream.next().await.unwrap();
        event.map(|event| version(&event).unwrap().to_owned()).map_err(|error| error.kind)
    }

    #[tokio::test]
    async fn a_listener_misses_nothing_after_its_state() {
        let mut told = Told::default();
        assert_eq!(next(&mut told.listen("5")).await, Err(ErrorKind::Expired), "nothing was listed");
        told.begin("5");
        told.tell(&changed(6));
        told.tell(&changed(7));
        assert_eq!(
            next(&mut told.listen("4")).await,
            Err(ErrorKind::Expired),
            "what came between 4 and 5 is not known"
        );
        let mut stream = told.listen("6");
        told.tell(&changed(8));
        assert_eq!(next(&mut stream).await, Ok("7".into()));
        assert_eq!(next(&mut stream).await, Ok("8".into()));
        told.begin("20");
        assert_eq!(next(&mut stream).await, Err(ErrorKind::Expired));
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn who_is_too_far_behind_is_told_to_list_again() {
        let mut told = Told::default();
        told.begin("0");
        let mut stream = told.listen("0");
        (1..=BEHIND + 2).for_each(|version| told.tell(&changed(version)));
        assert_eq!(next(&mut told.listen("1")).await, Err(ErrorKind::Expired));
        assert_eq!(next(&mut told.listen(&BEHIND.to_string())).await, Ok((BEHIND + 1).to_string()));
        for version in 1..=BEHIND {
            assert_eq!(next(&mut stream).await, Ok(version.to_string()));
        }
        assert_eq!(next(&mut stream).await, Err(ErrorKind::Expired));
    }
}
