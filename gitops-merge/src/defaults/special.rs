//! Defaults that no table can say.

use serde_json::{Map, Value, json};

/// Runs a rule of the table that starts with `@`.
pub(super) fn run(name: &str, object: &mut Map<String, Value>) {
    match name {
        "pod-requests" => containers(object, requests_from_limits),
        "host-ports" => containers(object, host_ports),
        "names" => names(object),
        "string-data" => string_data(object),
        "template-labels" => template_labels(object),
        "limit-range" => limit_range(object),
        "claim-templates" => claim_templates(object),
        _ => {}
    }
}

/// Answers a condition of the table that starts with `@`.
pub(super) fn test(name: &str, object: &Map<String, Value>) -> bool {
    match name {
        "untagged" => untagged(object.get("image").and_then(Value::as_str).unwrap_or_default()),
        "no-volume-source" => !object.keys().any(|key| key != "name"),
        _ => false,
    }
}

/// Whether an image is without a tag or with `latest`; one with a digest is neither.
fn untagged(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn at<'a>(object: &'a Map<String, Value>, path: &[&str]) -> Option<&'a Value> {
    super::rules::get(object, path)
}

fn each(list: Option<&mut Value>, change: fn(&mut Map<String, Value>)) {
    for item in list.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(item) = item {
            change(item);
        }
    }
}

fn containers(pod: &mut Map<String, Value>, change: fn(&mut Map<String, Value>)) {
    if let Some(Value::Object(spec)) = pod.get_mut("spec") {
        for list in ["containers", "initContainers"] {
            each(spec.get_mut(list), change);
        }
    }
}

fn requests_from_limits(container: &mut Map<String, Value>) {
    let Some(Value::Object(resources)) = container.get_mut("resources") else { return };
    let Some(Value::Object(limits)) = resources.get("limits").cloned() else { return };
    let requests = resources.entry("requests").or_insert_with(|| json!({}));
    if let Value::Object(requests) = requests {
        for (name, limit) in limits {
            requests.entry(name).or_insert(limit);
        }
    }
}

fn host_ports(container: &mut Map<String, Value>) {
    each(container.get_mut("ports"), |port| {
        let unset = port.get("hostPort").is_none_or(|port| port == 0);
        if unset && let Some(same) = port.get("containerPort").cloned() {
            port.insert("hostPort".to_owned(), same);
        }
    });
}

/// `stringData` is written only: it goes into `data`.
fn string_data(secret: &mut Map<String, Value>) {
    let Some(Value::Object(text)) = secret.remove("stringData") else { return };
    let data = secret.entry("data").or_insert_with(|| json!({}));
    if data.is_null() {
        *data = json!({});
    }
    if let Value::Object(data) = data {
        for (name, value) in text {
            data.insert(name, Value::from(base64(value.as_str().unwrap_or_default().as_bytes())));
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |index: u32| ALPHABET.get((index & 63) as usize).map_or('A', |letter| char::from(*letter));
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let all = byte(0) << 16 | byte(1) << 8 | byte(2);
        out.push(letter(all >> 18));
        out.push(letter(all >> 12));
        out.push(if chunk.len() > 1 { letter(all >> 6) } else { '=' });
        out.push(if chunk.len() > 2 { letter(all) } else { '=' });
    }
    out
}

fn template_labels(controller: &mut Map<String, Value>) {
    let Some(Value::Object(labels)) = at(controller, &["spec", "template", "metadata", "labels"]).cloned() else {
        return;
    };
    for path in [&["spec", "selector"] as &[&str], &["metadata", "labels"]] {
        if at(controller, path).is_none_or(|value| value.as_object().is_none_or(Map::is_empty)) {
            super::rules::set(controller, path, Value::Object(labels.clone()));
        }
    }
}

fn limit_range(item: &mut Map<String, Value>) {
    let take = |item: &Map<String, Value>, field: &str| {
        item.get(field).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let mut default = take(item, "default");
    let mut request = take(item, "defaultRequest");
    for (name, value) in take(item, "max") {
        default.entry(name).or_insert(value);
    }
    for (name, value) in default.iter().map(|(name, value)| (name.clone(), value.clone())).chain(take(item, "min")) {
        request.entry(name).or_insert(value);
    }
    for (field, values) in [("default", default), ("defaultRequest", request)] {
        if !values.is_empty() {
            item.insert(field.to_owned(), Value::Object(values));
        }
    }
}

/// The names of a custom kind follow from its kind.
fn names(names: &mut Map<String, Value>) {
    let Some(kind) = names.get("kind").and_then(Value::as_str).map(str::to_owned) else { return };
    for (field, name) in [("singular", kind.to_lowercase()), ("listKind", format!("{kind}List"))] {
        let slot = names.entry(field).or_insert(Value::Null);
        if slot.as_str().is_none_or(str::is_empty) {
            *slot = Value::from(name);
        }
    }
}

/// Claims in a StatefulSet carry their own version and kind.
fn claim_templates(set: &mut Map<String, Value>) {
    if let Some(Value::Object(spec)) = set.get_mut("spec") {
        each(spec.get_mut("volumeClaimTemplates"), |claim| {
            claim.insert("apiVersion".to_owned(), Value::from("v1"));
            claim.insert("kind".to_owned(), Value::from("PersistentVolumeClaim"));
        });
    }
}
