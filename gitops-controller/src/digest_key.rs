//! The key of secret digests, kept by the target cluster.

use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Precondition, Verb, Write};
use gitops_core::secret::{DigestKey, Purpose};
use gitops_core::{Object, ObjectId, Reveal, Value};
use serde_json::json;

use crate::FIELD_MANAGER;

pub(crate) const NAME: &str = "gitops-digest-key";
const FIELD: &str = "key";

/// The cluster's key; made at the first call.
///
/// # Errors
/// Where the cluster fails, or the Secret holds no key.
pub(crate) async fn digest_key(cluster: &dyn Cluster, namespace: &str) -> Result<DigestKey, ClusterError> {
    let target = ObjectId::new("", "Secret", Some(namespace), NAME).at_version("v1");
    if let Some(object) = cluster.get(&target).await? {
        return read(&object);
    }
    let key: String = rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
    let object = Object::from_value(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": NAME, "namespace": namespace},
        "type": "Opaque",
        "stringData": {FIELD: key},
    }))
    .map_err(|error| ClusterError::new(ErrorKind::Internal, error.to_string()))?;
    match cluster.write(Write::new(&object, Verb::Create, FIELD_MANAGER).when(Precondition::Absent)).await {
        Ok(applied) => read(&applied.object),
        // Another process made it in between: its key is the cluster's.
        Err(error) if error.kind == ErrorKind::AlreadyExists => match cluster.get(&target).await? {
            Some(object) => read(&object),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Whether an object is such a key.
pub(crate) fn is_key(object: &Object) -> bool {
    object.kind() == "Secret" && object.name() == NAME
}

fn read(object: &Object) -> Result<DigestKey, ClusterError> {
    use base64::Engine as _;
    let malformed = || {
        let message =
            format!("`{FIELD}` is not a key of 64 hexadecimal digits: delete the Secret to have it made again");
        ClusterError::new(ErrorKind::Internal, message).about(&object.id())
    };
    let data = object.secret_data();
    let value: &Value = data.get(FIELD).ok_or_else(malformed)?.reveal(&Reveal::granted(Purpose::ClusterCall));
    let encoded = value.as_str().ok_or_else(malformed)?;
    let digits = base64::engine::general_purpose::STANDARD.decode(encoded).map_err(|_| malformed())?;
    let mut key = [0; 32];
    if digits.len() != 64 {
        return Err(malformed());
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| malformed())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| malformed())?;
    }
    Ok(DigestKey::new(key))
}
