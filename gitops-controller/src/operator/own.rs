//! The objects that the operator itself goes by.

use gitops_core::api::{API_VERSION, APP_PROJECT_KIND, APPLICATION_KIND, APPLICATION_SET_KIND};
use gitops_core::{GroupKind, GroupVersionKind, Object};

use super::appset;
use crate::credentials::is_credential;
use crate::integrity::{GPG_KEYS, SSH_SIGNERS};
use crate::{digest_key, settings};

/// Whether an object is one of those that the operator itself goes by, and reads at every look: Applications, their sets,
/// projects, settings, keys and credentials. A cluster that remembers does well to keep them.
pub fn is_own(object: &Object) -> bool {
    let kind = |kind: &str| object.api_version() == API_VERSION && object.kind() == kind;
    kind(APPLICATION_KIND)
        || kind(APP_PROJECT_KIND)
        || kind(APPLICATION_SET_KIND)
        || object.kind() == "ConfigMap"
            && [settings::NAME, appset::PARAMETERS, GPG_KEYS, SSH_SIGNERS].contains(&object.name())
        || object.kind() == "Secret" && object.name() == digest_key::NAME
        || is_credential(object)
}

/// The kinds that the operator goes by, and of which it does not matter who owns their fields.
pub fn own_kinds() -> [GroupKind; 3] {
    [APPLICATION_KIND, APP_PROJECT_KIND, APPLICATION_SET_KIND]
        .map(|kind| GroupVersionKind::from_api_version(API_VERSION, kind).group_kind())
}
