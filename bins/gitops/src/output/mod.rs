//! How results look: tables, colours, progress, plans and times.

pub(crate) mod paint;
pub(crate) mod plan_text;
pub(crate) mod preview;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod watch;

use gitops_core::Timestamp;
use serde::Serialize;

use crate::failure::Failure;

/// Prints a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    stream::line(format_args!("{}", serde_json::to_string_pretty(value)?))
}

/// Prints a value as YAML.
pub(crate) fn yaml(value: &impl Serialize) -> Result<(), Failure> {
    stream::text(&gitops_yaml::write(&serde_json::to_value(value)?))
}

/// The first seven digits of a commit, as `git log --oneline` has them by default.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}

/// A time to the second, in UTC.
pub(crate) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
