//! How an object is written, by the sync options of its application and its own.

use gitops_core::Object;
use gitops_core::api::SyncOptions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hook;

/// How an object is written: the sync options `Replace` and `ServerSideApply`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WriteMethod {
    /// As the engine writes where nothing is said: by the server's apply.
    #[default]
    Apply,
    /// By the server's apply, as `ServerSideApply=true` asks for.
    ServerSideApply,
    /// By a merge with the live object and the one that was applied last, as `kubectl apply` does it: `ServerSideApply=false`.
    ClientSideApply,
    /// The whole object takes the place of the live one: fields that others own go.
    Replace,
}

impl WriteMethod {
    /// The method for an object. Its own options come before the application's; `Replace=true` counts on the live object too,
    /// as in Argo CD.
    pub fn of(desired: &Object, live: Option<&Object>, options: &SyncOptions) -> Self {
        let own = |option: &str| hook::has_option(desired, option);
        let replaced = own("Replace=true") || live.is_some_and(|live| hook::has_option(live, "Replace=true"));
        if replaced || options.is_true("Replace") {
            Self::Replace
        } else if own("ServerSideApply=false") {
            Self::ClientSideApply
        } else if own("ServerSideApply=true") || options.is_true("ServerSideApply") {
            Self::ServerSideApply
        } else if options.is_false("ServerSideApply") {
            Self::ClientSideApply
        } else {
            Self::Apply
        }
    }

    /// Whether the server merges, by who owns which fields.
    pub fn is_server_side(self) -> bool {
        matches!(self, Self::Apply | Self::ServerSideApply)
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(options: &str) -> Object {
        let metadata = json!({"name": "a", "annotations": {gitops_core::annotations::SYNC_OPTIONS: options}});
        Object::from_value(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})).unwrap()
    }

    #[test]
    fn an_object_says_it_before_its_application() {
        use WriteMethod::{Apply, ClientSideApply, Replace, ServerSideApply};
        let method = |own: &str, all: &[&str]| {
            let options = all.iter().map(|option| (*option).to_owned()).collect();
            WriteMethod::of(&object(own), None, &options)
        };
        assert_eq!(method("", &[]), Apply);
        assert_eq!(method("", &["ServerSideApply=true"]), ServerSideApply);
        assert_eq!(method("", &["ServerSideApply=false"]), ClientSideApply);
        assert_eq!(method("ServerSideApply=true", &["ServerSideApply=false"]), ServerSideApply);
        assert_eq!(method("ServerSideApply=false", &["ServerSideApply=true"]), ClientSideApply);
        assert_eq!(method("Replace=true", &["ServerSideApply=true"]), Replace);
        assert_eq!(method("", &["Replace=true"]), Replace);
        let live = object("Replace=true");
        assert_eq!(WriteMethod::of(&object(""), Some(&live), &SyncOptions::default()), Replace);
    }
}
