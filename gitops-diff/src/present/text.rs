//! Text for a terminal or a log, in the manner of `git diff`.

use gitops_core::Value;
use similar::{ChangeTag, TextDiff};

use super::block;
use crate::{Change, DiffKind, FieldDiff, ObjectDiff, Shown};

/// How text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextOptions {
    /// Whether to colour it. The caller knows whether it writes to a terminal.
    pub color: bool,
}

impl TextOptions {
    /// Text with colour or without.
    pub fn new(color: bool) -> Self {
        Self { color }
    }
}

/// What differs, as text: for each object that differs a head, for each field a hunk with its path, reason and
/// owner, the live lines marked `-` and the desired ones `+`. Objects without a difference are left out.
pub fn text(diffs: &[ObjectDiff], options: TextOptions) -> String {
    let mut out = Writer { text: String::new(), color: options.color };
    for diff in diffs {
        out.object(diff);
    }
    out.text
}

struct Writer {
    text: String,
    color: bool,
}

#[derive(Clone, Copy)]
enum Style {
    Head,
    Hunk,
    Old,
    New,
    Note,
    Plain,
}

impl Writer {
    fn object(&mut self, diff: &ObjectDiff) {
        let id = &diff.id;
        if !diff.is_same() {
            let (old, new) = match diff.kind {
                DiffKind::Create => ("/dev/null".to_owned(), format!("git/{id}")),
                DiffKind::Delete => (format!("live/{id}"), "/dev/null".to_owned()),
                DiffKind::Update | DiffKind::Same => (format!("live/{id}"), format!("git/{id}")),
            };
            self.line(Style::Head, &format!("diff {id} ({})", diff.kind));
            self.line(Style::Head, &format!("--- {old}"));
            self.line(Style::Head, &format!("+++ {new}"));
            diff.fields.iter().for_each(|field| self.field(field));
        }
        for warning in &diff.warnings {
            self.line(Style::Note, &format!("warning: {id}: {warning}"));
        }
    }

    fn field(&mut self, field: &FieldDiff) {
        let owner = match &field.owner {
            Some(owner) => format!("; live value owned by {owner}"),
            None => String::new(),
        };
        self.line(Style::Hunk, &format!("@@ {} @@ {}{owner}", field.path, field.reason));
        match (&field.old, &field.new) {
            (Some(Shown::Value(Value::String(old))), Some(Shown::Value(Value::String(new))))
                if old.contains('\n') || new.contains('\n') =>
            {
                self.unified(old, new);
            }
            (old, new) => {
                old.iter().for_each(|shown| self.shown(Style::Old, shown, field.change));
                new.iter().for_each(|shown| self.shown(Style::New, shown, field.change));
            }
        }
    }

    fn shown(&mut self, style: Style, shown: &Shown, change: Change) {
        let mark = if matches!(style, Style::Old) { '-' } else { '+' };
        match shown {
            Shown::Value(value) => {
                block::lines(value).iter().for_each(|line| self.line(style, &format!("{mark}{line}")));
            }
            Shown::Secret => {
                let state = if change == Change::Changed { "secret, changed" } else { "secret" };
                self.line(style, &format!("{mark}[{state}]"));
            }
        }
    }

    /// Text of several lines: the lines that differ, with three lines around them.
    fn unified(&mut self, old: &str, new: &str) {
        let diff = TextDiff::from_lines(old, new);
        for (place, group) in diff.grouped_ops(3).iter().enumerate() {
            if place > 0 {
                self.line(Style::Hunk, " ...");
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let (style, mark) = match change.tag() {
                    ChangeTag::Delete => (Style::Old, '-'),
                    ChangeTag::Insert => (Style::New, '+'),
                    ChangeTag::Equal => (Style::Plain, ' '),
                };
                let line = change.value();
                self.line(style, &format!("{mark}{}", line.strip_suffix('\n').unwrap_or(line)));
                if change.missing_newline() {
                    self.line(Style::Plain, "\\ no newline at the end");
                }
            }
        }
    }

    fn line(&mut self, style: Style, line: &str) {
        let code = match style {
            Style::Head => "1",
            Style::Hunk => "36",
            Style::Old => "31",
            Style::New => "32",
            Style::Note => "33",
            Style::Plain => "",
        };
        let line = printable(line);
        if self.color && !code.is_empty() {
            self.text.push_str(&format!("\u{1b}[{code}m{line}\u{1b}[0m\n"));
        } else {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }
}

/// Values come from repositories and clusters: control characters in them must not steer a terminal.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}
