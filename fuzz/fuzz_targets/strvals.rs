//! Any text of `--set` and its relatives is carried out or refused, over values that are there already.
#![no_main]

use gitops_render::helm::strvals::{Setting, apply};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|input: &[u8]| {
    let Some((kind, text)) = input.split_first() else { return };
    let Ok(text) = String::from_utf8(text.to_vec()) else { return };
    let setting = match kind % 5 {
        0 => Setting::Set(text),
        1 => Setting::SetString(text),
        2 => Setting::SetJson(text),
        3 => Setting::SetLiteral(text),
        _ => Setting::SetFile(text),
    };
    let there = json!({"a": {"b": [1, {"c": null}], "": 2}, "b": [[], "x"], "": {}});
    let mut values = there.as_object().cloned().unwrap_or_default();
    let _ = apply(&setting, &mut values, &mut |path| Ok(path.as_bytes().to_vec()));
});
