//! What an object's annotations say of its part in a sync: phase, wave, deletion. Argo CD's rules ("Sync Phases and
//! Waves", "Resource Hooks"), with Helm's hooks mapped where no Argo CD hook is named.

use std::fmt;

use gitops_core::{Object, annotations as keys};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A phase of a sync, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// Before anything is synced.
    PreSync,
    /// The sync itself.
    Sync,
    /// After everything is synced and healthy.
    PostSync,
    /// After a failure only.
    SyncFail,
}

impl Phase {
    /// Argo CD's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreSync => "PreSync",
            Self::Sync => "Sync",
            Self::PostSync => "PostSync",
            Self::SyncFail => "SyncFail",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::PreSync, Self::Sync, Self::PostSync, Self::SyncFail].into_iter().find(|phase| phase.as_str() == word)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// When a hook is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DeletePolicy {
    /// Before it is created anew. What a hook without a policy has.
    BeforeHookCreation,
    /// When it succeeded.
    HookSucceeded,
    /// When it failed.
    HookFailed,
}

/// What an object is to a sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is kept in the cluster as it is desired.
    Resource,
    /// It runs in these phases.
    Hook {
        /// The phases, in order.
        phases: Vec<Phase>,
        /// When it is deleted.
        delete: Vec<DeletePolicy>,
    },
    /// It is neither applied nor pruned.
    Ignored,
}

/// The role that an object's annotations give it.
pub fn role(object: &Object) -> Role {
    let words: Vec<_> = words(object.annotation(keys::HOOK)).collect();
    let mut phases: Vec<_> = words.iter().filter_map(|word| Phase::from_word(word)).collect();
    let mut known = !phases.is_empty() || words.iter().any(|word| matches!(*word, "Skip" | "PreDelete" | "PostDelete"));
    let helm: Vec<_> = self::words(object.annotation(keys::HELM_HOOK)).collect();
    if !known && !helm.is_empty() {
        if helm == ["crd-install"] {
            return Role::Resource;
        }
        phases = helm.iter().filter_map(|word| helm_phase(word)).collect();
        known = true;
    }
    if !known && object.annotation(keys::HOOK).is_none() {
        return Role::Resource;
    }
    if phases.is_empty() {
        return Role::Ignored;
    }
    phases.sort();
    phases.dedup();
    Role::Hook { phases, delete: delete_policies(object) }
}

fn helm_phase(word: &str) -> Option<Phase> {
    match word {
        "pre-install" | "pre-upgrade" => Some(Phase::PreSync),
        "post-install" | "post-upgrade" => Some(Phase::PostSync),
        _ => None,
    }
}

fn delete_policies(object: &Object) -> Vec<DeletePolicy> {
    let own = words(object.annotation(keys::HOOK_DELETE_POLICY)).filter_map(|word| match word {
        "BeforeHookCreation" => Some(DeletePolicy::BeforeHookCreation),
        "HookSucceeded" => Some(DeletePolicy::HookSucceeded),
        "HookFailed" => Some(DeletePolicy::HookFailed),
        _ => None,
    });
    let helm = words(object.annotation(keys::HELM_HOOK_DELETE_POLICY)).filter_map(|word| match word {
        "before-hook-creation" => Some(DeletePolicy::BeforeHookCreation),
        "hook-succeeded" => Some(DeletePolicy::HookSucceeded),
        "hook-failed" => Some(DeletePolicy::HookFailed),
        _ => None,
    });
    let mut policies: Vec<_> = own.chain(helm).collect();
    if policies.is_empty() {
        policies.push(DeletePolicy::BeforeHookCreation);
    }
    policies.sort();
    policies.dedup();
    policies
}

/// The sync wave: Argo CD's annotation, else Helm's hook weight, else 0. A text that Go's `Atoi` refuses counts as absent.
pub fn wave(object: &Object) -> i64 {
    let number = |key| object.annotation(key).and_then(atoi);
    number(keys::SYNC_WAVE).or_else(|| number(keys::HELM_HOOK_WEIGHT)).unwrap_or(0)
}

fn atoi(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Whether an object's own sync options have this one, such as `Prune=false`.
pub fn has_option(object: &Object, option: &str) -> bool {
    words(object.annotation(keys::SYNC_OPTIONS)).any(|word| word == option)
}

fn words(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.into_iter().flat_map(|list| list.split(',')).map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn annotated(annotations: serde_json::Value) -> Object {
        let metadata = json!({"name": "a", "annotations": annotations});
        Object::from_value(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})).unwrap()
    }

    #[test]
    fn roles_follow_the_annotations() {
        let role_of = |annotations| role(&annotated(annotations));
        assert_eq!(role_of(json!({})), Role::Resource);
        let before = vec![DeletePolicy::BeforeHookCreation];
        let both = Role::Hook { phases: vec![Phase::PreSync, Phase::PostSync], delete: before.clone() };
        assert_eq!(role_of(json!({keys::HOOK: "PostSync, PreSync"})), both);
        assert_eq!(role_of(json!({keys::HOOK: "Skip"})), Role::Ignored);
        assert_eq!(role_of(json!({keys::HOOK: "Nonsense"})), Role::Ignored);
        assert_eq!(role_of(json!({keys::HOOK: ""})), Role::Ignored);
        let helm = Role::Hook { phases: vec![Phase::PreSync], delete: vec![DeletePolicy::HookSucceeded] };
        let annotations =
            json!({keys::HELM_HOOK: "pre-install,pre-upgrade", keys::HELM_HOOK_DELETE_POLICY: "hook-succeeded"});
        assert_eq!(role_of(annotations), helm);
        assert_eq!(role_of(json!({keys::HELM_HOOK: "test"})), Role::Ignored);
        assert_eq!(role_of(json!({keys::HELM_HOOK: "crd-install"})), Role::Resource);
    }

    #[test]
    fn waves_are_decimal_integers() {
        let wave_of = |text: &str| wave(&annotated(json!({keys::SYNC_WAVE: text, keys::HELM_HOOK_WEIGHT: "7"})));
        assert_eq!(wave_of("-3"), -3);
        assert_eq!(wave_of("+2"), 2);
        for text in [" 1", "0x1", "1_0", ""] {
            assert_eq!(wave_of(text), 7, "{text}");
        }
    }
}
