//! What the watch of a kind told of late, and who else listens to it: one watch of the server serves all who follow a kind.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use gitops_core::cluster::{ClusterError, ErrorKind, WatchEvent, may_be_later};
use tokio::sync::mpsc;

use super::packed::Packed;

/// How many events are kept for those who begin to listen, who ask from a state that they have just been given.
const RECENT: usize = 32;
/// How far a listener may be behind.
const BEHIND: usize = 4_096;

/// The events of one kind.
#[derive(Debug, Default)]
pub(crate) struct Told {
    recent: VecDeque<Event>,
    /// The state before the first of these.
    from: String,
    listeners: Vec<mpsc::Sender<WatchEvent>>,
}

/// An object came to be, changed or went.
#[derive(Debug)]
struct Event {
    version: Box<str>,
    gone: bool,
    object: Packed,
}

impl Event {
    fn unpack(&self) -> Option<WatchEvent> {
        let object = Arc::new(self.object.unpack()?);
        Some(if self.gone { WatchEvent::Gone(object) } else { WatchEvent::Changed(object) })
    }
}

impl Told {
    /// A listing begins anew at a state: what lies between is not known, and who listened must list as well.
    pub(crate) fn begin(&mut self, version: &str) {
        *self = Self { from: version.to_owned(), ..Self::default() };
    }

    /// Something happened to an object, which is given also as it is kept.
    pub(crate) fn tell(&mut self, event: &WatchEvent, object: Packed) {
        let (gone, version) = match event {
            WatchEvent::Changed(object) => (false, object.resource_version()),
            WatchEvent::Gone(object) => (true, object.resource_version()),
            WatchEvent::Bookmark(_) => return,
        };
        self.listeners.retain(|listener| listener.try_send(event.clone()).is_ok());
        if self.recent.len() == RECENT
            && let Some(oldest) = self.recent.pop_front()
        {
            self.from = oldest.version.into();
        }
        self.recent.push_back(Event { version: version.unwrap_or_default().into(), gone, object });
    }

    /// What happened after a state, and what happens from now on. It ends with an error where that is not known any more, and
    /// the listener must list again.
    pub(crate) fn listen(&mut self, after: &str) -> BoxStream<'static, Result<WatchEvent, ClusterError>> {
        let lost = ClusterError::new(ErrorKind::Expired, "what happened since is not known: it must be listed again");
        let lost = stream::iter([Err(lost)]);
        if self.from.is_empty() || may_be_later(&self.from, after) {
            return lost.boxed();
        }
        let missed = self.recent.iter().filter(|event| may_be_later(&event.version, after)).map(Event::unpack);
        let Some(missed) = missed.collect::<Option<Vec<_>>>() else { return lost.boxed() };
        let (sender, receiver) = mpsc::channel(BEHIND);
        self.listeners.push(sender);
        let told = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
        stream::iter(missed).chain(told).map(Ok).chain(lost).boxed()
    }
}

#[cfg(test)]
mod tests {
    use gitops_core::Object;
    use serde_json::json;

    use super::*;

    fn object(version: usize) -> Arc<Object> {
        let metadata = json!({"name": "a", "namespace": "shop", "resourceVersion": version.to_string()});
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
        Arc::new(Object::from_value(object).unwrap())
    }

    fn change(told: &mut Told, version: usize) {
        let object = object(version);
        told.tell(&WatchEvent::Changed(Arc::clone(&object)), Packed::of(&object));
    }

    async fn next(stream: &mut BoxStream<'static, Result<WatchEvent, ClusterError>>) -> Result<String, ErrorKind> {
        match stream.next().await.unwrap() {
            Ok(WatchEvent::Changed(object)) => Ok(object.resource_version().unwrap().to_owned()),
            Ok(other) => Ok(format!("{other:?}")),
            Err(error) => Err(error.kind),
        }
    }

    #[tokio::test]
    async fn a_listener_misses_nothing_after_its_state() {
        let mut told = Told::default();
        assert_eq!(next(&mut told.listen("5")).await, Err(ErrorKind::Expired), "nothing was listed");
        told.begin("5");
        change(&mut told, 6);
        change(&mut told, 7);
        assert_eq!(
            next(&mut told.listen("4")).await,
            Err(ErrorKind::Expired),
            "what came between 4 and 5 is not known"
        );
        let mut stream = told.listen("6");
        change(&mut told, 8);
        assert_eq!(next(&mut stream).await, Ok("7".into()));
        assert_eq!(next(&mut stream).await, Ok("8".into()));
        told.begin("20");
        assert_eq!(next(&mut stream).await, Err(ErrorKind::Expired));
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn what_went_is_told_as_gone() {
        let mut told = Told::default();
        told.begin("5");
        told.tell(&WatchEvent::Gone(object(6)), Packed::of(&object(6)));
        let mut stream = told.listen("5");
        let told = stream.next().await.unwrap().unwrap();
        assert!(matches!(told, WatchEvent::Gone(gone) if gone == object(6)));
    }

    #[tokio::test]
    async fn who_is_too_far_behind_is_told_to_list_again() {
        let mut told = Told::default();
        told.begin("0");
        let mut stream = told.listen("0");
        (1..=BEHIND + 2).for_each(|version| change(&mut told, version));
        assert_eq!(next(&mut told.listen("1")).await, Err(ErrorKind::Expired));
        assert_eq!(next(&mut told.listen(&BEHIND.to_string())).await, Ok((BEHIND + 1).to_string()));
        for version in 1..=BEHIND {
            assert_eq!(next(&mut stream).await, Ok(version.to_string()));
        }
        assert_eq!(next(&mut stream).await, Err(ErrorKind::Expired));
    }
}
