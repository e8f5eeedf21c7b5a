//! The roles that Argo CD has built in: `role:readonly`, which may look at everything, and `role:admin`, which may do
//! everything but call extensions. The user `admin` is in the second.

use super::rules::{MatchMode, Rules};

const READER: &str = "role:readonly";
const ADMINISTRATOR: &str = "role:admin";
/// What belongs to a project.
const IN_PROJECT: &str = "*/*";
const ANY: &str = "*";

const READ: [(&str, &str); 10] = [
    ("applications", IN_PROJECT),
    ("applicationsets", IN_PROJECT),
    ("certificates", ANY),
    ("clusters", ANY),
    ("repositories", ANY),
    ("write-repositories", ANY),
    ("projects", ANY),
    ("accounts", ANY),
    ("gpgkeys", ANY),
    ("logs", IN_PROJECT),
];

const WRITE: [(&str, &[&str], &str); 10] = [
    (
        "applications",
        &["create", "update", "update/*", "delete", "delete/*", "sync", "rollback", "override", "action/*"],
        IN_PROJECT,
    ),
    ("applicationsets", &["get", "create", "update", "delete"], IN_PROJECT),
    ("certificates", &["create", "update", "delete"], ANY),
    ("clusters", &["create", "update", "delete"], ANY),
    ("repositories", &["create", "update", "delete"], ANY),
    ("write-repositories", &["create", "update", "delete"], ANY),
    ("projects", &["create", "update", "delete"], ANY),
    ("accounts", &["update"], ANY),
    ("gpgkeys", &["create", "delete"], ANY),
    ("exec", &["create"], IN_PROJECT),
];

/// The policy of these roles. Its patterns are globs; in the mode of regular expressions they are read as such, as Argo CD
/// does, and most of them are then none.
pub(super) fn rules(mode: MatchMode) -> Rules {
    let mut rules = Rules::default();
    for (resource, object) in READ {
        rules.permit(READER, [resource, "get", object], "allow", mode);
    }
    for (resource, actions, object) in WRITE {
        for action in actions {
            rules.permit(ADMINISTRATOR, [resource, action, object], "allow", mode);
        }
    }
    rules.give(ADMINISTRATOR, READER);
    rules.give("admin", ADMINISTRATOR);
    rules
}
