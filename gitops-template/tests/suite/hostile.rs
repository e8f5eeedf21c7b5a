//! No text makes the lexer, the parser or the evaluator panic or hang.

use gitops_template::{Delimiters, FromJson, Functions, Limits, Value, from_json, parse};
use proptest::prelude::*;

use super::support::render_with;

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.steps = 20_000;
    limits.output = 1 << 16;
    limits.depth = 50;
    limits
}

fn data() -> Value {
    let json = serde_json::json!({
        "text": "aé\u{1F600}b", "number": 3, "float": 1.5, "yes": true, "nothing": null,
        "list": [1, "two", null, [3]], "map": { "a": { "b": "c" }, "d": [] }
    });
    from_json(&json, FromJson::Floats)
}

/// Pieces that make templates which get further than the first character.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("{{- ".to_owned()),
        Just(" -}}".to_owned()),
        Just("{{/*".to_owned()),
        Just("*/}}".to_owned()),
        "(if|else|else if|with|range|end|define|template|block|break|continue) ",
        "[.$][a-z]{0,3}",
        "(:=|=|,|\\||\\(|\\)|\\.|'|\"|`| )",
        "[0-9_xXbo.eEpi+-]{1,6}",
        "\\PC{0,4}",
    ]
}

/// A value as a template writes it.
fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(".text".to_owned()),
        Just(".number".to_owned()),
        Just(".float".to_owned()),
        Just(".yes".to_owned()),
        Just(".nothing".to_owned()),
        Just(".list".to_owned()),
        Just(".map".to_owned()),
        Just(".".to_owned()),
        Just("nil".to_owned()),
        Just("now".to_owned()),
        Just("(semver \"1.2.3\")".to_owned()),
        "-?[0-9]{1,19}",
        "\"[ -!#-\\[\\]-~]{0,12}\"",
        "\"(\\(\\?[imsU]|[*+?{}()|^$.]|[a-z0-9]|\\[|\\]|%[a-z]|[0-9]{1,4}|[:/@#=-]){0,8}\"",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_template_or_an_error(text in "\\PC{0,60}") {
        let _ = render_with(&text, data(), &limits());
    }

    #[test]
    fn pieces_of_templates_are_templates_or_errors(pieces in prop::collection::vec(piece(), 0..14)) {
        let _ = render_with(&pieces.concat(), data(), &limits());
    }

    #[test]
    fn every_function_takes_any_arguments(
        name in prop::sample::select(Functions::helm().names().collect::<Vec<_>>()),
        arguments in prop::collection::vec(argument(), 0..5),
    ) {
        prop_assume!(!name.starts_with("derive") && !matches!(name, "bcrypt" | "htpasswd"));
        let _ = render_with(&format!("{{{{ {name} {} }}}}", arguments.join(" ")), data(), &limits());
    }
}

#[test]
fn an_empty_mark_opens_nothing() {
    let marks = Delimiters { left: String::new(), right: String::new() };
    let templates = parse("t", "a {{ b }} c".into(), &Functions::builtin(), &marks).unwrap();
    assert_eq!(templates.len(), 1);
}
