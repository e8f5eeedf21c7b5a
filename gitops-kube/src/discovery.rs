//! The kinds that a server serves, by its aggregated discovery (KEP-3352): two calls, which say `not modified` from the
//! second time on.

use std::sync::{Arc, PoisonError, RwLock};

use gitops_core::cluster::{ApiResource, ClusterError, Discovery, ErrorKind};
use gitops_core::{GroupVersionKind, Value};
use serde::Deserialize;

use crate::answer::unreadable;
use crate::call::{Call, Caller};
use crate::counts::CallKind;
use crate::path::Address;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

/// What was discovered last.
#[derive(Debug, Default)]
pub(crate) struct Known {
    held: RwLock<Held>,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct Held {
    core: Part,
    groups: Part,
    discovery: Option<Arc<Discovery>>,
}

/// One of the two lists, and the tag that it came with.
#[derive(Clone, Debug, Default)]
struct Part {
    tag: Option<String>,
    resources: Vec<ApiResource>,
}

#[derive(Debug, Deserialize)]
struct GroupList {
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    #[serde(default)]
    metadata: GroupMetadata,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Debug, Default, Deserialize)]
struct GroupMetadata {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource: String,
    #[serde(default)]
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    subresources: Vec<Subresource>,
}

#[derive(Debug, Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Subresource {
    subresource: String,
}

impl Known {
    /// What was discovered, however long ago.
    pub(crate) fn held(&self) -> Option<Arc<Discovery>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).discovery.clone()
    }

    /// What is served now.
    pub(crate) async fn look(&self, caller: &Caller) -> Result<Arc<Discovery>, ClusterError> {
        let _alone = self.looking.lock().await;
        self.look_alone(caller).await
    }

    async fn look_alone(&self, caller: &Caller) -> Result<Arc<Discovery>, ClusterError> {
        let before = self.held.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (core, groups) =
            futures::try_join!(part(caller, "/api", &before.core), part(caller, "/apis", &before.groups))?;
        if let (None, None, Some(same)) = (&core, &groups, &before.discovery) {
            return Ok(Arc::clone(same));
        }
        let (core, groups) = (core.unwrap_or(before.core), groups.unwrap_or(before.groups));
        let discovery = Arc::new(Discovery::new(core.resources.iter().chain(&groups.resources).cloned()));
        let held = Held { core, groups, discovery: Some(Arc::clone(&discovery)) };
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(discovery)
    }

    /// A kind in one version; where it is not known the server is asked once more.
    pub(crate) async fn kind(&self, gvk: &GroupVersionKind, caller: &Caller) -> Result<ApiResource, ClusterError> {
        let known = || self.held().and_then(|held| held.version(gvk).cloned());
        if let Some(resource) = known() {
            return Ok(resource);
        }
        let _alone = self.looking.lock().await;
        // Who was before may have asked for the same.
        if let Some(resource) = known() {
            return Ok(resource);
        }
        self.look_alone(caller).await?.version(gvk).cloned().ok_or_else(|| {
            ClusterError::new(ErrorKind::UnknownKind, format!("the cluster does not serve the kind {gvk}"))
        })
    }
}

/// One list; none where it is as before.
async fn part(caller: &Caller, path: &str, before: &Part) -> Result<Option<Part>, ClusterError> {
    let mut call = Call::get(CallKind::Discover, Address::at(path), None);
    call.accept = AGGREGATED;
    call.known.clone_from(&before.tag);
    let answer = caller.call(call).await?;
    if answer.code == 304 {
        return Ok(None);
    }
    let value = answer.value(None)?;
    if value.get("kind").and_then(Value::as_str) != Some("APIGroupDiscoveryList") {
        let message = "the API server has no aggregated discovery: Kubernetes 1.27 or later is needed";
        return Err(ClusterError::new(ErrorKind::Internal, message));
    }
    let list: GroupList = serde_json::from_value(value).map_err(|error| unreadable(&error, None))?;
    Ok(Some(Part { tag: answer.tag, resources: list.items.into_iter().flat_map(resources).collect() }))
}

fn resources(group: Group) -> Vec<ApiResource> {
    let name = group.metadata.name;
    let of_version = |version: Version| {
        let (name, number) = (name.clone(), version.version);
        version.resources.into_iter().filter_map(move |resource| {
            // Answers to questions, such as a TokenReview, are no objects that are kept.
            let kept = resource.verbs.iter().any(|verb| verb == "get");
            let kind = resource.response_kind?.kind;
            (kept && !kind.is_empty()).then(|| ApiResource {
                gvk: GroupVersionKind {
                    group: name.as_str().into(),
                    version: number.as_str().into(),
                    kind: kind.into(),
                },
                plural: resource.resource,
                namespaced: resource.scope == "Namespaced",
                subresources: resource.subresources.into_iter().map(|part| part.subresource).collect(),
            })
        })
    };
    group.versions.into_iter().flat_map(of_version).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_read_in_the_order_of_preference() {
        let group: Group = serde_json::from_value(json!({
            "metadata": {"name": "autoscaling"},
            "versions": [
                {"version": "v2", "resources": [{"resource": "horizontalpodautoscalers", "scope": "Namespaced", "verbs": ["get"],
                    "responseKind": {"kind": "HorizontalPodAutoscaler"}, "subresources": [{"subresource": "status"}]}]},
                {"version": "v1", "resources": [{"resource": "horizontalpodautoscalers", "scope": "Namespaced", "verbs": ["get"],
                    "responseKind": {"kind": "HorizontalPodAutoscaler"}}, {"resource": "reviews", "scope": "Cluster", "verbs": ["create"]}]},
            ],
        }))
        .unwrap();
        let discovery = Discovery::new(resources(group));
        assert_eq!(discovery.all().count(), 2);
        let preferred = discovery.iter().next().unwrap();
        assert_eq!((preferred.gvk.version.as_str(), &preferred.subresources[..]), ("v2", &["status".to_owned()][..]));
    }
}
