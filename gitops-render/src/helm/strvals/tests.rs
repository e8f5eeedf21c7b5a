use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Setting, StrvalsError, apply};

fn set(setting: &Setting, values: Value) -> Result<Value, StrvalsError> {
    let mut values = values.as_object().cloned().unwrap_or_default();
    let mut read = |path: &str| Ok(format!("content of {path}").into_bytes());
    apply(setting, &mut values, &mut read).map(|()| Value::Object(values))
}

fn set_text(text: &str, values: Value) -> Result<Value, String> {
    set(&Setting::Set(text.to_owned()), values).map_err(|error| error.to_string())
}

#[test]
fn values_are_typed_by_their_looks() {
    let given = "a=1,b=-0,c=007,d=1.5,e=TRUE,f=null,g=,h=x\\,y,i={1,two,},j=+5";
    let expected = json!({
        "a": 1, "b": 0, "c": "007", "d": "1.5", "e": true, "f": null, "g": "", "h": "x,y", "i": [1, "two", ""], "j": 5
    });
    assert_eq!(set_text(given, json!({})), Ok(expected));
}

#[test]
fn names_lead_into_maps_and_lists() {
    assert_eq!(set_text("a.b[1].c=x", json!({"a": {"z": 1}})), Ok(json!({"a": {"b": [null, {"c": "x"}], "z": 1}})));
    assert_eq!(set_text("a[0][1]=x", json!({"a": [[1, 2], 3]})), Ok(json!({"a": [[1, "x"], 3]})));
    assert_eq!(set_text("a[1].b=x", json!({"a": [1, 2]})), Ok(json!({"a": [1, {"b": "x"}]})));
    assert_eq!(set_text("a\\.b\\=c=x", json!({})), Ok(json!({"a.b=c": "x"})));
}

#[test]
fn an_end_where_a_name_could_come_is_none() {
    assert_eq!(set_text("a.", json!({"a": {}})), Ok(json!({"a": {}})));
    assert_eq!(set_text("a[0]", json!({})), Ok(json!({"a": []})));
    assert_eq!(set_text("a[0].b=", json!({})), Ok(json!({"a": []})));
    assert_eq!(set_text(".a=1", json!({})), Ok(json!({})));
}

#[test]
fn other_options_read_values_in_their_way() {
    let literal = Setting::SetLiteral("a.b=x,y={1}\\".to_owned());
    assert_eq!(set(&literal, json!({})).ok(), Some(json!({"a": {"b": "x,y={1}\\"}})));
    let file = Setting::SetFile("a={f,g}".to_owned());
    assert_eq!(set(&file, json!({})).ok(), Some(json!({"a": ["content of f", "content of g"]})));
    let text = Setting::SetString("a=1,b=true".to_owned());
    assert_eq!(set(&text, json!({})).ok(), Some(json!({"a": "1", "b": "true"})));
    let given = Setting::SetJson(r#"a={"x":[1,2]}, b= ,c="y",d=1"#.to_owned());
    assert_eq!(set(&given, json!({})).ok(), Some(json!({"a": {"x": [1.0, 2.0]}, " b": null, "c": "y", "d": 1.0})));
}

#[test]
fn refusals_say_what_helm_says() {
    for (text, expected) in [
        ("a", r#"key "a" has no value"#),
        (",a=1", r#"key "" has no value (cannot end with ,)"#),
        ("a..b=1", r#"key map "a" has no value"#),
        ("a={1", "list must terminate with '}'"),
        ("a[-1]=1", "negative -1 index not allowed"),
        ("a[x]=1", r#"error parsing index: strconv.Atoi: parsing "x": invalid syntax"#),
        ("a[0", "error parsing index: EOF"),
        ("a[0]xy=1", "unexpected data at end of array index: ['x' 'y']"),
        ("a[65537]=1", "index of 65537 is greater than maximum supported index of 65536"),
        ("s.t=1", "unable to parse key: interface conversion: interface {} is string, not map[string]interface {}"),
        ("n[0]=1", "unable to parse key: interface conversion: interface {} is nil, not []interface {}"),
    ] {
        assert_eq!(set_text(text, json!({"s": "x", "n": null})), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn budgets_end_what_helm_would_do_for_long() {
    let names = format!("{}a=1", "a.".repeat(31));
    assert!(matches!(set(&Setting::Set(names), json!({})), Err(StrvalsError::TooDeep(30))));
    let nested = format!("a{}=1", "[0]".repeat(100_000));
    assert!(matches!(set(&Setting::Set(nested), json!({})), Err(StrvalsError::TooNested(_))));
    let sparse: String = (0..100).map(|name| format!("a{name}[65536]=1,")).collect();
    assert!(matches!(set(&Setting::Set(sparse), json!({})), Err(StrvalsError::TooSparse(_))));
}

proptest! {
    /// No text makes it panic or hang, whatever is there already.
    #[test]
    fn any_text_ends(text in "[ab.=,\\[\\]{}0-9\\\\ \"é-]{0,40}", kind in 0..5) {
        let setting = match kind {
            0 => Setting::Set(text),
            1 => Setting::SetString(text),
            2 => Setting::SetJson(text),
            3 => Setting::SetLiteral(text),
            _ => Setting::SetFile(text),
        };
        let _ = set(&setting, json!({"a": {"b": [1, {"a": null}]}, "b": [[], "x"]}));
    }

    /// What is escaped is read back as it was.
    #[test]
    fn escaped_values_are_read_back(value in "\\PC{0,30}") {
        let escaped: String = value.chars().flat_map(|letter| ['\\', letter]).collect();
        let read = set(&Setting::SetString(format!("a={escaped}")), json!({}));
        prop_assert_eq!(read.ok(), Some(json!({"a": value})));
    }
}
