//! Argo CD's settings: the ConfigMap `argocd-cm` beside the Applications.

use std::collections::BTreeMap;

use gitops_core::api::{Application, ResourceIgnoreDifferences};
use gitops_core::cluster::ErrorKind;
use gitops_core::{ObjectId, Value};
use gitops_yaml::{Options, ReadError, Resolver};
use serde_json::json;
use thiserror::Error;

use crate::compare::{CompareError, control_namespace};
use crate::engine::Engine;

/// The name of the ConfigMap.
pub const NAME: &str = "argocd-cm";

/// What is set for kinds of resources, as one YAML map by `group/Kind`.
const CUSTOMIZATIONS: &str = "resource.customizations";
/// The parts of one kind's settings that are read, by their names in that map and in keys of their own.
const PARTS: [(&str, &str); 2] = [("health.lua", "health"), ("ignoreDifferences", "ignoreDifferences")];

/// Why settings cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A key holds no YAML, or another one than it should.
    #[error("`{key}` in the ConfigMap `argocd-cm`: {why}")]
    Malformed {
        /// The key.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// A key holds no YAML.
    #[error("`{key}` in the ConfigMap `argocd-cm` is not valid")]
    Yaml {
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: ReadError,
    },
}

/// The settings of a cluster. What `resource.customizations` holds is put under the keys that say the same of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterSettings {
    values: BTreeMap<String, String>,
}

impl ClusterSettings {
    /// The settings in the data of a ConfigMap. A key of one kind's own comes before the map of all, as in Argo CD.
    ///
    /// # Errors
    /// Where `resource.customizations` is no map of maps.
    pub fn new(mut values: BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let Some(all) = values.remove(CUSTOMIZATIONS).filter(|text| !text.trim().is_empty()) else {
            return Ok(Self { values });
        };
        let malformed = |why: String| SettingsError::Malformed { key: CUSTOMIZATIONS.into(), why };
        let Value::Object(kinds) = read(CUSTOMIZATIONS, &all)? else {
            return Err(malformed("expected a map by group and kind".into()));
        };
        for (kind, settings) in kinds {
            let Value::Object(settings) = settings else {
                return Err(malformed(format!("`{kind}`: expected a map")));
            };
            for (name, part) in PARTS {
                let Some(value) = settings.get(name) else { continue };
                let text = value.as_str().ok_or_else(|| malformed(format!("`{kind}`: `{name}`: expected a text")))?;
                let key = format!("{CUSTOMIZATIONS}.{part}.{}", kind.replacen('/', "_", 1));
                values.entry(key).or_insert_with(|| text.to_owned());
            }
        }
        Ok(Self { values })
    }

    /// Every setting by its key.
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// Differences that do not count for any Application.
    ///
    /// # Errors
    /// Where a rule is malformed.
    pub fn ignore_differences(&self) -> Result<Vec<ResourceIgnoreDifferences>, SettingsError> {
        let prefix = format!("{CUSTOMIZATIONS}.ignoreDifferences.");
        let mut rules = Vec::new();
        for (key, text) in &self.values {
            let Some(kind) = key.strip_prefix(&prefix) else { continue };
            let malformed = |why: String| SettingsError::Malformed { key: key.clone(), why };
            let Value::Object(mut rule) = read(key, text)? else { return Err(malformed("expected a map".into())) };
            let (group, kind) = match kind {
                "all" => ("*", "*"),
                kind => kind.split_once('_').unwrap_or(("", kind)),
            };
            rule.insert("group".into(), json!(group));
            rule.insert("kind".into(), json!(kind));
            let rule = serde_json::from_value(Value::Object(rule)).map_err(|error| malformed(error.to_string()))?;
            rules.push(rule);
        }
        Ok(rules)
    }
}

fn read(key: &str, text: &str) -> Result<Value, SettingsError> {
    let read = gitops_yaml::read_one(text.as_bytes(), &Options::new(Resolver::Sigs));
    read.map_err(|source| SettingsError::Yaml { key: key.into(), source })
}

impl Engine {
    /// The settings beside an Application; none where there is no such ConfigMap, or where it may not be read.
    ///
    /// # Errors
    /// Where the cluster fails, or the settings are malformed.
    pub async fn settings(&self, application: &Application) -> Result<ClusterSettings, CompareError> {
        let target = ObjectId::new("", "ConfigMap", Some(control_namespace(application)), NAME).at_version("v1");
        let found = match self.cluster.get(&target).await {
            Err(error) if error.kind == ErrorKind::Forbidden => None,
            found => found.map_err(CompareError::Cluster)?,
        };
        let data = found.and_then(|object| object.get(&["data"]).and_then(Value::as_object).cloned());
        let text = |(key, value): (String, Value)| Some((key, value.as_str()?.to_owned()));
        Ok(ClusterSettings::new(data.into_iter().flatten().filter_map(text).collect())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<ClusterSettings, SettingsError> {
        ClusterSettings::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn the_map_of_all_kinds_is_the_same_as_keys_of_their_own() {
        let all = "x.io/Widget:\n  health.lua: |\n    return {}\n\"*.y.io/*\":\n  health.lua: a\nPod:\n  ignoreDifferences: |\n    jsonPointers: [/spec/a]\n";
        let own = ("resource.customizations.health.x.io_Widget", "return own");
        let found = settings(&[(CUSTOMIZATIONS, all), own, ("url", "https://a.example")]).unwrap();
        let value = |key: &str| found.values().get(key).map(String::as_str);
        assert_eq!(value("resource.customizations.health.x.io_Widget"), Some("return own"));
        assert_eq!(value("resource.customizations.health.*.y.io_*"), Some("a"));
        assert_eq!(value(CUSTOMIZATIONS), None);
        let rules = found.ignore_differences().unwrap();
        assert_eq!((rules[0].group.as_deref(), rules[0].kind.as_str()), (Some(""), "Pod"));
        assert_eq!(rules[0].json_pointers.as_deref(), Some(&["/spec/a".to_owned()][..]));
    }

    #[test]
    fn what_is_malformed_is_said_with_its_key() {
        let words = |pairs: &[(&str, &str)]| match settings(pairs) {
            Err(error) => error.to_string(),
            Ok(settings) => settings.ignore_differences().unwrap_err().to_string(),
        };
        assert!(words(&[(CUSTOMIZATIONS, "- a")]).contains("`resource.customizations`"));
        assert!(words(&[(CUSTOMIZATIONS, "a: {health.lua: 1}")]).contains("`a`: `health.lua`: expected a text"));
        let key = "resource.customizations.ignoreDifferences.apps_Deployment";
        assert!(words(&[(key, "a: [")]).contains(key));
        assert!(words(&[(key, "jsonPointers: 1")]).contains(key));
    }
}
