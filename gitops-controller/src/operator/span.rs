//! Looks in traces.

use std::sync::Arc;

use gitops_core::api::Application;
use tracing::{Span, info_span};

use super::event::Event;
use super::look::Look;
use super::queue::Key;
use crate::address::shown;

/// What a look is called in traces. Addresses are shown without passwords; nothing else of an Application is told.
pub(super) fn span(key: &Key, application: Option<&Arc<Application>>) -> Span {
    let span = info_span!(
        "reconcile",
        application.namespace = key.namespace,
        application.name = key.name,
        project = tracing::field::Empty,
        repository = tracing::field::Empty,
        otel.status_code = tracing::field::Empty,
    );
    if let Some(application) = application.filter(|_| !span.is_disabled()) {
        span.record("project", application.spec.project());
        if let Some(source) = application.sources().first() {
            span.record("repository", shown(&source.repo_url));
        }
    }
    span
}

/// Whether a look ended without its end, or with something that failed.
pub(super) fn has_failed<Error>(looked: &Result<Look, Error>) -> bool {
    let failed = |look: &Look| look.events.iter().any(|event| matches!(event, Event::Failed { .. }));
    looked.as_ref().map_or(true, failed)
}
