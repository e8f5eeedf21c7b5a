//! Values as Go prints them in messages.

use gitops_template::{Value, print_by_verb, print_value};

/// A value as `%v` prints it.
pub(super) fn plain(value: &Value) -> String {
    print_value(value)
}

/// A value that was to be a truth, as `%t` prints it.
pub(super) fn of_wrong_type(value: &Value) -> String {
    print_by_verb(value, 't')
}
