//! A value in block style, near enough to YAML to be read as such.

use std::fmt::Write as _;

use gitops_core::Value;

/// Writes a value in lines, each indented by this many blanks.
pub(super) fn lines(value: &Value) -> Vec<String> {
    let mut out = String::new();
    write(&mut out, value, 0);
    let text = out.strip_prefix('\n').unwrap_or(&out);
    text.lines().map(str::to_owned).collect()
}

/// Writes a value after a key or dash: scalars on the same line, everything else from the next.
fn write(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                new_line(out, indent);
                out.push_str(&scalar(key));
                out.push(':');
                write_after(out, value, indent + 2);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                new_line(out, indent);
                out.push('-');
                write_item(out, item, indent + 2);
            }
        }
        Value::String(text) if text.contains('\n') => {
            out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
            for line in text.lines() {
                new_line(out, indent);
                out.push_str(line);
            }
        }
        Value::String(text) => out.push_str(&scalar(text)),
        // Writing to a String cannot fail.
        other => drop(write!(out, "{other}")),
    }
}

fn write_after(out: &mut String, value: &Value, indent: usize) {
    let nested = matches!(value, Value::Object(map) if !map.is_empty());
    let listed = matches!(value, Value::Array(items) if !items.is_empty());
    if !(nested || listed) {
        out.push(' ');
    }
    write(out, value, if listed { indent.saturating_sub(2) } else { indent });
}

/// An item of a list: its first line stands behind the dash.
fn write_item(out: &mut String, item: &Value, indent: usize) {
    let mut inner = String::new();
    write(&mut inner, item, indent);
    out.push(' ');
    let blanks = format!("\n{}", " ".repeat(indent));
    out.push_str(inner.strip_prefix(&blanks).unwrap_or(&inner));
}

fn new_line(out: &mut String, indent: usize) {
    out.push('\n');
    out.push_str(&" ".repeat(indent));
}

/// Text as a plain scalar, quoted where it could be read as something else.
fn scalar(text: &str) -> String {
    let plain_start = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_' | '.' | '('));
    let plain = text.chars().all(|c| !c.is_control() && !matches!(c, '"' | '\'' | '#' | '`'))
        && !text.contains(": ")
        && !text.ends_with([':', ' ']);
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if plain_start && plain && !word && text.parse::<f64>().is_err() {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_read_like_yaml() {
        let value = json!({
            "a": [{"name": "x", "ports": [{"p": 1}]}, 2, []], "b": {"c": "true", "d": "l1\nl2"}, "e": {}, "f": "80",
        });
        let expected = "a:\n- name: x\n  ports:\n  - p: 1\n- 2\n- []\nb:\n  c: \"true\"\n  d: |-\n    l1\n    l2\ne: {}\nf: \"80\"";
        assert_eq!(lines(&value).join("\n"), expected);
        assert_eq!(lines(&json!(5)), ["5"]);
        assert_eq!(lines(&json!("a\nb")), ["|-", "a", "b"]);
    }
}
