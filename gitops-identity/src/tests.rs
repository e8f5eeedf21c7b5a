//! What the tests of all clouds need.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gitops_fixtures::WebServer;

use crate::Variables;

/// 2026-01-02T03:04:05Z.
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_323_045)
}

/// The process's own variables, and a Secret's over them.
pub(crate) fn variables(own: &[(&str, &str)], given: &[(&str, &str)]) -> Variables {
    Variables::own().in_place_of_own(map(own)).with(map(given))
}

/// What was last sent to a path as a form.
pub(crate) fn sent(server: &WebServer, path: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(&server.sent(path)).into_owned().collect()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
