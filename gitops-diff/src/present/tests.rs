use gitops_core::{Object, Value};
use gitops_merge::schema::Kinds;
use serde_json::json;

use super::*;
use crate::{DiffContext, ObjectDiff, deletion, diff};

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

fn config_map(data: Value) -> Object {
    object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}, "data": data}))
}

fn sample() -> Vec<ObjectDiff> {
    let old = config_map(json!({"a": "1", "file": "one\ntwo\nthree\n", "x": "<script>alert(1)</script>"}));
    let new = config_map(json!({"a": "2", "file": "one\n2\nthree\n", "x": "\u{1b}[31m&"}));
    vec![
        diff(&new, Some(&old), &DiffContext::new()).unwrap(),
        diff(&old, Some(&old), &DiffContext::new()).unwrap(),
        deletion(&config_map(json!({"only": "this"}))),
    ]
}

#[test]
fn text_reads_like_git() {
    insta::assert_snapshot!(text(&sample(), TextOptions::default()), @r#"
    diff ConfigMap/n/c (update)
    --- live/ConfigMap/n/c
    +++ git/ConfigMap/n/c
    @@ .data.a @@ in Git, the live value has no owner
    -"1"
    +"2"
    @@ .data.file @@ in Git, the live value has no owner
     one
    -two
    +2
     three
    @@ .data.x @@ in Git, the live value has no owner
    -"<script>alert(1)</script>"
    +"\u001b[31m&"
    diff ConfigMap/n/c (delete)
    --- live/ConfigMap/n/c
    +++ /dev/null
    @@ .data @@ would be deleted
    -only: this
    "#);
}

#[test]
fn colour_is_only_what_is_asked_for() {
    assert!(!text(&sample(), TextOptions::new(false)).contains('\u{1b}'));
    let colored = text(&sample(), TextOptions::new(true));
    assert!(colored.contains("\u{1b}[31m-\"1\"\u{1b}[0m\n"), "{colored}");
}

#[test]
fn the_page_stands_alone_and_is_escaped() {
    let page = html(&sample(), &PageOptions::new("shop <1>"));
    for foreign in ["<script", "http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("shop &lt;1&gt;") && page.contains("&lt;script&gt;alert(1)"));
    assert!(page.contains("0 to create, 1 to update, 1 to delete, 1 the same"));
    assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
}

#[test]
fn json_is_read_back() {
    let document = json(&sample());
    let diffs: Vec<ObjectDiff> = serde_json::from_value(document["diffs"].clone()).unwrap();
    assert_eq!(diffs.len(), 2);
    assert_eq!(diffs[0], sample()[0]);
    assert_eq!(document["diffs"][0]["fields"][0]["path"]["pointer"], "/data/a");
}

/// Every way out of a comparison of Secrets, with tokens at every place that a payload can be.
#[test]
fn no_secret_gets_out() {
    let secret = |n: u8| {
        object(json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "s", "labels": {"n": n.to_string()}, "annotations": {
                gitops_core::annotations::LAST_APPLIED: format!("{{\"data\":{{\"k\":\"canary-last-{n}\"}}}}"),
            }, "managedFields": [{"manager": "gitops-engine", "operation": "Apply", "fieldsV1": {"f:data": {"f:gone": {}}}}]},
            "data": {"k": format!("canary-data-{n}"), format!("only-{n}"): "canary-only", "gone": "canary-gone"},
            "stringData": {"t": format!("canary-text-{n}")},
        }))
    };
    let (want, have) = (secret(1), secret(2));
    let rules = serde_json::from_value(json!([
        {"kind": "Secret", "jsonPointers": ["/data/none/x"], "jqPathExpressions": [".data | error", ".data.x, error(.)"]},
    ]));
    let rules: Vec<gitops_core::api::ResourceIgnoreDifferences> = rules.unwrap();
    let rules = crate::normalize::IgnoreRules::compile(&rules).unwrap();
    let kinds = Kinds::builtin().unwrap();
    let context = DiffContext::new().with_kinds(&kinds).with_ignore(&rules);
    let mut tight = context;
    tight.budget.depth = 1;
    let predicted = context.with_predicted(Some(&want));
    let diffs = vec![
        diff(&want, Some(&have), &context).unwrap(),
        diff(&want, None, &context).unwrap(),
        diff(&want, Some(&have), &predicted).unwrap(),
        deletion(&have),
    ];
    let errors = [diff(&want, Some(&have), &tight).unwrap_err()];
    let live = |_: &ObjectDiff| Some(&have);
    let texts = [
        format!("{diffs:?} {diffs:#?} {errors:?} {}", errors[0]),
        format!("{context:?} {predicted:?}"),
        text(&diffs, TextOptions::new(true)),
        html(&diffs, &PageOptions::default()),
        json(&diffs).to_string(),
        json_patch(&diffs, live).to_string(),
        serde_json::to_string(&diffs).unwrap(),
    ];
    assert!(diffs.iter().all(|diff| diff.fields.iter().any(crate::FieldDiff::is_secret)));
    for text in texts {
        for token in ["canary", "Y2FuYXJ5"] {
            assert!(!text.contains(token), "{text}");
        }
    }
}
