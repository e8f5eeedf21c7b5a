//! When syncs may run.

use super::schema::schema;
use super::words::words;

schema! {
    /// A time in which syncs of some Applications may run, or may not.
    pub struct SyncWindow {
        /// Whether they may.
        pub kind: Option<SyncWindowKind> => "kind",
        /// When it begins, as a cron expression of five fields.
        pub schedule: Option<String> => "schedule",
        /// How long it lasts, such as `1h30m`.
        pub duration: Option<String> => "duration",
        /// Patterns of the Applications' names.
        pub applications: Option<Vec<String>> => "applications",
        /// Patterns of the destinations' namespaces.
        pub namespaces: Option<Vec<String>> => "namespaces",
        /// Patterns of the destinations' clusters, by URL or name.
        pub clusters: Option<Vec<String>> => "clusters",
        /// Whether syncs that somebody asks for run all the same.
        pub manual_sync: Option<bool> => "manualSync",
        /// Time zone of the schedule; UTC where absent.
        pub time_zone: Option<String> => "timeZone",
        /// Whether Applications, namespaces and clusters must all match, rather than any of them.
        pub use_and_operator: Option<bool> => "andOperator",
        /// What it is for.
        pub description: Option<String> => "description",
        /// Whether a sync that runs when the window closes may go on.
        pub sync_overrun: Option<bool> => "syncOverrun",
    }
}

words! {
    /// Whether syncs may run in a window.
    pub enum SyncWindowKind {
        /// They may, and not outside of windows of this kind.
        Allow = "allow",
        /// They may not.
        Deny = "deny",
    }
}
