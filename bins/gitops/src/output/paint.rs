//! Colours, by meaning. `anstream` strips them where the output is no terminal or colour is off.

use owo_colors::OwoColorize as _;

use crate::arguments::ColorChoice;

/// Applies the user's choice to everything that is printed.
pub(crate) fn choose(choice: ColorChoice) {
    match choice {
        ColorChoice::Auto => {}
        ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
        ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// A heading.
pub(crate) fn title(text: &str) -> String {
    text.bold().to_string()
}

/// Something that went well.
pub(crate) fn good(text: &str) -> String {
    text.green().to_string()
}

/// Something that needs a look.
pub(crate) fn warning(text: &str) -> String {
    text.yellow().to_string()
}

/// Something that failed.
pub(crate) fn error(text: &str) -> String {
    text.red().bold().to_string()
}

/// What to do next.
pub(crate) fn hint(text: &str) -> String {
    text.cyan().to_string()
}

/// Something of less weight.
pub(crate) fn faint(text: &str) -> String {
    text.dimmed().to_string()
}

/// A status or health word, in its colour.
pub(crate) fn status(word: &str) -> String {
    match word {
        "Synced" | "Healthy" | "Succeeded" | "Pruned" => good(word),
        "OutOfSync" | "Progressing" | "Suspended" | "Running" | "Unknown" | "Missing" | "PruneSkipped" => warning(word),
        "Degraded" | "Failed" | "Error" | "SyncFailed" => error(word),
        _ => word.into(),
    }
}
