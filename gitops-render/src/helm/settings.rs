//! The user's values: files, then what single settings change in them.

use serde_json::{Map, Value};

use super::strvals::{Setting, StrvalsError, apply};
use super::{HelmError, yaml};

/// Where the user's values come from, each kind in its order.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ValueSources {
    /// Files by their names, and their text. The last wins.
    pub files: Vec<(String, Vec<u8>)>,
    /// What is set; Helm carries out `--set-json`, `--set`, `--set-string`, `--set-file` and `--set-literal` in this order.
    pub settings: Vec<Setting>,
}

impl ValueSources {
    /// The values that they give together.
    ///
    /// # Errors
    /// Where a file is no map of values, or a setting is malformed.
    pub fn merge(
        &self,
        read: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Map<String, Value>, HelmError> {
        let mut values = Map::new();
        for (name, text) in &self.files {
            let file = yaml::read_values(text)
                .map_err(|error| HelmError::Values(format!("failed to parse {name}: {error}")))?;
            merge_into(&mut values, file);
        }
        let mut settings: Vec<&Setting> = self.settings.iter().collect();
        settings.sort_by_key(|setting| rank(setting));
        for setting in settings {
            apply(setting, &mut values, read).map_err(|error| HelmError::Values(failed(setting, &error)))?;
        }
        Ok(values)
    }
}

/// Maps are merged, everything else is replaced; nulls are values like others.
fn merge_into(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(known)), Value::Object(value)) => merge_into(known, value),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn rank(setting: &Setting) -> usize {
    match setting {
        Setting::SetJson(_) => 0,
        Setting::Set(_) => 1,
        Setting::SetString(_) => 2,
        Setting::SetFile(_) => 3,
        Setting::SetLiteral(_) => 4,
    }
}

/// Of JSON Helm doesn't say what is wrong with it.
fn failed(setting: &Setting, error: &StrvalsError) -> String {
    match setting {
        Setting::SetJson(text) => format!("failed parsing --set-json data {text}"),
        Setting::Set(_) => format!("failed parsing --set data: {error}"),
        Setting::SetString(_) => format!("failed parsing --set-string data: {error}"),
        Setting::SetFile(_) => format!("failed parsing --set-file data: {error}"),
        Setting::SetLiteral(_) => format!("failed parsing --set-literal data: {error}"),
    }
}
