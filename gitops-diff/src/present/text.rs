//! Text for a terminal or a log, in the manner of `git diff`.

use super::lines::{self, Mark};
use crate::{DiffKind, FieldDiff, ObjectDiff};

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextOptions {
    /// Whether to colour it. The caller knows whether it writes to a terminal.
    pub color: bool,
    /// What the two states are called: the one before and the one after.
    pub sides: (&'static str, &'static str),
}

impl TextOptions {
    /// Text with colour or without, of what is live and what Git says.
    pub fn new(color: bool) -> Self {
        Self { color, sides: ("live", "git") }
    }

    /// With other words for the two states.
    #[must_use]
    pub fn between(mut self, before: &'static str, after: &'static str) -> Self {
        self.sides = (before, after);
        self
    }
}

impl Default for TextOptions {
    fn default() -> Self {
        Self::new(false)
    }
}

/// What differs, as text: for each object that differs a head, for each field a hunk with its path, reason and
/// owner, the live lines marked `-` and the desired ones `+`. Objects without a difference are left out.
pub fn text(diffs: &[ObjectDiff], options: TextOptions) -> String {
    let mut out = Writer { text: String::new(), options };
    diffs.iter().for_each(|diff| out.object(diff));
    out.text
}

struct Writer {
    text: String,
    options: TextOptions,
}

// Codes of ECMA-48's "select graphic rendition", as git colours its diffs.
const HEAD: &str = "1";
const HUNK: &str = "36";
const OLD: &str = "31";
const NEW: &str = "32";
const NOTE: &str = "33";
const PLAIN: &str = "";

impl Writer {
    fn object(&mut self, diff: &ObjectDiff) {
        let id = &diff.id;
        if !diff.is_same() {
            let (before, after) = self.options.sides;
            let (old, new) = match diff.kind {
                DiffKind::Create => ("/dev/null".to_owned(), format!("{after}/{id}")),
                DiffKind::Delete => (format!("{before}/{id}"), "/dev/null".to_owned()),
                DiffKind::Update | DiffKind::Same => (format!("{before}/{id}"), format!("{after}/{id}")),
            };
            self.line(HEAD, &format!("diff {id} ({})", diff.kind));
            self.line(HEAD, &format!("--- {old}"));
            self.line(HEAD, &format!("+++ {new}"));
            diff.fields.iter().for_each(|field| self.field(field));
        }
        for warning in &diff.warnings {
            self.line(NOTE, &format!("warning: {id}: {warning}"));
        }
    }

    fn field(&mut self, field: &FieldDiff) {
        let owner = match &field.owner {
            Some(owner) => format!("; live value owned by {owner}"),
            None => String::new(),
        };
        self.line(HUNK, &format!("@@ {} @@ {}{owner}", field.path, field.reason));
        for (mark, line) in lines::of(field) {
            let code = match mark {
                Mark::Old => OLD,
                Mark::New => NEW,
                Mark::Same | Mark::Gap => PLAIN,
            };
            self.line(code, &format!("{}{line}", mark.sign()));
        }
    }

    fn line(&mut self, code: &str, line: &str) {
        let line = lines::printable(line);
        if self.options.color && !code.is_empty() {
            self.text.push_str(&format!("\u{1b}[{code}m{line}\u{1b}[0m\n"));
        } else {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }
}
