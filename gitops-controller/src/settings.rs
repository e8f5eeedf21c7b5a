//! Argo CD's settings: the ConfigMap `argocd-cm` of the control plane.

use std::collections::BTreeMap;

use gitops_apply::tracking::{Tracking, TrackingMethod};
use gitops_core::api::ResourceIgnoreDifferences;
use gitops_core::cluster::{ClusterError, ErrorKind};
use gitops_core::{Object, ObjectId, Value};
use gitops_diff::StatusDifferences;
use gitops_diff::normalize::KnownTypes;
use gitops_merge::schema::Kinds;
use gitops_yaml::{Options, ReadError, Resolver};
use serde_json::json;
use thiserror::Error;

use crate::compare::CompareError;
use crate::engine::Engine;
use crate::filter::ResourceFilter;

/// The name of the ConfigMap.
pub const NAME: &str = "argocd-cm";

/// What is set for kinds of resources, as one YAML map by `group/Kind`.
const CUSTOMIZATIONS: &str = "resource.customizations";
/// The parts of one kind's settings that are read, by their names in that map and in keys of their own.
const PARTS: [(&str, &str); 4] = [
    ("health.lua", "health"),
    (IGNORE_DIFFERENCES, IGNORE_DIFFERENCES),
    (IGNORE_UPDATES, IGNORE_UPDATES),
    (KNOWN_TYPES, KNOWN_TYPES),
];
/// The part that says which differences do not count.
const IGNORE_DIFFERENCES: &str = "ignoreDifferences";
/// The part that says which changes of live objects are none.
const IGNORE_UPDATES: &str = "ignoreResourceUpdates";
/// The part that is a list in that map, and the text of one in a key of its own.
const KNOWN_TYPES: &str = "knownTypeFields";
/// How objects are compared.
const COMPARE_OPTIONS: &str = "resource.compareoptions";
/// Whether any change of a live object is none.
const IGNORES_UPDATES: &str = "resource.ignoreResourceUpdatesEnabled";
/// How objects are marked: by what, under which key of a label, and of which installation.
const TRACKING_METHOD: &str = "application.resourceTrackingMethod";
const INSTANCE_LABEL_KEY: &str = "application.instanceLabelKey";
const INSTALLATION_ID: &str = "installationID";

/// Which kinds are left alone, and which alone are not.
const EXCLUSIONS: &str = "resource.exclusions";
const INCLUSIONS: &str = "resource.inclusions";

/// Whether a key of the ConfigMap is read; of all others, no change matters.
fn is_read(key: &str) -> bool {
    let is_part =
        |rest: &str| PARTS.iter().any(|(_, part)| rest.strip_prefix(part).is_some_and(|rest| rest.starts_with('.')));
    let whole = [
        CUSTOMIZATIONS,
        COMPARE_OPTIONS,
        IGNORES_UPDATES,
        TRACKING_METHOD,
        INSTANCE_LABEL_KEY,
        INSTALLATION_ID,
        EXCLUSIONS,
        INCLUSIONS,
    ];
    whole.contains(&key)
        || key.strip_prefix(CUSTOMIZATIONS).and_then(|rest| rest.strip_prefix('.')).is_some_and(is_part)
}

/// Whether a word says yes, in one of the ways that Go writes it (`strconv.ParseBool`).
pub(crate) fn is_true(word: &str) -> bool {
    ["1", "t", "T", "true", "TRUE", "True"].contains(&word)
}

/// Argo CD's `resource.compareoptions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceCompareOptions {
    /// Whether the rules of an aggregated ClusterRole are left out (`ignoreAggregatedRoles`).
    pub ignore_aggregated_roles: bool,
    /// Of which objects the status counts (`ignoreResourceStatusField`).
    pub status: StatusDifferences,
    /// Whether a change of what is no difference is no change (`ignoreDifferencesOnResourceUpdates`).
    pub differences_on_updates: bool,
}

impl Default for ResourceCompareOptions {
    fn default() -> Self {
        let status = StatusDifferences::default();
        Self { ignore_aggregated_roles: false, status, differences_on_updates: true }
    }
}

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

/// The settings of a cluster that are read. What `resource.customizations` holds is put under the keys that say the same of one kind.
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
        values.retain(|key, _| is_read(key));
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
                let text = match value {
                    Value::String(text) if name != KNOWN_TYPES => text.clone(),
                    Value::Array(_) if name == KNOWN_TYPES => value.to_string(),
                    _ => {
                        let wanted = if name == KNOWN_TYPES { "list" } else { "text" };
                        return Err(malformed(format!("`{kind}`: `{name}`: expected a {wanted}")));
                    }
                };
                let key = format!("{CUSTOMIZATIONS}.{part}.{}", kind.replacen('/', "_", 1));
                values.entry(key).or_insert(text);
            }
        }
        Ok(Self { values })
    }

    /// The settings of a ConfigMap; none where there is none.
    ///
    /// # Errors
    /// As [`ClusterSettings::new`].
    pub fn of(object: Option<&Object>) -> Result<Self, SettingsError> {
        let data = object.and_then(|object| object.get(&["data"])).and_then(Value::as_object);
        let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        Self::new(data.into_iter().flatten().filter_map(text).collect())
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
        self.rules(IGNORE_DIFFERENCES)
    }

    /// What of live objects may change without being a change to look at; none where every change is one. Argo CD's
    /// `GetIgnoreResourceUpdatesOverrides` (util/settings/settings.go, v3.5).
    ///
    /// # Errors
    /// Where a rule or the options are malformed.
    pub fn ignore_updates(&self) -> Result<Option<Vec<ResourceIgnoreDifferences>>, SettingsError> {
        if self.values.get(IGNORES_UPDATES).is_some_and(|word| !word.is_empty() && !is_true(word)) {
            return Ok(None);
        }
        let mut rules = self.rules(IGNORE_UPDATES)?;
        if self.compare_options()?.differences_on_updates {
            rules.extend(self.ignore_differences()?);
        }
        Ok(Some(rules))
    }

    /// The rules of a part of all kinds.
    fn rules(&self, part: &str) -> Result<Vec<ResourceIgnoreDifferences>, SettingsError> {
        let prefix = format!("{CUSTOMIZATIONS}.{part}.");
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

    /// How objects are marked and recognized.
    pub fn tracking(&self) -> Tracking {
        let value = |key: &str| self.values.get(key).filter(|value| !value.is_empty());
        let mut tracking = Tracking::default();
        if let Some(method) = value(TRACKING_METHOD) {
            tracking.method = TrackingMethod::named(method);
        }
        if let Some(label) = value(INSTANCE_LABEL_KEY) {
            tracking.label.clone_from(label);
        }
        tracking.installation = value(INSTALLATION_ID).cloned();
        tracking
    }

    /// How objects are compared.
    ///
    /// # Errors
    /// Where the options are no map.
    pub fn compare_options(&self) -> Result<ResourceCompareOptions, SettingsError> {
        let mut options = ResourceCompareOptions::default();
        let Some(text) = self.values.get(COMPARE_OPTIONS).filter(|text| !text.trim().is_empty()) else {
            return Ok(options);
        };
        let Value::Object(said) = read(COMPARE_OPTIONS, text)? else {
            return Err(SettingsError::Malformed { key: COMPARE_OPTIONS.into(), why: "expected a map".into() });
        };
        options.ignore_aggregated_roles = said.get("ignoreAggregatedRoles") == Some(&Value::Bool(true));
        options.differences_on_updates = said.get("ignoreDifferencesOnResourceUpdates") != Some(&Value::Bool(false));
        // YAML's `off` is false. What is none of the words is as if nothing were said.
        options.status = match said.get("ignoreResourceStatusField") {
            Some(Value::Bool(false)) => StatusDifferences::Counted,
            Some(Value::String(word)) if ["none", "off", "false"].contains(&word.as_str()) => {
                StatusDifferences::Counted
            }
            Some(Value::String(word)) if word == "crd" => StatusDifferences::IgnoredOfDefinitions,
            _ => StatusDifferences::Ignored,
        };
        Ok(options)
    }

    /// Which kinds are left alone.
    ///
    /// # Errors
    /// Where one of the two settings is no list of entries.
    pub fn resource_filter(&self) -> Result<ResourceFilter, SettingsError> {
        let entries = |key: &str| self.values.get(key).map_or(Ok(Value::Null), |text| read(key, text));
        ResourceFilter::new(entries(EXCLUSIONS)?, entries(INCLUSIONS)?).map_err(|(excludes, why)| {
            let key = if excludes { EXCLUSIONS } else { INCLUSIONS };
            SettingsError::Malformed { key: key.into(), why }
        })
    }

    /// Which fields of custom resources hold built-in types, and what a person should know of those that are not understood.
    ///
    /// # Errors
    /// Where a list of fields is none.
    pub fn known_types(&self, kinds: &Kinds) -> Result<(KnownTypes, Vec<String>), SettingsError> {
        let prefix = format!("{CUSTOMIZATIONS}.{KNOWN_TYPES}.");
        let (mut known, mut warnings) = (KnownTypes::new(), Vec::new());
        for (key, text) in &self.values {
            let Some(kind) = key.strip_prefix(&prefix) else { continue };
            let (group, kind) = kind.split_once('_').unwrap_or(("", kind));
            let Value::Array(fields) = read(key, text)? else {
                return Err(SettingsError::Malformed { key: key.clone(), why: "expected a list".into() });
            };
            for field in fields {
                let text = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default();
                if let Err(unknown) = known.add(group, kind, text("field"), text("type"), kinds) {
                    warnings.push(format!("`{key}` in the ConfigMap `argocd-cm`: {unknown}"));
                }
            }
        }
        Ok((known, warnings))
    }
}

fn read(key: &str, text: &str) -> Result<Value, SettingsError> {
    let read = gitops_yaml::read_one(text.as_bytes(), &Options::new(Resolver::Sigs));
    read.map_err(|source| SettingsError::Yaml { key: key.into(), source })
}

impl Engine {
    /// The settings of the control plane, which are nobody's who only has Applications of a namespace; none where there is no such
    /// ConfigMap, or where it may not be read.
    ///
    /// # Errors
    /// Where the cluster fails, or the settings are malformed.
    pub async fn settings(&self) -> Result<ClusterSettings, CompareError> {
        let found = self.config_map(NAME).await.map_err(CompareError::Cluster)?;
        Ok(ClusterSettings::of(found.as_ref())?)
    }

    /// A ConfigMap of the control plane; none for who may not read it.
    ///
    /// # Errors
    /// Where the cluster fails.
    pub(crate) async fn config_map(&self, name: &str) -> Result<Option<Object>, ClusterError> {
        let target = ObjectId::new("", "ConfigMap", Some(self.projects.namespace.as_str()), name).at_version("v1");
        match self.cluster.get(&target).await {
            Err(error) if error.kind == ErrorKind::Forbidden => Ok(None),
            found => found,
        }
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
    fn what_nobody_reads_is_no_setting() {
        let unread = [
            ("url", "https://a.example"),
            ("resource.customizations.actions.apps_Deployment", "a"),
            ("admin.enabled", ""),
        ];
        assert_eq!(settings(&unread).unwrap(), ClusterSettings::default());
        let all = "Pod: {actions: a, health.lua: b}";
        assert_eq!(settings(&[(CUSTOMIZATIONS, all)]).unwrap().values().len(), 1);
        assert_eq!(settings(&[("resource.customizations.health.Pod", "b")]).unwrap().values().len(), 1);
    }

    #[test]
    fn objects_are_marked_as_is_said() {
        let found = settings(&[]).unwrap();
        assert_eq!(found.tracking(), Tracking::default());
        let said = [
            ("application.resourceTrackingMethod", "annotation+label"),
            ("application.instanceLabelKey", "example.com/app"),
            ("installationID", "one"),
        ];
        let tracking = settings(&said).unwrap().tracking();
        assert_eq!(tracking.method, TrackingMethod::AnnotationAndLabel);
        assert_eq!((tracking.label.as_str(), tracking.installation.as_deref()), ("example.com/app", Some("one")));
        let other = settings(&[("application.resourceTrackingMethod", "other")]).unwrap();
        assert_eq!(other.tracking(), Tracking::default());
    }

    #[test]
    fn objects_are_compared_as_is_said() {
        let options = |text: &str| settings(&[(COMPARE_OPTIONS, text)]).unwrap().compare_options().unwrap();
        assert_eq!(options(""), ResourceCompareOptions::default());
        assert!(options("ignoreAggregatedRoles: true").ignore_aggregated_roles);
        for (word, status) in [
            ("all", StatusDifferences::Ignored),
            ("crd", StatusDifferences::IgnoredOfDefinitions),
            ("none", StatusDifferences::Counted),
            ("off", StatusDifferences::Counted),
            ("'off'", StatusDifferences::Counted),
            ("anything", StatusDifferences::Ignored),
        ] {
            assert_eq!(options(&format!("ignoreResourceStatusField: {word}")).status, status, "{word}");
        }
        assert!(settings(&[(COMPARE_OPTIONS, "[]")]).unwrap().compare_options().is_err());
    }

    #[test]
    fn changes_that_are_none_are_said_as_differences_are() {
        let updates = ("resource.customizations", "Pod: {ignoreResourceUpdates: 'jsonPointers: [/status/a]'}");
        let differences = ("resource.customizations.ignoreDifferences.all", "jqPathExpressions: [.spec.b]");
        let kinds = |pairs: &[(&str, &str)]| {
            let rules = settings(pairs).unwrap().ignore_updates().unwrap();
            rules.map(|rules| rules.iter().map(|rule| rule.kind.clone()).collect::<Vec<_>>())
        };
        assert_eq!(kinds(&[updates, differences]), Some(vec!["Pod".to_owned(), "*".into()]));
        let apart = (COMPARE_OPTIONS, "ignoreDifferencesOnResourceUpdates: false");
        assert_eq!(kinds(&[updates, differences, apart]), Some(vec!["Pod".to_owned()]));
        assert_eq!(kinds(&[updates, ("resource.ignoreResourceUpdatesEnabled", "false")]), None);
        assert_eq!(kinds(&[("resource.ignoreResourceUpdatesEnabled", "")]), Some(Vec::new()));
    }

    #[test]
    fn known_fields_are_said_in_two_ways() {
        let kinds = Kinds::builtin().unwrap();
        let all = "x.io/Widget:\n  knownTypeFields:\n  - {field: spec.size, type: core/Quantity}\n";
        let own =
            ("resource.customizations.knownTypeFields.y.io_Gadget", "- field: spec.pod\n  type: core/v1/Nothing\n");
        let found = settings(&[(CUSTOMIZATIONS, all), own]).unwrap();
        let (known, warnings) = found.known_types(&kinds).unwrap();
        let mut body = json!({"spec": {"size": "1024Mi"}}).as_object().unwrap().clone();
        known.normalize("x.io", "Widget", &mut body, &kinds).unwrap();
        assert_eq!(body["spec"]["size"], "1Gi");
        assert!(warnings.len() == 1 && warnings[0].contains("'core/v1/Nothing' is not supported"), "{warnings:?}");
        let malformed = settings(&[("resource.customizations.knownTypeFields.y.io_Gadget", "a: b")]).unwrap();
        assert!(malformed.known_types(&kinds).is_err());
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
