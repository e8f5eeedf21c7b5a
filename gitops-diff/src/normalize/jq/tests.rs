use serde_json::json;

use super::*;

fn document() -> Map {
    let value = json!({
        "metadata": {"annotations": {"a/b": "1"}},
        "spec": {"replicas": 1, "containers": [
            {"name": "a", "image": "nginx", "env": [{"name": "A"}]},
            {"name": "b", "image": "redis"},
            {"name": "c"},
        ]},
    });
    value.as_object().unwrap().clone()
}

fn paths(text: &str) -> Vec<String> {
    let print = |path: ValuePath| {
        let print = |token: &Step| match token {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
            Step::Range(from, to) => format!("{from:?}..{to:?}"),
        };
        path.iter().map(print).collect::<Vec<_>>().join(" ")
    };
    let compiled = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    compiled.paths(&document()).unwrap_or_else(|error| panic!("{text}: {error}")).into_iter().map(print).collect()
}

#[test]
fn expressions_name_paths() {
    assert_eq!(paths(".spec.replicas"), ["spec replicas"]);
    assert_eq!(paths(".spec.nope.deeper"), ["spec nope deeper"]);
    assert_eq!(paths(r#".spec.containers[] | select(.name == "b") | .image"#), ["spec containers 1 image"]);
    assert_eq!(paths(".spec.containers[0].env[] | select(.name==\"A\")"), ["spec containers 0 env 0"]);
    assert_eq!(paths(".spec.replicas, .metadata"), ["spec replicas", "metadata"]);
    assert_eq!(paths(r#".metadata.annotations."a/b""#), ["metadata annotations a/b"]);
    assert_eq!(paths(".spec.containers[1:]"), ["spec containers Some(1)..None"]);
    assert_eq!(paths(".spec.containers[-1]"), ["spec containers -1"]);
    assert_eq!(paths(".. | .image? | select(. != null)").len(), 2);
    assert_eq!(paths(r#".spec.containers[] | select(.image // "" | test("^ng"))"#), ["spec containers 0"]);
    assert_eq!(paths(r#".spec.containers[] | select(.name | IN("a", "c")).image"#).len(), 2);
    assert_eq!(paths(r#".spec.containers[] | select(.name | inside("ab")).image"#).len(), 2);
    assert_eq!(paths(".spec.initContainers[]?.image").len(), 0);
    assert_eq!(
        paths(r#".spec | to_entries as $e | if ($e | length) > 1 then .replicas else empty end"#),
        ["spec replicas"]
    );
    assert_eq!(paths(r#".spec.containers[] | select([.env[]?.name] | any(. == "A"))"#), ["spec containers 0"]);
    assert_eq!(paths(". as {spec: {$replicas}} | select($replicas == 1) | .spec"), ["spec"]);
    assert_eq!(paths("label $out | .spec.containers[] | if .name == \"b\" then ., break $out else empty end").len(), 1);
    assert_eq!(paths("first(.spec.containers[] | select(.image))"), ["spec containers 0"]);
    assert_eq!(paths(r#"select(reduce .spec.containers[] as $c (0; . + 1) == 3) | .spec"#), ["spec"]);
    assert_eq!(paths(r#"select(("\(.spec.replicas)" | tonumber) == 1) | .spec"#), ["spec"]);
    assert_eq!(paths(r#"select({a: 1, "b": 2} | keys == ["a", "b"]) | .spec"#), ["spec"]);
    assert_eq!(paths(r#"select([.spec.containers[].name] | join(",") == "a,b,c") | .spec"#), ["spec"]);
}

#[test]
fn expressions_that_are_no_paths_fail_on_the_object() {
    for text in [".spec.image | sub(\"a\";\"b\")", "1", ".spec.containers.name", "error(\"x\")"] {
        let compiled = Expression::compile(text).unwrap();
        assert_eq!(compiled.paths(&document()), Err(EvaluationError::Failed), "{text}");
    }
}

#[test]
fn what_could_run_on_is_refused() {
    for text in [
        "def f: f; f",
        "repeat(.)",
        "recurse(.a; true)",
        "recurse(.)",
        "until(false; .)",
        "while(true; .)",
        "input",
        "env",
        "$ENV",
        "debug",
        "now",
        "halt",
        ".a = 1",
        ".a |= 1",
        "\"x\" * 1000000000",
        "limit(3; repeat(1))",
        "combinations",
        "walk(.)",
        "metered_step",
        "ignored_fields",
        "nope",
        "$x",
        "@sh",
        "import \"a\" as a; .",
        "",
        ".a |",
        ".[",
        "\"",
    ] {
        let error = Expression::compile(text).err();
        assert!(error.is_some(), "{text}");
    }
    let error = |text: &str| Expression::compile(text).unwrap_err().to_string();
    assert_eq!(error("repeat(.)"), "`repeat` is not available in path expressions");
    assert_eq!(error(".a | | .b"), "not a jq expression: expected term before `|`");
    assert_eq!(error("$x"), "it does not compile: undefined `$x`");
}

#[test]
fn what_takes_long_is_stopped() {
    let double = vec!["[., .]"; 60].join(" | ");
    for text in [
        "select([range(1000000000)] | length > 0)",
        "select(range(1000000000) | select(. < 0))",
        "(range(1000000000) | error(\"x\")?) // .",
        "(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|(.,.,.)|empty",
        "select(reduce range(100000) as $i (.; [.]) | .[0])",
        "select(reduce range(100000) as $i (\"ab\"; . + .) == 1)",
        "select([limit(1000000000; range(1000000000))] | length > 0)",
        "select(last(range(1000000000)) > 0)",
        "select(any(range(1000000000); . < 0))",
        "select(try (range(1000000000) | empty) catch .)",
        "select(\"a\" | gsub(\"\"; \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\") | gsub(\"\"; \"aaaaaaaaaaaaaaaaaaaaaaaaa\") \
         | gsub(\"\"; \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\") | gsub(\"\"; \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\") == \"\")",
        "select([range(50000)] | contains([range(50000; 100000)]))",
        &format!("select({double} | tojson == \"\")"),
        &format!("select({double} == 1)"),
    ] {
        let compiled = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(compiled.paths_within(&document(), 200_000), Err(EvaluationError::Budget), "{text}");
    }
}

#[test]
fn deep_and_long_texts_are_refused_or_read() {
    for text in [
        "(".repeat(4000),
        "-".repeat(4000),
        "[".repeat(40),
        "try ".repeat(1000),
        ". as $x | ".repeat(400),
        ".|".repeat(2000),
        "not,".repeat(1000),
        format!("{}.", "reduce . as $x (.; ".repeat(30)),
        format!(".{}", ".a".repeat(2000)),
        format!("\"{}", "\\(\"".repeat(500)),
        ".a?".to_owned() + &"?".repeat(4000),
        "if ".repeat(1300),
        ".".repeat(5000),
    ] {
        if let Ok(compiled) = Expression::compile(&text) {
            let _ = compiled.paths(&document());
        }
    }
}

#[test]
fn the_nested_text_of_an_annotation_is_no_danger() {
    let compiled = Expression::compile("select(.a | fromjson | true) | .a").unwrap();
    let document = json!({"a": "[".repeat(200_000)});
    assert_eq!(compiled.paths(document.as_object().unwrap()), Err(EvaluationError::Failed));
}
