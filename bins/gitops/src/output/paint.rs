//! Colours, by meaning. `anstream` strips them where the output is no terminal or colour is off.

use owo_colors::OwoColorize as _;

use crate::arguments::ColorChoice;

/// Applies the user's choice to everything that is printed.
pub fn choose(choice: ColorChoice) {
    match choice {
        ColorChoice::Auto => {}
        ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
        ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// A heading.
pub fn title(text: &str) -> String {
    text.bold().to_string()
}

/// Something that went well.
pub fn good(text: &str) -> String {
    text.green().to_string()
}

/// Something that needs a look.
pub fn warning(text: &str) -> String {
    text.yellow().to_string()
}

/// Something that failed.
pub fn error(text: &str) -> String {
    text.red().bold().to_string()
}

/// What to do next.
pub fn hint(text: &str) -> String {
    text.cyan().to_string()
}

/// Something of less weight.
pub fn faint(text: &str) -> String {
    text.dimmed().to_string()
}

/// A status or health word, in its colour.
pub fn status(word: &str) -> String {
    match word {
        "Synced" | "Healthy" | "Succeeded" | "Pruned" => good(word),
        "OutOfSync" | "Progressing" | "Suspended" | "Running" | "Unknown" | "Missing" | "PruneSkipped" => warning(word),
        "Degraded" | "Failed" | "Error" | "SyncFailed" => error(word),
        _ => word.into(),
    }
}
