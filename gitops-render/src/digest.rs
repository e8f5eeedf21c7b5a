//! The digest of a render.

use gitops_core::secret::{DigestKey, Purpose};
use gitops_core::{Digest, Manifest, Object, Reveal, Secret, Value};

use crate::parallel;

/// The keyed digest of whole objects in order.
pub(crate) fn digest(objects: &[Manifest], key: &DigestKey) -> Digest {
    let parts = parallel::map(objects, 500, |manifest| Value::from(digest_object(&manifest.object, key).as_str()));
    Secret::new(Value::Array(parts)).digest(key)
}

fn digest_object(object: &Object, key: &DigestKey) -> Digest {
    if object.is_secret() {
        let reveal = Reveal::granted(Purpose::RenderedOutput);
        return Secret::new(object.reveal(&reveal)).digest(key);
    }
    // Maps of strings, numbers and lists always serialize.
    Digest::of(&serde_json::to_vec(object.body()).unwrap_or_default())
}
