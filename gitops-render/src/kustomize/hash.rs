//! The hash of its content at the end of a generated resource's name.

use gitops_core::Value;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::resource::Resource;
use super::resources::Resources;

/// Adds the hash to the names of the resources that are to have one.
pub(super) fn add_to_names(resources: &mut Resources) {
    for resource in resources.iter_mut().filter(|resource| resource.needs_hash) {
        let name = format!("{}-{}", resource.name(), hash(resource));
        resource.remember();
        resource.set_name(&name);
    }
}

/// Ten letters for a resource's content, as kustomize and kubectl compute them (`api/hasher`): the first hexadecimal
/// digits of a SHA-256 over the JSON of what counts, spelled so that no bad word comes out.
fn hash(resource: &Resource) -> String {
    let value = &resource.value;
    let field = |name: &str| value.get(name).cloned().unwrap_or_else(|| "".into());
    // kustomize looks for a name at a path that is never there, so the name is always empty.
    let content = match resource.kind() {
        "ConfigMap" => {
            let mut content = json!({"kind": "ConfigMap", "name": "", "data": field("data")});
            add_map(&mut content, value, "binaryData");
            content
        }
        "Secret" => {
            let mut content = json!({"kind": "Secret", "type": field("type"), "name": "", "data": field("data")});
            add_map(&mut content, value, "stringData");
            content
        }
        _ => value.clone(),
    };
    let hash = Sha256::digest(go_json(&content.to_string()).as_bytes());
    let digits = hash.iter().take(5).flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| b"gh2k456789mbcdtf".get(usize::from(digit)).copied().map(char::from)).collect()
}

fn add_map(content: &mut Value, value: &Value, field: &str) {
    if let (Some(map), Some(found)) = (content.as_object_mut(), value.get(field).filter(|found| found.is_object())) {
        map.insert(field.into(), found.clone());
    }
}

/// JSON as Go's `encoding/json` writes it, which escapes what is special in HTML and JavaScript.
pub(super) fn go_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
