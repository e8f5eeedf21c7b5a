//! Folded texts (`>`), which kustomize changes: it writes what it read and reads that again, and go-yaml v3 does not write
//! every folded text so that the same one comes back.

use libyaml_safer::EventData;

use crate::compose::{next_event, parser};
use crate::write::may_be_block;

/// A folded text as it comes back from go-yaml v3's writer (`yaml_emitter_write_folded_scalar`).
///
/// Between two lines the writer adds an empty line, without which they would be folded into one, unless the first of them is
/// indented further. Whether it should it asks of the beginning of the whole text, where it means the second line: with a
/// text that begins with a letter, lines before one that is indented further are parted by a line more, and with one that
/// begins with a blank, lines are folded.
pub(crate) fn refolded(text: String) -> String {
    if !text.contains('\n') || !may_be_block(&text) {
        return text;
    }
    let adds_lines = text.trim_start_matches('\n').starts_with(|first| first != ' ' && first != '\t');
    let mut written = String::from("- >");
    if text.starts_with([' ', '\n']) {
        written.push('2');
    }
    match text.strip_suffix('\n') {
        None => written.push('-'),
        Some(rest) if rest.is_empty() || rest.ends_with('\n') => written.push('+'),
        Some(_) => {}
    }
    written.push('\n');
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if !bare.is_empty() {
            written.push_str("  ");
            written.push_str(bare);
            if line.len() > bare.len() && adds_lines && !bare.starts_with([' ', '\t']) {
                written.push('\n');
            }
        }
        written.push_str(line.get(bare.len()..).unwrap_or_default());
    }
    if !written.ends_with('\n') {
        // Clipped by the header; without it the line has no end.
        written.push('\n');
    }
    read(&written).unwrap_or(text)
}

/// The first scalar of a text.
fn read(text: &str) -> Option<String> {
    let mut parser = parser(text);
    loop {
        match next_event(&mut parser).ok()?.data {
            EventData::Scalar { value, .. } => return Some(value),
            EventData::StreamEnd => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_texts_come_back_as_kustomize_reads_them_again() {
        let refolded = |text: &str| refolded(text.to_owned());
        for same in ["a b\n", "a\nb\n", "a\n\nb", "a\n", "a"] {
            assert_eq!(refolded(same), same);
        }
        assert_eq!(refolded("a\n  b\nc\n"), "a\n\n  b\nc\n");
        assert_eq!(refolded("a\n\tb\nc"), "a\n\n\tb\nc");
        assert_eq!(refolded("a\n\n"), "a\n\n\n");
        assert_eq!(refolded(" a\nb\nc\n"), " a\nb c\n");
        // Trailing blanks are written in double quotes.
        assert_eq!(refolded("a \n  b\n"), "a \n  b\n");
    }
}
