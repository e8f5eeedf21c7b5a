use serde_json::json;

use super::*;

fn sigs(text: &str) -> Value {
    read_one(text.as_bytes(), &Options::new(Resolver::Sigs)).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn kyaml(text: &str) -> Value {
    read_one(text.as_bytes(), &Options::new(Resolver::Kyaml)).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn refused(text: &str) -> String {
    read_one(text.as_bytes(), &Options::new(Resolver::Sigs)).unwrap_err().to_string()
}

#[test]
fn texts_that_need_quotes_are_told() {
    for text in ["a", "a b", "yes", "x:1", "1.2.3"] {
        assert!(is_plain(text, Resolver::Kyaml), "{text}");
    }
    for text in ["", "80", "true", "null", "0x10", "a: b", "- a", " a", "*a", "a\nb"] {
        assert!(!is_plain(text, Resolver::Kyaml), "{text}");
    }
    assert!(!is_plain("yes", Resolver::Sigs));
}

#[test]
fn scalars_are_texts_where_that_is_asked_for() {
    let mut options = Options::new(Resolver::Kyaml);
    options.texts_at = Some(&["metadata", "annotations"]);
    let text =
        "a: 1.10\nmetadata:\n  annotations: {a: 1.10, b: 2001-01-01, c: , d: [1.10], e: {f: 1.10}}\n  b: {c: 1.10}\n";
    assert_eq!(
        read_one(text.as_bytes(), &options).unwrap(),
        json!({"a": 1.1, "metadata": {
            "annotations": {"a": "1.10", "b": "2001-01-01", "c": null, "d": [1.1], "e": {"f": 1.1}}, "b": {"c": 1.1},
        }})
    );
}

#[test]
fn scalars_mean_what_the_go_tools_say() {
    let both = [
        ("0777", json!(511)),
        ("0b11", json!(3)),
        ("1_000", json!(1000)),
        ("08", json!(8.0)),
        ("0o17", json!(15)),
        ("0x1F", json!(31)),
        ("0b-1", json!(-1)),
        ("-0b11", json!(-3)),
        ("+1", json!(1)),
        ("1.", json!(1.0)),
        (".5", json!(0.5)),
        (".1_0", json!(0.1)),
        ("._5", json!("._5")),
        ("1e3", json!(1000.0)),
        ("1e400", json!("1e400")),
        ("12345678901234567890", json!(12_345_678_901_234_567_890u64)),
        ("1:30", json!("1:30")),
        ("0o8", json!("0o8")),
        ("0x", json!("0x")),
        ("~", Value::Null),
        ("", Value::Null),
        ("Null", Value::Null),
        ("nUll", json!("nUll")),
        ("True", json!(true)),
        ("tRue", json!("tRue")),
        ("=", json!("=")),
        ("!custom 3", json!("3")),
        ("!!str 123", json!("123")),
        ("!!int '3'", json!(3)),
        ("!!float 3", json!(3)),
        ("!!binary aGVsbG8=", json!("hello")),
        ("!!binary //8=", json!("\u{fffd}\u{fffd}")),
        ("'it''s'", json!("it's")),
        ("\"\\x41\\u00e9\\U0001F600\"", json!("Aé\u{1f600}")),
    ];
    for (text, value) in both {
        assert_eq!(sigs(&format!("- {text}\n")), json!([value]), "{text}");
        assert_eq!(kyaml(&format!("- {text}\n")), json!([value]), "{text}");
    }
    for (text, old, new) in [
        ("yes", json!(true), json!("yes")),
        ("Off", json!(false), json!("Off")),
        ("y", json!(true), json!("y")),
        ("2001-12-14", json!("2001-12-14"), json!("2001-12-14T00:00:00Z")),
        ("! 3", json!("3"), json!(3)),
        ("! '3'", json!("3"), json!("3")),
        ("2001-1-1 1:2:3.50", json!("2001-1-1 1:2:3.50"), json!("2001-01-01T01:02:03.5Z")),
        ("2001-02-30", json!("2001-02-30"), json!("2001-02-30")),
    ] {
        assert_eq!(sigs(&format!("- {text}\n")), json!([old]), "{text}");
        assert_eq!(kyaml(&format!("- {text}\n")), json!([new]), "{text}");
    }
}

#[test]
fn keys_become_text_as_the_go_tools_have_it() {
    assert_eq!(
        sigs("n: 1\ny: 2\n0x10: 3\n1e20: 4\n0.1: 5\n.inf: 6\n2001-01-01: 7\n"),
        json!({"false": 1, "true": 2, "16": 3, "1e+20": 4, "0.1": 5, ".inf": 6, "2001-01-01": 7})
    );
    assert_eq!(kyaml("n: 1\n0x10: 3\n"), json!({"n": 1, "0x10": 3}));
    for text in ["~: a", ": a", "12345678901234567890: a", "[a]: b", "{a: b}: c"] {
        refused(text);
    }
}

#[test]
fn merges_follow_the_version_of_the_tool() {
    assert_eq!(sigs("a: 1\n<<: {a: 2, b: 3}\n"), json!({"a": 2, "b": 3}));
    assert_eq!(kyaml("a: 1\n<<: {a: 2, b: 3}\n"), json!({"a": 1, "b": 3}));
    for read in [sigs, kyaml] {
        assert_eq!(read("<<: {a: 2, b: 3}\na: 1\n"), json!({"a": 1, "b": 3}));
        assert_eq!(read("b: &b {x: 1}\nd: {<<: [*b, {x: 2, z: 3}]}\n"), json!({"b": {"x": 1}, "d": {"x": 1, "z": 3}}));
        assert_eq!(read("'<<': {a: 1}\n"), json!({"<<": {"a": 1}}));
    }
    assert_eq!(refused("a: 1\n<<: 3\n"), "2:1: map merge requires a map or a list of maps as the value");
}

#[test]
fn what_go_refuses_is_refused() {
    for text in [
        "a: \"\\/\"",
        "a: \"\\q\"",
        "-\tb: 1",
        "\ta: 1",
        "a:\n\tb: 1",
        "a: .inf",
        "a: -.Inf",
        "a: .nan",
        "a: !!int 3.5",
        "a: !!null x",
        "a: !!binary xyz",
        "a: *x",
        "a: &x [*x]",
        "%YAML 1.2\n---\na: 1",
        "a: \u{0}",
        "a: \u{7f}",
        "a: [1",
        "a: @x",
        "a: b: c",
        "---\na: 1\n---\nb: 2\n",
        "{!a, b: c}",
    ] {
        refused(text);
    }
    assert_eq!(refused("a: 1\nbé: \u{7}\n"), "2:5: control characters are not allowed (U+0007)");
}

#[test]
fn encodings_and_line_ends_are_read() {
    let text = "a: é\u{1f600}\r\nb: 2\r\n";
    let value = json!({"a": "é\u{1f600}", "b": 2});
    let utf16 = |unit: fn(u16) -> [u8; 2]| {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect::<Vec<_>>()
    };
    for bytes in [
        text.as_bytes().to_vec(),
        format!("\u{feff}{text}").into_bytes(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
    ] {
        assert_eq!(read_one(&bytes, &Options::new(Resolver::Sigs)).unwrap(), value);
    }
    let error = read_one(b"a: 1\nb: \xff\n", &Options::new(Resolver::Sigs)).unwrap_err();
    assert_eq!(error.to_string(), "2:4: the text is not UTF-8");
    assert!(read_one(b"\xff\xfea", &Options::new(Resolver::Sigs)).is_err());
}

#[test]
fn empty_documents_are_left_out() {
    for (text, count) in [
        ("", 0),
        ("# only\n", 0),
        ("---\n---\n", 0),
        ("---\na: 1\n---\n# c\n---\nb: 2\n...\n", 2),
        ("--- ''\n", 1),
        ("null\n", 1),
    ] {
        assert_eq!(read_documents(text.as_bytes(), &Options::new(Resolver::Sigs)).unwrap().len(), count, "{text:?}");
    }
}

#[test]
fn duplicate_keys_name_both_lines() {
    let text = "a: 1\nb: 2\na: 3\nb: 4\na: 5\n";
    let documents = read_documents(text.as_bytes(), &Options::new(Resolver::Sigs)).unwrap();
    assert_eq!(documents[0].value, json!({"a": 5, "b": 4}));
    let lines: Vec<_> = documents[0].warnings.iter().map(|warning| (warning.first_line, warning.line)).collect();
    assert_eq!(lines, [(1, 3), (2, 4), (1, 5)]);
    let error = read_one(text.as_bytes(), &Options::new(Resolver::Kyaml)).unwrap_err();
    assert_eq!(error.to_string(), "3:1: the key `a` is already set in line 1");
}

#[test]
fn paths_are_located_in_one_pass() {
    let text = b"a: 1\n---\nspec:\n  list:\n  - x: 1\n  - y: 2\n";
    let key = |key: &str| PathSegment::Key(key.into());
    let path = [key("spec"), key("list"), PathSegment::Index(1), key("y")];
    assert_eq!(locate(text, 1, &path), Some(Position { line: 6, column: 5 }));
    let missing = [key("spec"), key("list"), PathSegment::Index(7)];
    let found = locate_many(text, 1, &[&path[..], &missing, &[], &path[..3]]);
    let at = |line, column| Some(Position { line, column });
    assert_eq!(found, [at(6, 5), at(4, 3), at(3, 1), at(6, 5)]);
    assert_eq!(locate_many(text, 2, &[&path]), [None]);
}

#[test]
fn a_block_scalar_may_end_with_the_text() {
    for (text, value) in [
        ("a: |\n  x", "x"),
        ("a: |\n  x\n", "x\n"),
        ("a: >\n  x\n  y", "x y"),
        ("a: |\n  x\n  ", "x\n"),
        ("a: |-\n  x", "x"),
        ("a: |+\n  x\n  ", "x\n"),
    ] {
        assert_eq!(sigs(text), json!({"a": value}), "{text:?}");
    }
}
