//! `sortOptions`: the order of the result.

use crate::inputs::Reorder;
use std::cmp::Ordering;
use std::collections::HashMap;

use super::id::{group_of, version_of};
use super::model::SortOptions;
use super::read::File;
use super::resource::Resource;
use super::resources::Resources;
use crate::{Problem, RenderError};

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Puts the resources in order: by kind, group, version, namespace and name unless the kustomization asks for the order
/// in which they were loaded (`fifo`), or says nothing and the caller asks for that.
pub(super) fn sort(resources: &mut Resources, file: &File, reorder: Reorder) -> Result<(), RenderError> {
    let options = file.kustomization.sort_options.as_ref();
    let unsaid = match reorder {
        Reorder::Legacy => "legacy",
        Reorder::None => "fifo",
    };
    let order = options.map_or(unsaid, |options| options.order.as_str());
    let legacy = options.and_then(|options: &SortOptions| options.legacy_sort_options.as_ref());
    match order {
        "fifo" if legacy.is_some() => {
            let message = "`legacySortOptions` go with the order `legacy` alone".into();
            Err(file.place("sortOptions").is(Problem::Value(message)))
        }
        "fifo" => Ok(()),
        "legacy" => {
            let ranks = match legacy {
                None => ranks(&FIRST, &LAST),
                Some(options) => ranks(&options.order_first, &options.order_last),
            };
            sort_by_kind(resources, &ranks);
            Ok(())
        }
        other => {
            let message = format!("order: expected `fifo` or `legacy`, found `{other}`");
            Err(file.place("sortOptions").is(Problem::Value(message)))
        }
    }
}

/// Where kinds stand: before 0 those that come first, after 0 those that come last.
fn ranks<T: AsRef<str>>(first: &[T], last: &[T]) -> HashMap<String, isize> {
    let count = first.len() as isize;
    let first = first.iter().enumerate().map(|(at, kind)| (kind.as_ref().to_owned(), at as isize - count));
    let last = last.iter().enumerate().map(|(at, kind)| (kind.as_ref().to_owned(), at as isize + 1));
    first.chain(last).collect()
}

fn sort_by_kind(resources: &mut Resources, ranks: &HashMap<String, isize>) {
    resources.sort_by(|one, other| compare(one, other, ranks));
}

fn compare(one: &Resource, other: &Resource, ranks: &HashMap<String, isize>) -> Ordering {
    let rank = |resource: &Resource| ranks.get(resource.kind()).copied().unwrap_or_default();
    let same_kind = one.api_version() == other.api_version() && one.kind() == other.kind();
    if same_kind {
        return place_in_kind(one).cmp(&place_in_kind(other));
    }
    rank(one).cmp(&rank(other)).then_with(|| {
        let order = group_version_kind(one).cmp(&group_version_kind(other));
        // Of two kinds named Namespace the core one comes first.
        let core = group_of(one.api_version()).is_empty() || group_of(other.api_version()).is_empty();
        if one.kind() == "Namespace" && other.kind() == "Namespace" && core { order.reverse() } else { order }
    })
}

fn group_version_kind(resource: &Resource) -> String {
    marked(group_of(resource.api_version()), version_of(resource.api_version()), resource.kind())
}

/// `group_version_Kind`, with kustomize's marks for what is missing, which count in the order.
fn marked(group: &str, version: &str, kind: &str) -> String {
    let or = |text: &str, mark: &str| if text.is_empty() { mark.to_owned() } else { text.to_owned() };
    format!("{}_{}_{}", or(group, "~G"), or(version, "~V"), or(kind, "~K"))
}

/// What a kind is sorted by in kustomize's own order, where any part may be empty for any.
pub(super) fn rank_of_kind(group: &str, version: &str, kind: &str) -> (isize, String) {
    let place = |list: &[&str]| list.iter().position(|listed| *listed == kind).map(|place| place as isize);
    let first = place(&FIRST).map(|place| place - FIRST.len() as isize);
    let rank = first.or_else(|| place(&LAST).map(|place| place + 1)).unwrap_or_default();
    (rank, marked(group, version, kind))
}

/// `namespace|name`, likewise.
fn place_in_kind(resource: &Resource) -> String {
    let or = |text: &str, mark: &str| if text.is_empty() { mark.to_owned() } else { text.to_owned() };
    format!("{}|{}", or(resource.namespace(), "~X"), or(resource.name(), "~N"))
}
