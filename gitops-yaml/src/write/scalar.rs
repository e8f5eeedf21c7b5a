//! Strings in the styles of go-yaml, folded where a line grows past its eightieth column.

use std::fmt::Write;

use super::analysis::{analyze, is_break, is_printable};
use crate::resolve::is_plain_string;

/// The column after which a blank becomes a line break.
const BEST_WIDTH: usize = 80;

/// Bytes that a key written before its `:` may have.
const SIMPLE_KEY_BYTES: usize = 128;

/// Whether a key can stand before its `:`; others follow a `?`.
pub(super) fn is_simple_key(key: &str) -> bool {
    key.len() <= SIMPLE_KEY_BYTES && !key.contains(is_break)
}

/// What is written so far, and where the pen is.
pub(super) struct Emitter<'a> {
    out: &'a mut String,
    /// Where the current line begins in `out`.
    line_start: usize,
    /// The line holds nothing but blanks and the indicators of blocks.
    at_indentation: bool,
    /// A blank, or the beginning of a line, is before the pen.
    after_blank: bool,
    /// As go-yaml v3 writes.
    pretty: bool,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(out: &'a mut String) -> Self {
        let line_start = out.len();
        Self { out, line_start, at_indentation: true, after_blank: true, pretty: false }
    }

    pub(super) fn pretty(out: &'a mut String) -> Self {
        Self { pretty: true, ..Self::new(out) }
    }

    pub(super) fn is_pretty(&self) -> bool {
        self.pretty
    }

    pub(super) fn at_indentation(&self) -> bool {
        self.at_indentation
    }

    /// Ends the last line.
    pub(super) fn finish(&mut self) {
        self.indent(0);
    }

    fn newline(&mut self) {
        self.out.push('\n');
        self.line_start = self.out.len();
    }

    /// Goes to a column, on a new line where this one is used.
    pub(super) fn indent(&mut self, column: usize) {
        let here = self.out.len() - self.line_start;
        if !self.at_indentation || here > column || (here == column && !self.after_blank) {
            self.newline();
        }
        let missing = column.saturating_sub(self.out.len() - self.line_start);
        self.out.extend(std::iter::repeat_n(' ', missing));
        self.at_indentation = true;
        self.after_blank = true;
    }

    fn blank(&mut self) {
        if !self.after_blank {
            self.out.push(' ');
        }
    }

    /// Writes `-`, `?` or a `:` that begins a line.
    pub(super) fn indicator(&mut self, indicator: &str) {
        self.blank();
        self.out.push_str(indicator);
        self.after_blank = false;
    }

    /// Writes the `:` behind a key.
    pub(super) fn colon(&mut self) {
        self.out.push(':');
        self.written();
    }

    fn written(&mut self) {
        self.after_blank = false;
        self.at_indentation = false;
    }

    /// Writes text that needs no quotes and does not fold.
    pub(super) fn word(&mut self, word: &str) {
        self.blank();
        self.out.push_str(word);
        self.written();
    }

    /// Writes a string; lines after its first begin at `indent`.
    pub(super) fn string(&mut self, text: &str, indent: usize, simple_key: bool) {
        let resolves_to_itself = is_plain_string(text);
        // In blocks go-yaml v3 takes tabs for any other character.
        let tabs = self.pretty && text.contains('\n') && text.contains('\t');
        let looks = if tabs { analyze(&text.replace('\t', "x")) } else { analyze(text) };
        let foldable = !simple_key && !self.pretty;
        let fold = foldable && text.contains(' ') && self.out.len() - self.line_start + text.len() > BEST_WIDTH;
        if text.contains('\n') {
            match looks.block && !simple_key {
                true => self.literal(text, indent),
                false => self.double_quoted(text, indent, fold),
            }
        } else if !resolves_to_itself {
            self.double_quoted(text, indent, fold);
        } else if looks.plain {
            self.plain(text, indent, fold);
        } else if looks.single_quoted {
            self.single_quoted(text, indent, fold);
        } else {
            self.double_quoted(text, indent, fold);
        }
    }

    fn column(&self) -> usize {
        self.out.get(self.line_start..).map_or(0, |line| line.chars().count())
    }

    fn plain(&mut self, text: &str, indent: usize, fold: bool) {
        if !fold {
            return self.word(text);
        }
        self.blank();
        self.folded(text, indent, 0..text.len(), false);
        self.written();
    }

    fn single_quoted(&mut self, text: &str, indent: usize, fold: bool) {
        self.blank();
        self.out.push('\'');
        self.at_indentation = false;
        self.after_blank = false;
        if !fold && !text.contains('\'') && !text.contains(is_break) {
            self.out.push_str(text);
        } else {
            // A blank at either end is never a place to fold.
            let inner = if fold { 1..text.len().saturating_sub(1) } else { 0..0 };
            self.folded(text, indent, inner, true);
        }
        self.out.push('\'');
        self.written();
    }

    /// Writes text that may break lines at lone blanks whose place is in `places`.
    fn folded(&mut self, text: &str, indent: usize, places: std::ops::Range<usize>, quoted: bool) {
        let bytes = text.as_bytes();
        let (mut column, mut after_space, mut after_break) = (self.column(), false, false);
        for (at, character) in text.char_indices() {
            if character == ' ' {
                let lone = !after_space && bytes.get(at + 1) != Some(&b' ');
                if lone && column > BEST_WIDTH && places.contains(&at) {
                    self.indent(indent);
                    column = indent;
                } else {
                    self.out.push(' ');
                    column += 1;
                }
                after_space = true;
            } else if is_break(character) {
                self.out.push(character);
                self.line_start = self.out.len();
                column = 0;
                self.at_indentation = true;
                after_break = true;
            } else {
                if after_break {
                    self.indent(indent);
                    column = indent;
                }
                if quoted && character == '\'' {
                    self.out.push('\'');
                    column += 1;
                }
                self.out.push(character);
                column += 1;
                self.at_indentation = false;
                (after_space, after_break) = (false, false);
            }
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, fold: bool) {
        self.blank();
        self.out.push('"');
        self.at_indentation = false;
        self.after_blank = false;
        // go-yaml looks for a byte order mark at the beginning, whichever character it is at.
        let escape_all = text.starts_with('\u{feff}');
        let bytes = text.as_bytes();
        let (mut column, mut after_space, mut counted) = (0, false, self.out.len());
        if fold || escape_all {
            column = self.column();
        }
        for (at, character) in text.char_indices() {
            if escape_all || !is_printable(character) || is_break(character) || matches!(character, '"' | '\\') {
                self.escape(character);
                after_space = false;
            } else if character == ' ' {
                // Escapes are as many columns as bytes, and other characters one each: count since the last blank.
                column += self.out.get(counted..).map_or(0, |written| written.chars().count());
                counted = self.out.len();
                if fold && !after_space && column > BEST_WIDTH && at > 0 && at + 1 < bytes.len() {
                    self.indent(indent);
                    self.at_indentation = false;
                    column = indent;
                    counted = self.out.len();
                    if bytes.get(at + 1) == Some(&b' ') {
                        self.out.push('\\');
                    }
                } else {
                    self.out.push(' ');
                }
                after_space = true;
            } else {
                self.out.push(character);
                after_space = false;
            }
        }
        self.out.push('"');
        self.written();
    }

    fn escape(&mut self, character: char) {
        let short = match character {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(character);
                // Writing to a string cannot fail.
                let _ = match code {
                    0..=0xff => write!(self.out, "\\x{code:02X}"),
                    0x100..=0xffff => write!(self.out, "\\u{code:04X}"),
                    _ => write!(self.out, "\\U{code:08X}"),
                };
                return;
            }
        };
        self.out.push('\\');
        self.out.push(short);
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.blank();
        self.out.push('|');
        if text.starts_with(|first| first == ' ' || is_break(first)) {
            self.out.push('2');
        }
        let mut ends = text.chars().rev();
        let (last, before) = (ends.next().is_some_and(is_break), ends.next().is_none_or(is_break));
        match (last, before) {
            (false, _) => self.out.push('-'),
            (true, true) => self.out.push('+'),
            (true, false) => {}
        }
        self.newline();
        let mut rest = text;
        while let Some(end) = rest.find(is_break) {
            let (line, after) = rest.split_at(end);
            self.literal_line(line, indent);
            let width = after.chars().next().map_or(0, char::len_utf8);
            let (ending, after) = after.split_at(width);
            self.out.push_str(ending);
            self.line_start = self.out.len();
            rest = after;
        }
        self.literal_line(rest, indent);
        self.at_indentation = rest.is_empty();
        self.after_blank = true;
    }

    fn literal_line(&mut self, line: &str, indent: usize) {
        if !line.is_empty() {
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.out.push_str(line);
        }
    }
}
