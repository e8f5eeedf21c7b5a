//! Discovery documents.

use std::sync::Arc;

use gitops_core::Value;
use gitops_merge::schema::Kind;
use serde_json::json;

use crate::catalog::Catalog;

const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const PART_VERBS: &[&str] = &["get", "patch", "update"];

/// `/api`.
pub(super) fn core() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// `/apis`.
pub(super) fn groups(catalog: &Catalog) -> Value {
    let groups: Vec<Value> = names(catalog).into_iter().filter_map(|group| describe(catalog, group)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/apps`.
pub(super) fn group(catalog: &Catalog, group: &str) -> Option<Value> {
    let mut document = describe(catalog, group)?;
    if let Some(map) = document.as_object_mut() {
        map.insert("kind".to_owned(), Value::from("APIGroup"));
        map.insert("apiVersion".to_owned(), Value::from("v1"));
    }
    Some(document)
}

/// `/api/v1`, `/apis/apps/v1`.
pub(super) fn resources(catalog: &Catalog, api_version: &str) -> Option<Value> {
    let of = |kind: &&Arc<Kind>| kind.api_version == api_version;
    let resources: Vec<Value> = catalog.served.iter().filter(of).flat_map(|kind| rows(kind)).collect();
    if resources.is_empty() {
        return None;
    }
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": resources}))
}

/// `/api` and `/apis` as one document each (`apidiscovery.k8s.io/v2`).
pub(super) fn aggregated(catalog: &Catalog, core: bool) -> Value {
    let groups = if core { vec![""] } else { names(catalog) };
    let items: Vec<Value> = groups
        .into_iter()
        .map(|group| {
            let versions: Vec<Value> = versions(catalog, group)
                .into_iter()
                .map(|version| {
                    let of = |kind: &&Arc<Kind>| kind.group() == group && kind.version() == version;
                    let resources: Vec<Value> =
                        catalog.served.iter().filter(of).map(|kind| discovered(kind, group, version)).collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            json!({"metadata": {"name": group}, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn discovered(kind: &Kind, group: &str, version: &str) -> Value {
    let answer = |kind: &str| json!({"group": group, "version": version, "kind": kind});
    let parts: Vec<Value> = parts(kind)
        .into_iter()
        .map(|part| {
            let answers = if part == "scale" {
                json!({"group": "autoscaling", "version": "v1", "kind": "Scale"})
            } else {
                answer(&kind.kind)
            };
            json!({"subresource": part, "responseKind": answers, "verbs": PART_VERBS})
        })
        .collect();
    json!({
        "resource": kind.plural, "responseKind": answer(&kind.kind), "singularResource": kind.singular,
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "shortNames": kind.short_names, "verbs": VERBS, "subresources": parts,
    })
}

/// The named groups, each once.
fn names(catalog: &Catalog) -> Vec<&str> {
    let mut names: Vec<&str> =
        catalog.served.iter().map(|kind| kind.group()).filter(|group| !group.is_empty()).collect();
    names.dedup();
    names
}

/// The versions of a group, the preferred one first.
fn versions<'a>(catalog: &'a Catalog, group: &str) -> Vec<&'a str> {
    let mut versions = Vec::new();
    for kind in catalog.served.iter().filter(|kind| kind.group() == group) {
        if !versions.contains(&kind.version()) {
            versions.push(kind.version());
        }
    }
    versions
}

fn describe(catalog: &Catalog, group: &str) -> Option<Value> {
    let versions = versions(catalog, group);
    let entry = |version: &str| json!({"groupVersion": format!("{group}/{version}"), "version": version});
    let preferred = entry(versions.first().filter(|_| !group.is_empty())?);
    let all: Vec<Value> = versions.into_iter().map(entry).collect();
    Some(json!({"name": group, "versions": all, "preferredVersion": preferred}))
}

fn parts(kind: &Kind) -> Vec<&'static str> {
    let status = kind.subresources.status.then_some("status");
    let scale = kind.subresources.scale.is_some().then_some("scale");
    status.into_iter().chain(scale).collect()
}

fn rows(kind: &Kind) -> Vec<Value> {
    let mut rows = vec![json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
        "verbs": VERBS, "shortNames": kind.short_names,
    })];
    for part in parts(kind) {
        let mut row = json!({
            "name": format!("{}/{part}", kind.plural), "singularName": "", "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": PART_VERBS,
        });
        if let (true, Some(row)) = (part == "scale", row.as_object_mut()) {
            row.insert("group".to_owned(), Value::from("autoscaling"));
            row.insert("version".to_owned(), Value::from("v1"));
            row.insert("kind".to_owned(), Value::from("Scale"));
        }
        rows.push(row);
    }
    rows
}
