//! A field's change as marked lines, which text and page both show.

use gitops_core::Value;
use similar::{ChangeTag, TextDiff};

use super::block;
use crate::{Change, FieldDiff, Shown};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Live, and would not be any more.
    Old,
    /// Would be.
    New,
    /// Both, for orientation.
    Same,
    /// Lines are left out here.
    Gap,
}

impl Mark {
    /// The character in front of the line.
    pub(super) fn sign(self) -> char {
        match self {
            Self::Old => '-',
            Self::New => '+',
            Self::Same | Self::Gap => ' ',
        }
    }
}

/// Beyond this many lines texts are not compared line by line: that takes time that grows with the square.
const LINE_DIFF_LIMIT: usize = 4_000;

/// The lines of a field's change.
pub(super) fn of(field: &FieldDiff) -> Vec<(Mark, String)> {
    match (&field.old, &field.new) {
        (Some(Shown::Value(Value::String(old))), Some(Shown::Value(Value::String(new))))
            if (1..=LINE_DIFF_LIMIT).contains(&(breaks(old) + breaks(new))) =>
        {
            unified(old, new)
        }
        (old, new) => {
            let old = old.iter().flat_map(|shown| shown_lines(Mark::Old, shown, field.change));
            old.chain(new.iter().flat_map(|shown| shown_lines(Mark::New, shown, field.change))).collect()
        }
    }
}

fn breaks(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn shown_lines(mark: Mark, shown: &Shown, change: Change) -> Vec<(Mark, String)> {
    let lines = match shown {
        Shown::Value(value) => block::lines(value),
        Shown::Secret if change == Change::Changed => vec!["[secret, changed]".to_owned()],
        Shown::Secret => vec!["[secret]".to_owned()],
    };
    lines.iter().map(|line| (mark, printable(line))).collect()
}

/// Text of several lines: the lines that differ, with three lines around them.
fn unified(old: &str, new: &str) -> Vec<(Mark, String)> {
    let diff = TextDiff::from_lines(old, new);
    let mut out = Vec::new();
    for (place, group) in diff.grouped_ops(3).iter().enumerate() {
        if place > 0 {
            out.push((Mark::Gap, "...".to_owned()));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Delete => Mark::Old,
                ChangeTag::Insert => Mark::New,
                ChangeTag::Equal => Mark::Same,
            };
            let line = change.value();
            out.push((mark, printable(line.strip_suffix('\n').unwrap_or(line))));
            if change.missing_newline() {
                out.push((Mark::Gap, "\\ no newline at the end".to_owned()));
            }
        }
    }
    out
}

/// Values come from repositories and clusters: control characters in them must not steer a terminal.
pub(super) fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}
