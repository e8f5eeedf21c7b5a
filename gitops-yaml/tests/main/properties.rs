//! What holds for every value and every text.

use gitops_yaml::{Options, Resolver, read_documents, read_one, write};
use proptest::prelude::*;
use serde_json::{Map, Number, Value};

fn text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        "",
        "y",
        "No",
        "~",
        "null",
        "<<",
        "=",
        "0x1F",
        "0o7",
        "1_0",
        "12:30:45",
        "1e3",
        ".5",
        "-",
        "---",
        "...",
        "2001-01-01",
        "+.inf",
        "a: b",
        "a #b",
        "\u{feff}x",
        "\u{1f600}",
        " a",
        "a ",
        "a\n",
        "a\n\n",
        "\n",
        "\n a",
        "a\n  b\nc",
        "a \nb",
        "tab\there",
        "x\r\ny",
        "\u{85}",
        "\u{2028}x",
    ]);
    let words = prop::collection::vec("[a-zé'\"\\\\:#-]{0,12}", 0..24).prop_map(|words| words.join(" "));
    prop_oneof![awkward.prop_map(str::to_owned), words, "\\PC{0,20}", "(?s).{0,20}", "[ -~\n]{0,160}"]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-1000.0..1000.0f64).prop_filter_map("whole", |float| Number::from_f64(float).filter(|_| float.fract() != 0.0)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Number),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..6).prop_map(|entries| Value::Object(
                entries.into_iter().filter(|(key, _)| key != "<<").collect::<Map<_, _>>()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_the_same(value in value()) {
        let text = write(&value);
        let read = read_one(text.as_bytes(), &Options::new(Resolver::Sigs));
        prop_assert_eq!(read.as_ref().ok(), Some(&value), "{}\n{:?}", text, read);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_documents(&bytes, &Options::new(Resolver::Sigs));
        let _ = read_documents(&bytes, &Options::new(Resolver::Kyaml));
    }

    #[test]
    fn any_text_like_yaml_is_read_or_refused(text in "([ \n\t]|- |: |[a-c]|[&*][ab] |<<: |\\?|[\\[\\]{},|>'\"%@`#!]|---\n|!!int |!!binary |0x|[0-9._+-]){0,80}") {
        let _ = read_documents(text.as_bytes(), &Options::new(Resolver::Sigs));
        let _ = read_documents(text.as_bytes(), &Options::new(Resolver::Kyaml));
    }
}
