//! Following the Applications: how each is, as far as that is kept in memory, and which changes of one are to be looked at.

use std::sync::Arc;

use gitops_core::GroupVersionKind;
use gitops_core::annotations::{DELETION_APPROVED, REFRESH, SKIP_RECONCILE, TAKE_OVER};
use gitops_core::api::{API_VERSION, APPLICATION_KIND, Application};
use gitops_core::cluster::Query;

use super::follow::{Seen, follow};
use super::queue::Key;
use super::readings::Readings;
use super::{OperatorOptions, Signal, Work};

impl Work {
    /// Follows the Applications from now on.
    pub(super) fn follow_applications(&mut self) {
        let query = applications_of(&self.options);
        let sender = self.sender.clone();
        let mut readings = Readings::default();
        let tell = move |seen: Seen<'_>| {
            let signal = match seen {
                Seen::Listed(object) | Seen::Changed(object) => {
                    let key = Key::new(object.namespace().unwrap_or_default(), object.name());
                    match readings.read(&key, object) {
                        Ok((application, state)) => Signal::Application(key, application, state),
                        Err(error) => Signal::Trouble(format!("the application `{key}`"), error.to_string()),
                    }
                }
                Seen::Gone(id, _) => {
                    let key = Key::new(id.namespace.clone().unwrap_or_default(), id.name.clone());
                    readings.forget(&key);
                    Signal::Gone(key)
                }
                Seen::Complete => Signal::Complete,
                Seen::Failed(error) => Signal::Trouble("the list of applications".into(), error.to_string()),
            };
            sender.send(signal).is_ok()
        };
        self.followers.spawn(follow(Arc::clone(&self.engine.cluster), query, tell));
    }
}

/// The Applications that are followed.
pub(super) fn applications_of(options: &OperatorOptions) -> Query {
    let mut query = Query::all(GroupVersionKind::from_api_version(API_VERSION, APPLICATION_KIND));
    query.namespace.clone_from(&options.namespace);
    query
}

/// Whether a change of an Application is one to look at: its status changes with every look.
pub(super) fn asks(before: &Application, after: &Application) -> bool {
    let (old, new) = (&before.metadata, &after.metadata);
    before.spec != after.spec
        || after.operation.is_some() && before.operation != after.operation
        || old.deletion_timestamp.is_some() != new.deletion_timestamp.is_some()
        || new.annotation(REFRESH).is_some() && old.annotation(REFRESH) != new.annotation(REFRESH)
        || new.annotation(DELETION_APPROVED).is_some()
            && old.annotation(DELETION_APPROVED) != new.annotation(DELETION_APPROVED)
        || [SKIP_RECONCILE, TAKE_OVER].iter().any(|one| old.annotation(one) != new.annotation(one))
}
