//! Strategic merge, as kustomize does it.

use gitops_core::Value;
use gitops_merge::kustomize::{self, MergeError, Rules};
use gitops_merge::schema::{Schema, TypeId};

use super::schemas::Schemas;

impl Rules for Schemas {
    fn kind(&self, api_version: &str, kind: &str) -> Option<(&Schema, TypeId)> {
        self.get(api_version, kind)
    }

    fn is_quoted(&self, text: &str) -> bool {
        !gitops_yaml::is_plain(text, gitops_yaml::Resolver::Kyaml)
    }
}

/// A resource with a patch merged into it; null where the patch deletes it.
pub(super) fn merge(schemas: &Schemas, resource: Value, patch: Value) -> Result<Value, MergeError> {
    kustomize::merge(schemas, resource, patch).map(Option::unwrap_or_default)
}
