//! Markdown for comments on pull requests: a foldable part for each object.

use super::text::{TextOptions, text};
use crate::ObjectDiff;

/// Lines of one object's differences beyond which the rest is left out: hosts of repositories cut long comments off.
const MAX_LINES: usize = 400;

/// What differs, as GitHub's and GitLab's Markdown. What comes from a repository stands in code only, whose fence is longer than
/// any that it has itself.
pub fn markdown(diffs: &[ObjectDiff], sides: (&'static str, &'static str)) -> String {
    let options = TextOptions::new(false).between(sides.0, sides.1);
    let shown = diffs.iter().filter(|diff| !diff.is_same() || !diff.warnings.is_empty());
    shown.map(|diff| object(diff, options)).collect()
}

fn object(diff: &ObjectDiff, options: TextOptions) -> String {
    let whole = text(std::slice::from_ref(diff), options);
    // The first line says what the summary says.
    let mut lines: Vec<&str> = whole.lines().skip(1).collect();
    let left_out = lines.len().saturating_sub(MAX_LINES);
    lines.truncate(MAX_LINES);
    let mut body = lines.join("\n");
    if left_out > 0 {
        body.push_str(&format!("\n… {left_out} more lines"));
    }
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    let name = escaped(&diff.id.to_string());
    let kind = diff.kind;
    format!(
        "<details><summary><code>{name}</code> ({kind})</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n\n"
    )
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
