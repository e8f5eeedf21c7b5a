//! Values inside of texts that are JSON or YAML themselves, such as the files of a ConfigMap.

use gitops_core::Value;
use gitops_yaml::{Options, Resolver};

use super::put;
use crate::kustomize::field_path::{change, find_mut};
use crate::kustomize::hash::go_json;

/// Sets a value at a path that leads into a text, and says whether there was something to set. A text that could not take
/// the value is left as it is, as kustomize leaves it. JSON becomes what Go writes, in lines if it was in lines; YAML keeps its
/// order and its styles, not its comments.
pub(super) fn set(target: &mut Value, path: &[String], value: &Value, create: bool) -> bool {
    for at in 1..path.len() {
        let (head, rest) = path.split_at(at);
        let Some(Value::String(text)) = find_mut(target, head) else { continue };
        let documents = gitops_yaml::read_documents(text.as_bytes(), &Options::new(Resolver::Kyaml));
        let Some(document) = documents.ok().and_then(|documents| documents.into_iter().next()) else { continue };
        let mut inside = document.value;
        return match change(&mut inside, rest, create, &mut |end| put(end, value)) {
            Ok(0) => false,
            Ok(_) => {
                if let Some(written) = written(text, &inside) {
                    *text = written;
                }
                true
            }
            Err(_) => true,
        };
    }
    false
}

fn written(text: &str, value: &Value) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) {
        return Some(gitops_yaml::rewrite(text, value).ok()?.trim().to_owned());
    }
    let in_lines = text.contains('\n') && text.contains("  ");
    Some(if in_lines { go_json(&serde_json::to_string_pretty(value).ok()?) } else { go_json(&value.to_string()) })
}
