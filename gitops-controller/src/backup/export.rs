//! Reading everything that an installation keeps.

use gitops_core::cluster::{Cluster, ErrorKind};
use gitops_core::secret::Purpose;
use gitops_core::{Object, Reveal, Value};
use serde_json::json;

use super::{BackupError, Scope};

/// The fields of an object that are another cluster's too.
const FIELDS: [&str; 9] =
    ["apiVersion", "kind", "spec", "status", "operation", "data", "stringData", "binaryData", "type"];
const METADATA: [&str; 5] = ["name", "namespace", "labels", "annotations", "finalizers"];

/// Everything that an installation keeps, in the order in which it is to be brought back; Secrets with their values.
///
/// # Errors
/// Where it cannot be read whole.
pub async fn export(cluster: &dyn Cluster, scope: &Scope) -> Result<Vec<Value>, BackupError> {
    let mut kept = Vec::new();
    for namespace in scope.namespaces() {
        for query in scope.kinds(namespace) {
            let listing = match cluster.list(&query).await {
                // Whoever has no kind of ApplicationSets has none of them.
                Err(error) if error.kind == ErrorKind::UnknownKind => continue,
                listing => listing?,
            };
            let mut objects: Vec<&Object> = listing.objects.iter().filter(|object| scope.has(object)).collect();
            objects.sort_by_key(|object| object.name());
            kept.extend(objects.into_iter().map(portable));
        }
    }
    Ok(kept)
}

/// An object without what is its cluster's own.
pub(super) fn portable(object: &Object) -> Value {
    let whole = object.reveal(&Reveal::granted(Purpose::RenderedOutput));
    let pick = |from: &Value, names: &[&str]| {
        let picked = names.iter().filter_map(|name| Some(((*name).to_owned(), from.get(*name)?.clone())));
        Value::Object(picked.collect())
    };
    let mut kept = pick(&whole, &FIELDS);
    kept["metadata"] = pick(whole.get("metadata").unwrap_or(&json!({})), &METADATA);
    kept
}
