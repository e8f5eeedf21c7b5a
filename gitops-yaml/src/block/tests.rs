use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::compose::Composer;
use crate::{Options, ReadError, input};

/// What the reader by events says.
fn by_events(text: &str) -> Result<Value, ReadError> {
    let ended = input::end_line(text.into());
    Composer::new(&ended, text.len(), &Options::new(Resolver::Sigs)).first()
}

/// Whether a text is of the form; if so, both readers agree on it.
fn agrees(text: &str) -> bool {
    let Some(value) = read(text, &Limits::default()) else { return false };
    assert_eq!(by_events(text), Ok(value), "{text:?}");
    true
}

#[test]
fn usual_manifests_are_of_the_form() {
    let text = "# why\nkind: A # what\n'a b':\n  yes: \"x\\ny\" # z\n  list:\n  - a: 1\n    b: {}\n  - - 1.50\n    - -x\n  -\n  - ~\n  \
                script: |-\n\n    a\n      b: c\n\n    d\n  end: it's # here\n  kept: |+\n    a\n\n\nnext:\nlast: [ a/b, 'c', 1 ] # x";
    assert!(agrees(text));
    for empty in ["a: |\nb: c", "a: |\n\n# d\nb: c", "a:\n  b: |-\n\n  c: d", "- |\n- a: |\n\n  b: c"] {
        assert!(agrees(empty), "{empty:?}");
    }
    let value = read(text, &Limits::default()).unwrap();
    assert_eq!(value["a b"]["script"], "\na\n  b: c\n\nd");
    assert_eq!(value["a b"]["list"], json!([{"a": 1, "b": {}}, [1.5, "-x"], null, null]));
}

#[test]
fn all_else_is_left_to_the_whole_reader() {
    let others = [
        "",
        "a",
        "- a\nb: c",
        "a: b: c",
        "a: b\n  c",
        "a: 'b\n  c'",
        "a: &b c",
        "a: >\n  b",
        "a: |2\n   b",
        "a: |+\n\n\nb: c",
        "a: |\n \nb: c",
        "a: |\n",
        "a: |\n   \n  b",
        "a:\n  b\n",
        "a:\tb",
        "a: b\n---\nc: d",
        "%YAML 1.1\n---\na: b",
        "? a\n: b",
        "<<: {}",
        "a: [b: c]",
        "a: [b, c,]",
        "a: [b c]",
        "a: [b,\n  c]",
        "a: b\n c: d",
        "a: .inf",
        "a: \"\\x41\"",
        "~: a",
        "a: b\r\nc: d",
        "a:\n    b: c\n  d: e",
        "a: |\n  b\n ",
    ];
    for text in others {
        assert_eq!(read(text, &Limits::default()), None, "{text:?}");
    }
}

#[test]
fn budgets_are_those_of_the_whole_reader() {
    let limits = Limits { max_depth: 2, max_nodes: 5, ..Limits::default() };
    assert!(read("a:\n  b: c", &limits).is_some());
    assert!(read("a:\n  b:\n    c: d", &limits).is_none());
    assert!(read("a: 1\nb: 2\nc: 3\nd: 4", &limits).is_some());
    assert!(read("a: 1\nb: 2\nc: 3\nd: 4\ne: 5", &limits).is_none());
}

/// What texts are put together of, right and wrong.
const PIECES: &[&str] = &[
    " ",
    "  ",
    "\n",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "-",
    "a",
    "b: ",
    "c:",
    "\nd: ",
    "\n- ",
    "key: |\n",
    "|",
    "|-",
    "|+",
    ">",
    "'",
    "\"",
    "''",
    "\\",
    "\\n",
    "\\\"",
    "#",
    " # x",
    ": ",
    ":",
    "{}",
    "[]",
    "[",
    "]",
    ", ",
    "1",
    "0x1f",
    "1.5",
    "-1",
    "y",
    "null",
    "~",
    "<<",
    "&x ",
    "*x",
    "!!str ",
    "\t",
    "---",
    "é",
    "\u{2028}",
    "%",
    "?",
    "? ",
    ",",
    "true",
    "é: ",
    "...",
    "2001-01-01",
    "12:30:45",
    "=",
    ".",
    "/",
];

/// Pieces of which lines are put together, right and wrong ones.
fn pieces() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

/// What lines hold.
const HEADS: &[&str] = &[
    "a: b",
    "b:",
    "- a",
    "-",
    "- c: d",
    "- - e",
    "c: |",
    "- |-",
    "d: |+",
    "text",
    "",
    "# no",
    "e: 'it''s' # x",
    "\"f\": {}",
    "g: x #",
    "1: - 2",
    "h: \"\\n\"",
    "  i: 1",
    "l: [a, \"b\", 1.0 ]",
    "- [y]",
    "- j: |",
    "- - k: ~",
    "b: no",
    "y: on",
    "\tz",
];

/// Lines of the form with random columns, so that most of them are read.
fn lines() -> impl Strategy<Value = String> {
    let line = (0..5usize, proptest::sample::select(HEADS), 0..2usize)
        .prop_map(|(indent, head, end)| " ".repeat(indent) + head + &" ".repeat(end));
    (proptest::collection::vec(line, 1..12), proptest::bool::ANY)
        .prop_map(|(lines, ended)| lines.join("\n") + if ended { "\n" } else { "" })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn both_readers_agree_on_pieces(text in pieces()) {
        agrees(&text);
    }

    #[test]
    fn both_readers_agree_on_lines(text in lines()) {
        agrees(&text);
    }
}

/// Every YAML file of the recorded results, where they are.
#[test]
#[expect(clippy::disallowed_methods, reason = "the recorded results are read from files")]
fn both_readers_agree_on_real_files() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance")];
    let (mut of_form, mut all) = (0, 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
                && let Ok(text) = std::fs::read_to_string(&path)
                && input::decode(text.as_bytes()).is_ok()
            {
                for document in text.split("\n---\n") {
                    for cut in [document, document.trim()] {
                        of_form += u32::from(agrees(cut));
                        all += 1;
                    }
                }
            }
        }
    }
    assert!(of_form >= all / 2, "{of_form} of {all}");
}
