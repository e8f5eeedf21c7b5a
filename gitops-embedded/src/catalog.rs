//! The kinds that are served: the built-in ones and those of the definitions in the store.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use gitops_core::cluster::{ApiResource, Discovery};
use gitops_core::{GroupVersionKind, Value};
use gitops_merge::schema::{Kind, Kinds};

use crate::failure::Failure;
use crate::store::Session;

/// The group and kind of definitions of custom kinds.
pub(crate) const DEFINITION: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");
/// The most definitions that are served.
const MAX_DEFINITIONS: usize = 5_000;

/// Built-in kinds that are answers to questions, not objects that are kept.
const NOT_KEPT: &[&str] = &[
    "Binding",
    "ComponentStatus",
    "LocalSubjectAccessReview",
    "SelfSubjectAccessReview",
    "SelfSubjectReview",
    "SelfSubjectRulesReview",
    "SubjectAccessReview",
    "TokenReview",
];

/// The kinds at one state of the definitions.
#[derive(Debug)]
pub(crate) struct Catalog {
    definitions: u64,
    /// All kinds with their types.
    pub(crate) kinds: Kinds,
    /// The kinds as clients discover them.
    pub(crate) discovery: Arc<Discovery>,
    /// Every kept kind; of a group, the preferred version first.
    pub(crate) served: Vec<Arc<Kind>>,
}

impl Catalog {
    fn new(kinds: Kinds, definitions: u64) -> Self {
        let kept = |kind: &Kind| kind.is_custom() || !NOT_KEPT.contains(&kind.kind.as_str());
        let mut served: Vec<Arc<Kind>> = kinds.iter().filter(|kind| kept(kind)).cloned().collect();
        served
            .sort_by_cached_key(|kind| (kind.group().to_owned(), Reverse(priority(kind.version())), kind.kind.clone()));
        let discovery = Arc::new(Discovery::new(served.iter().map(|kind| resource(kind))));
        Self { definitions, kinds, discovery, served }
    }

    /// A kept kind by its `apiVersion` and `kind`.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Result<&Arc<Kind>, Failure> {
        self.kinds
            .get(api_version, kind)
            .filter(|kind| kind.is_custom() || !NOT_KEPT.contains(&kind.kind.as_str()))
            .ok_or_else(|| Failure::UnknownKind(format!("{api_version} {kind}")))
    }

    /// A kept kind by its `apiVersion` and the name of its resource.
    pub(crate) fn resource(&self, api_version: &str, plural: &str) -> Option<&Arc<Kind>> {
        self.kinds
            .resource(api_version, plural)
            .filter(|kind| kind.is_custom() || !NOT_KEPT.contains(&kind.kind.as_str()))
    }
}

fn resource(kind: &Kind) -> ApiResource {
    let mut subresources = Vec::new();
    if kind.subresources.status {
        subresources.push("status".to_owned());
    }
    if kind.subresources.scale.is_some() {
        subresources.push("scale".to_owned());
    }
    ApiResource {
        gvk: GroupVersionKind::from_api_version(&kind.api_version, kind.kind.clone()),
        plural: kind.plural.clone(),
        namespaced: kind.namespaced,
        subresources,
    }
}

/// The order of versions as API servers prefer them: `v2` before `v1` before `v2beta1` before `v1alpha1` before others.
pub(crate) fn priority(version: &str) -> (u8, u64, u64, Reverse<String>) {
    let other = (0, 0, 0, Reverse(version.to_owned()));
    let Some(rest) = version.strip_prefix('v') else { return other };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (major, stage) = rest.split_at(digits);
    let Ok(major) = major.parse() else { return other };
    let (rank, minor) = match (stage, stage.strip_prefix("beta"), stage.strip_prefix("alpha")) {
        ("", _, _) => (3, "0"),
        (_, Some(minor), _) => (2, minor),
        (_, _, Some(minor)) => (1, minor),
        _ => return other,
    };
    minor.parse().map_or(other, |minor| (rank, major, minor, Reverse(String::new())))
}

/// The catalog of the store's definitions, read again when they changed.
#[derive(Debug)]
pub(crate) struct Catalogs {
    builtin: Kinds,
    current: RwLock<Arc<Catalog>>,
}

impl Catalogs {
    pub(crate) fn new() -> Result<Self, String> {
        let builtin = Kinds::builtin().map_err(|error| error.to_string())?;
        let current = RwLock::new(Arc::new(Catalog::new(builtin.clone(), 0)));
        Ok(Self { builtin, current })
    }

    /// The kinds as this transaction sees them. A transaction that changed definitions itself must not keep the result.
    pub(crate) fn at(&self, session: Session<'_>) -> Result<Arc<Catalog>, Failure> {
        let definitions = session.definitions()?;
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        if current.definitions == definitions {
            return Ok(current);
        }
        let fresh = Arc::new(self.read(session, definitions)?);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.definitions < definitions {
            *current = Arc::clone(&fresh);
        }
        Ok(fresh)
    }

    /// The kinds in the middle of a transaction, which may have changed definitions itself. They are not kept.
    pub(crate) fn within(&self, session: Session<'_>, held: &Arc<Catalog>) -> Result<Arc<Catalog>, Failure> {
        let definitions = session.definitions()?;
        if held.definitions == definitions {
            Ok(Arc::clone(held))
        } else {
            Ok(Arc::new(self.read(session, definitions)?))
        }
    }

    fn read(&self, session: Session<'_>, definitions: u64) -> Result<Catalog, Failure> {
        let mut kinds = self.builtin.clone();
        let mut oldest: BTreeMap<(String, String), Value> = BTreeMap::new();
        for stored in session.of_kind(DEFINITION, MAX_DEFINITIONS)? {
            let text =
                |pointer: &str| stored.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            oldest.entry((text("/spec/group"), text("/spec/names/kind"))).or_insert(stored.body);
        }
        for definition in oldest.values() {
            // What cannot be served was refused when it was written; a newer program may be stricter.
            let _ = kinds.define(definition);
        }
        Ok(Catalog::new(kinds, definitions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_preferred_as_api_servers_do() {
        let mut versions =
            ["v1", "foo1", "v10", "v2", "v3beta1", "v12alpha1", "v11beta2", "v10beta3", "v11alpha2", "foo10"];
        versions.sort_by_key(|version| Reverse(priority(version)));
        let expected =
            ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];
        assert_eq!(versions, expected);
    }
}
