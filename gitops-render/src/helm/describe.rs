//! Values as Go prints them in messages.

use gitops_template::{Text, Value, print_value, printf_value};

/// A value as `%v` prints it.
pub(super) fn plain(value: &Value) -> String {
    print_value(value)
}

/// A value that was to be a truth, as `%t` prints it.
pub(super) fn of_wrong_type(value: &Value) -> String {
    printf_value(&Text::from("%t"), std::slice::from_ref(value))
}
