//! What the owner of the control plane decides of ApplicationSets: the ConfigMap `argocd-cmd-params-cm`, with Argo CD's keys
//! (`applicationsetcontroller.…`, v3.5).

use std::collections::BTreeMap;

use gitops_core::api::ApplicationsSyncPolicy;
use gitops_core::cluster::{ClusterError, ErrorKind};
use gitops_core::{ObjectId, Value};
use jiff::SignedDuration;

use crate::appset::{self, Definition, FileGlobbing};
use crate::engine::Engine;

/// The name of the ConfigMap.
pub(crate) const NAME: &str = "argocd-cmd-params-cm";
const PREFIX: &str = "applicationsetcontroller.";

/// How long the answers of Git count where a generator does not say.
const PERIOD: SignedDuration = SignedDuration::from_mins(3);
/// Applications that a status names; how many there are is said beside them.
const NAMED: usize = 5_000;

/// The settings.
#[derive(Clone, Debug, Default)]
pub(super) struct SetSettings {
    values: BTreeMap<String, String>,
}

impl SetSettings {
    /// Reads them; where there is no such ConfigMap, or it may not be read, all is as Argo CD has it by default.
    pub(super) async fn of(engine: &Engine) -> Result<Self, ClusterError> {
        let namespace = engine.projects.namespace.as_str();
        let target = ObjectId::new("", "ConfigMap", Some(namespace), NAME).at_version("v1");
        let found = match engine.cluster.get(&target).await {
            Ok(found) => found,
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden) => None,
            Err(error) => return Err(error),
        };
        let data = found.as_ref().and_then(|object| object.get(&["data"])).and_then(Value::as_object);
        let own = |(key, value): (&String, &Value)| {
            Some((key.strip_prefix(PREFIX)?.to_owned(), value.as_str()?.trim().to_owned()))
        };
        Ok(Self { values: data.into_iter().flatten().filter_map(own).collect() })
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn says(&self, key: &str) -> Option<bool> {
        self.text(key).and_then(|text| text.to_ascii_lowercase().parse().ok())
    }

    fn list(&self, key: &str) -> Vec<String> {
        let all = self.text(key).unwrap_or_default().split(',').map(str::trim);
        all.filter(|one| !one.is_empty()).map(str::to_owned).collect()
    }

    /// A set with what holds for all sets: a policy that sets may not choose themselves, and what is left to others.
    pub(super) fn laid_on(&self, set: &Definition) -> Definition {
        let mut set = set.clone();
        let policy = self.text("policy").and_then(|text| serde_json::from_value(text.into()).ok());
        let chooses = self.says("enable.policy.override").unwrap_or(policy.is_none());
        if !(chooses && set.has_policy) {
            set.policy = policy.unwrap_or(ApplicationsSyncPolicy::Sync);
        }
        set.preserved_annotations.extend(self.list("global.preserved.annotations"));
        set.preserved_labels.extend(self.list("global.preserved.labels"));
        set
    }

    /// The settings of an expansion.
    pub(super) fn expansion(&self, engine: &Engine) -> appset::Settings {
        let now = engine.clock.now();
        let mut settings = appset::Settings::new(engine.projects.namespace.as_str());
        settings.now = now.as_second();
        settings.seed = now.subsec_nanosecond().unsigned_abs().into();
        if self.says("enable.new.git.file.globbing") == Some(true) {
            settings.globbing = FileGlobbing::DoubleStar;
        }
        settings
    }

    /// How long the answers of Git count where a generator does not say, in whole seconds.
    pub(super) fn period(&self) -> SignedDuration {
        let said = self.text("requeue.after").and_then(|text| text.parse::<SignedDuration>().ok());
        said.filter(|period| *period >= SignedDuration::from_secs(1)).unwrap_or(PERIOD)
    }

    /// Whether steps count. Argo CD has them switched off by default; here a set that names steps means them.
    pub(super) fn rolls(&self) -> bool {
        self.says("enable.progressive.syncs").unwrap_or(true)
    }

    /// Whether services may be asked for repositories and pull requests, at this address where it is one of its own.
    pub(super) fn refuses_service(&self, address: Option<&str>) -> Option<String> {
        if self.says("enable.scm.providers") == Some(false) {
            return Some("scm providers are disabled".into());
        }
        let allowed = self.list("allowed.scm.providers");
        let address = address.filter(|address| !address.is_empty())?;
        let fits = allowed.is_empty() || allowed.iter().any(|one| one == address);
        (!fits).then(|| {
            format!("scm provider {address:?} not allowed, must use one of the following: {}", allowed.join(", "))
        })
    }

    /// Whether Secrets with tokens need the label that says what they are for.
    pub(super) fn is_strict_about_tokens(&self) -> bool {
        self.says("enable.tokenref.strict.mode") == Some(true)
    }

    /// How many Applications a status names.
    pub(super) fn named(&self) -> usize {
        let said = self.text("status.max.resources.count").and_then(|text| text.parse().ok());
        match said.unwrap_or(NAMED) {
            0 => usize::MAX,
            count => count,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(values: Value) -> SetSettings {
        SetSettings { values: serde_json::from_value(values).unwrap() }
    }

    fn policy(settings: &SetSettings, own: Value) -> String {
        let set = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "set"},
            "spec": {"generators": [], "syncPolicy": own},
        });
        settings.laid_on(&Definition::read(&set, "argocd").unwrap()).policy.as_str().to_owned()
    }

    #[test]
    fn a_policy_for_all_sets_is_not_theirs_to_choose() {
        let own = || json!({"applicationsSync": "create-only"});
        assert_eq!(policy(&settings(json!({})), own()), "create-only");
        assert_eq!(policy(&settings(json!({})), json!({})), "sync");
        let all = json!({"policy": "create-update"});
        assert_eq!(policy(&settings(all.clone()), own()), "create-update");
        let chosen = settings(json!({"policy": "create-update", "enable.policy.override": "true"}));
        assert_eq!(
            (policy(&chosen, own()), policy(&chosen, json!({}))),
            ("create-only".into(), "create-update".into())
        );
        let fixed = settings(json!({"enable.policy.override": "false"}));
        assert_eq!(policy(&fixed, own()), "sync");
    }

    #[test]
    fn services_are_asked_where_that_is_allowed() {
        let some = settings(json!({"allowed.scm.providers": "https://git.example, https://other.example"}));
        assert_eq!(some.refuses_service(None), None);
        assert_eq!(some.refuses_service(Some("https://git.example")), None);
        assert!(some.refuses_service(Some("https://evil.example")).is_some());
        assert!(settings(json!({"enable.scm.providers": "false"})).refuses_service(None).is_some());
        assert_eq!(settings(json!({})).refuses_service(Some("https://evil.example")), None);
    }
}
