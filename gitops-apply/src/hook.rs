//! What an object's annotations say of its part in a sync: phase, wave, deletion. Argo CD's rules ("Sync Phases and
//! Waves", "Resource Hooks"), with Helm's hooks mapped where no Argo CD hook is named.

use std::collections::BTreeSet;
use std::fmt;

use gitops_core::{Object, annotations as keys};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A phase of a sync or of an application's deletion, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// Before an application's objects are deleted.
    PreDelete,
    /// Before anything is synced.
    PreSync,
    /// The sync itself.
    Sync,
    /// After everything is synced and healthy.
    PostSync,
    /// After an application's objects are deleted.
    PostDelete,
    /// After a failure only.
    SyncFail,
}

impl Phase {
    /// Argo CD's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreDelete => "PreDelete",
            Self::PreSync => "PreSync",
            Self::Sync => "Sync",
            Self::PostSync => "PostSync",
            Self::PostDelete => "PostDelete",
            Self::SyncFail => "SyncFail",
        }
    }

    /// The phase of a sync that a word names.
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

impl DeletePolicy {
    /// Argo CD's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BeforeHookCreation => "BeforeHookCreation",
            Self::HookSucceeded => "HookSucceeded",
            Self::HookFailed => "HookFailed",
        }
    }
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

/// What a hook annotation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookType {
    /// It runs in a phase.
    Runs(Phase),
    /// Alone, it keeps the object out of the sync.
    Skip,
}

impl HookType {
    /// Argo CD's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runs(phase) => phase.as_str(),
            Self::Skip => "Skip",
        }
    }
}

/// The hook types that an object's annotations name, in their order; Helm's only where Argo CD's annotation names none.
pub fn types(object: &Object) -> Vec<HookType> {
    let own = unique(object.annotation(keys::HOOK)).filter_map(|word| match word {
        "Skip" => Some(HookType::Skip),
        _ => Phase::from_word(word).map(HookType::Runs),
    });
    let own: Vec<_> = own.collect();
    match own.is_empty() {
        true => unique(object.annotation(keys::HELM_HOOK)).filter_map(helm_phase).map(HookType::Runs).collect(),
        false => own,
    }
}

/// Whether the object is kept out of a sync by a `Skip` that stands alone.
pub fn skips(object: &Object) -> bool {
    types(object) == [HookType::Skip]
}

/// Whether the object is a hook, of whatever kind. Helm calls `crd-install` a hook, which is a plain resource.
pub fn is_hook(object: &Object) -> bool {
    match object.annotation(keys::HOOK) {
        Some(_) => !skips(object),
        None => object.annotation(keys::HELM_HOOK).is_some_and(|hook| hook != "crd-install"),
    }
}

/// The phases of a sync in which an object is written, in order: those of a hook, and `Sync` of everything else.
pub fn phases(object: &Object) -> Vec<Phase> {
    if skips(object) {
        return Vec::new();
    }
    if !is_hook(object) {
        return vec![Phase::Sync];
    }
    let types = types(object).into_iter().filter_map(|one| match one {
        HookType::Runs(phase) => Some(phase),
        HookType::Skip => None,
    });
    let mut phases: Vec<_> = types.collect();
    phases.sort();
    phases.dedup();
    phases
}

/// The role that an object's annotations give it.
pub fn role(object: &Object) -> Role {
    match (is_hook(object), phases(object)) {
        (_, phases) if phases.is_empty() => Role::Ignored,
        (true, phases) => Role::Hook { phases, delete: sorted(delete_policies(object)) },
        (false, _) => Role::Resource,
    }
}

/// The phases of its application's deletion in which an object runs, in order.
pub fn deletion_phases(object: &Object) -> Vec<Phase> {
    let named = |own: &str, helm: &str| {
        words(object.annotation(keys::HOOK)).any(|word| word == own)
            || words(object.annotation(keys::HELM_HOOK)).any(|word| word == helm)
    };
    let all = [(Phase::PreDelete, "pre-delete"), (Phase::PostDelete, "post-delete")];
    all.into_iter().filter(|(phase, helm)| named(phase.as_str(), helm)).map(|(phase, _)| phase).collect()
}

fn helm_phase(word: &str) -> Option<Phase> {
    match word {
        "pre-install" | "pre-upgrade" => Some(Phase::PreSync),
        "post-install" | "post-upgrade" => Some(Phase::PostSync),
        _ => None,
    }
}

/// When the object is deleted if it is a hook, as its annotations name it: Argo CD's policies, then Helm's. Where neither
/// names one, [`DeletePolicy::BeforeHookCreation`].
pub fn delete_policies(object: &Object) -> Vec<DeletePolicy> {
    let own = unique(object.annotation(keys::HOOK_DELETE_POLICY)).filter_map(|word| match word {
        "BeforeHookCreation" => Some(DeletePolicy::BeforeHookCreation),
        "HookSucceeded" => Some(DeletePolicy::HookSucceeded),
        "HookFailed" => Some(DeletePolicy::HookFailed),
        _ => None,
    });
    let helm = unique(object.annotation(keys::HELM_HOOK_DELETE_POLICY)).filter_map(|word| match word {
        "before-hook-creation" => Some(DeletePolicy::BeforeHookCreation),
        "hook-succeeded" => Some(DeletePolicy::HookSucceeded),
        "hook-failed" => Some(DeletePolicy::HookFailed),
        _ => None,
    });
    let mut policies: Vec<_> = own.chain(helm).collect();
    if policies.is_empty() {
        policies.push(DeletePolicy::BeforeHookCreation);
    }
    policies
}

/// When the object is deleted if it is a hook of its application's deletion: as its annotations say, and nothing is left of one
/// that succeeded where they say nothing, or where everything else is deleted after it.
pub fn deletion_policies(object: &Object) -> Vec<DeletePolicy> {
    let mut policies = delete_policies(object);
    let named = |key| object.annotation(key).is_some_and(|words| !words.trim().is_empty());
    let says = named(keys::HOOK_DELETE_POLICY) || named(keys::HELM_HOOK_DELETE_POLICY);
    if !says || deletion_phases(object).contains(&Phase::PreDelete) {
        policies.push(DeletePolicy::HookSucceeded);
    }
    sorted(policies)
}

fn sorted(mut policies: Vec<DeletePolicy>) -> Vec<DeletePolicy> {
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

/// The value that an object's own sync options give first for the option of a name.
pub fn option<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    words(object.annotation(keys::SYNC_OPTIONS)).find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// The words of a list without those that came before.
fn unique(list: Option<&str>) -> impl Iterator<Item = &str> {
    let mut seen = BTreeSet::new();
    words(list).filter(move |word| seen.insert(*word))
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
        assert_eq!(role_of(json!({keys::HOOK: "PreDelete"})), Role::Ignored);
        assert_eq!(role_of(json!({keys::HOOK: "X", keys::HELM_HOOK: "crd-install"})), Role::Ignored);
    }

    #[test]
    fn hooks_of_a_deletion_are_told_by_both_annotations() {
        let phases_of = |annotations| deletion_phases(&annotated(annotations));
        let both = [Phase::PreDelete, Phase::PostDelete];
        assert_eq!(phases_of(json!({keys::HOOK: "PreDelete, PostDelete"})), both);
        assert_eq!(phases_of(json!({keys::HELM_HOOK: "test,post-delete"})), [Phase::PostDelete]);
        assert!(phases_of(json!({keys::HOOK: "PostSync"})).is_empty());
        let policies = |hook: &str, policy: &str| {
            deletion_policies(&annotated(json!({keys::HOOK: hook, keys::HOOK_DELETE_POLICY: policy})))
        };
        let both = [DeletePolicy::BeforeHookCreation, DeletePolicy::HookSucceeded];
        assert_eq!(policies("PostDelete", ""), both);
        assert_eq!(policies("PreDelete", "BeforeHookCreation"), both);
        assert_eq!(policies("PostDelete", "BeforeHookCreation"), [DeletePolicy::BeforeHookCreation]);
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
