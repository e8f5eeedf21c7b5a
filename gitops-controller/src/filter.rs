//! Which kinds are none of the engine's business: `resource.exclusions` and `resource.inclusions` of `argocd-cm`
//! (util/settings/resources_filter.go and filtered_resource.go of Argo CD, v3.5).

use std::collections::BTreeMap;
use std::sync::Arc;

use gitops_apply::{Desired, Inventory};
use gitops_core::ObjectId;
use gitops_core::api::ApplicationConditionType;
use gitops_policy::glob::Glob;
use gitops_policy::project::Condition;
use serde::Deserialize;

/// Groups that nobody keeps objects of in Git, whatever is set.
const CORE_GROUPS: [&str; 2] = ["events.k8s.io", "metrics.k8s.io"];
/// Kinds likewise, each with its group.
const CORE_KINDS: [(&str, &str); 2] = [("", "Event"), ("coordination.k8s.io", "Lease")];

/// An entry as it is written. What it does not say matches everything.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Written {
    api_groups: Option<Vec<String>>,
    kinds: Option<Vec<String>>,
    clusters: Option<Vec<String>>,
}

/// Some kinds in some clusters.
#[derive(Debug)]
struct Entry {
    groups: Vec<Glob>,
    kinds: Vec<String>,
    clusters: Vec<Glob>,
}

impl From<Written> for Entry {
    fn from(written: Written) -> Self {
        let globs = |patterns: Option<Vec<String>>| patterns.iter().flatten().map(|one| Glob::new(one)).collect();
        Self {
            groups: globs(written.api_groups),
            kinds: written.kinds.unwrap_or_default(),
            clusters: globs(written.clusters),
        }
    }
}

impl Entry {
    fn is_of(&self, cluster: &str) -> bool {
        self.clusters.is_empty() || self.clusters.iter().any(|glob| glob.matches(cluster))
    }

    fn matches(&self, group: &str, kind: &str, cluster: &str) -> bool {
        (self.groups.is_empty() || self.groups.iter().any(|glob| glob.matches(group)))
            && (self.kinds.is_empty() || self.kinds.iter().any(|one| one == "*" || one == kind))
            && self.is_of(cluster)
    }
}

/// Which kinds are left alone, cluster by cluster: they are not followed, compared, written or deleted. By default, events,
/// leases and measurements.
#[derive(Clone, Debug, Default)]
pub struct ResourceFilter(Arc<Entries>);

#[derive(Debug, Default)]
struct Entries {
    exclusions: Vec<Entry>,
    inclusions: Vec<Entry>,
}

impl ResourceFilter {
    /// The filter of two settings, each a list of maps with the globs `apiGroups` and `clusters` and the names `kinds`.
    ///
    /// # Errors
    /// Which of the two is no such list (`false` for the second), and why.
    pub(crate) fn new(exclusions: serde_json::Value, inclusions: serde_json::Value) -> Result<Self, (bool, String)> {
        let entries = |value| {
            let written: Option<Vec<Written>> = serde_json::from_value(value).map_err(|error| error.to_string())?;
            Ok(written.into_iter().flatten().map(Entry::from).collect())
        };
        let exclusions = entries(exclusions).map_err(|why| (true, why))?;
        Ok(Self(Arc::new(Entries { exclusions, inclusions: entries(inclusions).map_err(|why| (false, why))? })))
    }

    /// Whether a kind is left alone in the cluster with this address. An exclusion counts more than an inclusion; where any
    /// inclusion is of the cluster, whatever none names is left alone.
    pub fn excludes(&self, group: &str, kind: &str, cluster: &str) -> bool {
        let Entries { exclusions, inclusions } = &*self.0;
        let matches = |entry: &Entry| entry.matches(group, kind, cluster);
        CORE_GROUPS.contains(&group)
            || CORE_KINDS.contains(&(group, kind))
            || exclusions.iter().any(matches)
            || !inclusions.iter().any(matches) && inclusions.iter().any(|entry| entry.is_of(cluster))
    }

    /// Whether an object is left alone, likewise.
    pub fn excludes_object(&self, id: &ObjectId, cluster: &str) -> bool {
        self.excludes(&id.group, &id.kind, cluster)
    }

    /// Takes out of the desired objects what is left alone, with Argo CD's warnings of it. The namespace that is made for an
    /// Application stays, and what runs when it is deleted, as in Argo CD.
    pub(crate) fn take_out(&self, desired: &mut Desired, cluster: &str) -> Vec<Condition> {
        let mut warnings = Vec::new();
        let mut is_kept = |id: &ObjectId| {
            let is_excluded = self.excludes_object(id, cluster);
            if is_excluded {
                let words = format!("Resource {}/{} {} is excluded in the settings", id.group, id.kind, id.name);
                warnings.push((ApplicationConditionType::ExcludedResourceWarning, words));
            }
            !is_excluded
        };
        let made = desired.created_namespace.as_ref();
        desired.resources.retain(|id, _| Some(id) == made || is_kept(id));
        desired.hooks.retain(|hook| is_kept(&hook.object.id()));
        desired.unknown_kinds.retain(|kind, _| !self.excludes(&kind.group, &kind.kind, cluster));
        warnings
    }

    /// The listed objects that are left alone, with the reason: they stay as they are, and in the inventory.
    pub(crate) fn listed(&self, inventory: &Inventory, cluster: &str) -> BTreeMap<ObjectId, String> {
        let excluded = inventory.entries.keys().filter(|id| self.excludes_object(id, cluster));
        excluded.map(|id| (id.clone(), "its kind is excluded in the settings".to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn filter(exclusions: Value, inclusions: Value) -> ResourceFilter {
        ResourceFilter::new(exclusions, inclusions).unwrap()
    }

    #[test]
    fn exclusions_count_more_than_inclusions() {
        let pods = || json!([{"apiGroups": [""], "kinds": ["Pod"], "clusters": ["https://*.local"]}]);
        let excludes =
            |filter: &ResourceFilter| ["Pod", "Secret"].map(|kind| filter.excludes("", kind, "https://a.local"));
        let none = || Value::Null;
        assert_eq!(excludes(&filter(none(), none())), [false, false]);
        assert_eq!(excludes(&filter(none(), pods())), [false, true]);
        assert_eq!(excludes(&filter(pods(), none())), [true, false]);
        assert_eq!(excludes(&filter(pods(), pods())), [true, true]);
        // Elsewhere neither says anything.
        assert!(!filter(pods(), pods()).excludes("", "Pod", "https://a.example"));
        assert!(!filter(none(), pods()).excludes("", "Secret", "https://a.example"));
    }

    #[test]
    fn what_an_entry_does_not_say_matches_everything() {
        let excludes =
            |entry: Value, group: &str, kind: &str| filter(json!([entry]), Value::Null).excludes(group, kind, "a");
        assert!(excludes(json!({}), "apps", "Deployment"));
        assert!(excludes(json!({"kinds": ["*"], "apiGroups": ["*.cilium.io"]}), "a.cilium.io", "Any"));
        assert!(!excludes(json!({"kinds": ["Pod*"]}), "", "Pods"), "a kind is no glob");
        assert!(!excludes(json!({"apiGroups": ["app"]}), "apps", "Deployment"));
        assert!(!excludes(json!({"apiGroups": ["["]}), "[", "Deployment"), "no glob matches nothing");
    }

    #[test]
    fn events_leases_and_measurements_are_left_alone_in_any_case() {
        let filter = ResourceFilter::default();
        let core = [
            ("", "Event"),
            ("events.k8s.io", "Event"),
            ("metrics.k8s.io", "PodMetrics"),
            ("coordination.k8s.io", "Lease"),
        ];
        assert!(core.iter().all(|(group, kind)| filter.excludes(group, kind, "a")));
        assert!(!filter.excludes("", "Endpoints", "a") && !filter.excludes("discovery.k8s.io", "EndpointSlice", "a"));
    }

    #[test]
    fn what_is_no_list_of_entries_is_refused() {
        let refused = |exclusions: Value, inclusions: Value| ResourceFilter::new(exclusions, inclusions).unwrap_err().0;
        assert!(refused(json!({"kinds": ["Pod"]}), Value::Null));
        assert!(!refused(Value::Null, json!([{"kinds": "Pod"}])));
    }
}
