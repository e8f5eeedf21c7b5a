use std::time::{Duration, Instant};

use gitops_template::{Limits, Value};

use super::support::render_with;

/// Budgets that a hostile template spends within a moment.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.steps = 2_000_000;
    limits.output = 8 << 20;
    limits
}

#[test]
fn hostile_templates_end_within_their_budget() {
    let doubled = "{{ $l := list 1 }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}";
    for template in [
        r#"{{ repeat 1000000000 "x" }}"#,
        r#"{{ range until 1000000000 }}{{ end }}"#,
        r#"{{ range 1000000000 }}x{{ end }}"#,
        r#"{{ range untilStep 0 1000000000 1 }}{{ end }}"#,
        r#"{{ seq 1000000000 }}"#,
        r#"{{ randAlphaNum 1000000000 }}"#,
        r#"{{ randBytes 1000000000 }}"#,
        r#"{{ indent 1000000000 "x" }}"#,
        r#"{{ printf "%1000000d" 1 | repeat 1000 }}"#,
        r#"{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}"#,
        r#"{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}"#,
        r#"{{ define "a" }}{{ include "a" . }}{{ include "a" . }}{{ end }}{{ include "a" . }}"#,
        r#"{{ $x := "{{ tpl . . }}" }}{{ tpl $x $x }}"#,
        r#"{{ regexReplaceAll "" (repeat 1000000 "x") (repeat 100 "y") }}"#,
        r#"{{ regexFindAll "[^y]*y|." (repeat 1000000 "x") -1 | len }}"#,
        r#"{{ replace "" (repeat 1000 "y") (repeat 100000 "x") }}"#,
        r#"{{ range until 100 }}{{ bcrypt "x" }}{{ end }}"#,
        r#"{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ toJson $d | required "nothing" }}{{ fail "x" }}"#,
    ] {
        ends(template);
    }
    for function in
        ["toJson", "toYaml", "toYamlPretty", "toToml", "toString", "toPrettyJson", "deepCopy", "printf \"%v\""]
    {
        ends(&format!("{doubled}{{{{ {function} $l | toString | len }}}}{{{{ fail \"end\" }}}}"));
    }
    ends(&format!("{doubled}{{{{ deepEqual $l (list $l 2) }}}}{{{{ fail \"end\" }}}}"));
}

fn ends(template: &str) {
    let start = Instant::now();
    let error = render_with(template, Value::Nil, &limits()).unwrap_err();
    assert!(!error.is_empty());
    assert!(start.elapsed() < Duration::from_secs(20), "{template} took {:?}", start.elapsed());
}

#[test]
fn a_budget_that_is_spent_is_told() {
    let steps = render_with("{{ range until 1000000000 }}{{ end }}", Value::Nil, &limits()).unwrap_err();
    assert!(steps.contains("more than the"), "{steps}");
    let output = render_with(r#"{{ repeat 1000000000 "x" }}"#, Value::Nil, &limits()).unwrap_err();
    assert!(output.contains("the template makes more than the 8388608 bytes allowed"), "{output}");
}
