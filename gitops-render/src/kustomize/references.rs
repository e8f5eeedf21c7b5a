//! Fields that hold the names of other resources, brought up to date once the names are final.

use std::collections::HashMap;

use gitops_core::Value;

use super::configuration::{Configuration, NameReference};
use super::field_spec::{Create, FieldSpec};
use super::id::{ResourceId, text};
use super::resource::Resource;
use super::resources::Resources;
use crate::{Place, Problem, RenderError};

/// What is known of a resource that others may name.
struct Candidate {
    id: ResourceId,
    namespace: String,
    formers: Vec<ResourceId>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

/// The resource whose fields are brought up to date.
struct Referrer {
    id: ResourceId,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// The group and kind that a `roleRef` names.
    role: Option<(String, String)>,
    /// The namespaces of the service accounts that a role binding names.
    account_namespaces: Vec<String>,
}

/// Resources that were called something else before, found by what they were called.
struct Index {
    candidates: Vec<Candidate>,
    by_former_name: HashMap<String, Vec<usize>>,
}

/// Fields by the kind of resources that have them; those of any kind under the empty text.
type FieldsByKind<'a> = HashMap<&'a str, Vec<(usize, &'a NameReference, &'a FieldSpec)>>;

/// Writes the present names of resources where their former ones stand.
pub(super) fn update(resources: &mut Resources, configuration: &Configuration) -> Result<(), RenderError> {
    for binding in resources.iter().filter(|resource| resource.kind() == "RoleBinding") {
        let failed = |message| Place::from(&binding.origin).is(Problem::Value(message));
        Referrer::new(binding).map_err(failed)?;
    }
    let index = Index::new(resources);
    if index.candidates.is_empty() {
        return Ok(());
    }
    let mut fields: FieldsByKind<'_> = HashMap::new();
    let mut position = 0;
    for reference in &configuration.name_references {
        for field in &reference.fields {
            fields.entry(field.kind()).or_default().push((position, reference, field));
            position += 1;
        }
    }
    resources.iter_mut().try_for_each(|resource| update_one(resource, &index, &fields))
}

fn update_one(resource: &mut Resource, index: &Index, fields: &FieldsByKind<'_>) -> Result<(), RenderError> {
    let original = resource.original_id();
    let of_kind = |kind: &str| fields.get(kind).into_iter().flatten();
    let mut chosen: Vec<_> = of_kind(&original.kind).chain(of_kind("")).collect();
    chosen.sort_by_key(|(position, _, _)| *position);
    let place = Place::from(&resource.origin);
    let referrer = Referrer::new(resource).map_err(|message| place.is(Problem::Value(message)))?;
    for (_, reference, field) in chosen.into_iter().filter(|(_, _, field)| field.selects_id(&original)) {
        let lookup = Lookup { index, referrer: &referrer, reference, roles: field.text.ends_with("roleRef/name") };
        let mut change = |value: &mut Value| lookup.update(value);
        let failed = |message| place.is(Problem::Value(message));
        field.change_value(&mut resource.value, Create::Never, &mut change).map_err(failed)?;
    }
    Ok(())
}

impl Index {
    fn new(resources: &Resources) -> Self {
        let mut index = Self { candidates: Vec::new(), by_former_name: HashMap::new() };
        for resource in resources.iter().filter(|resource| !resource.formers.is_empty()) {
            let at = index.candidates.len();
            for former in &resource.formers {
                let named = index.by_former_name.entry(former.name.clone()).or_default();
                if named.last() != Some(&at) {
                    named.push(at);
                }
            }
            index.candidates.push(Candidate {
                id: resource.id(),
                namespace: resource.namespace().into(),
                formers: resource.former_ids().collect(),
                prefixes: resource.prefixes.clone(),
                suffixes: resource.suffixes.clone(),
            });
        }
        index
    }
}

impl Referrer {
    fn new(resource: &Resource) -> Result<Self, String> {
        let value = &resource.value;
        let role = value.get("roleRef").map(|role| (text(role, "apiGroup").to_owned(), text(role, "kind").to_owned()));
        let subjects = value.get("subjects").and_then(Value::as_array).filter(|_| resource.kind() == "RoleBinding");
        let accounts = subjects.into_iter().flatten().filter(|subject| text(subject, "kind") == "ServiceAccount");
        let namespace = |subject: &Value| match subject.get("namespace") {
            None => None,
            Some(Value::String(namespace)) => Some(Ok(namespace.clone())),
            Some(_) => Some(Err("`subjects`: expected a text as the `namespace` of a service account".to_owned())),
        };
        Ok(Self {
            id: resource.id(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            role: role.filter(|(group, kind)| !group.is_empty() && !kind.is_empty()),
            account_namespaces: accounts.filter_map(namespace).collect::<Result<_, _>>()?,
        })
    }

    /// Whether it can name a resource at all: they are in one namespace, or one of them in none.
    fn can_name(&self, candidate: &Candidate) -> bool {
        self.id.is_cluster_scoped()
            || candidate.id.is_cluster_scoped()
            || candidate.id.namespace == self.id.namespace
            || self.account_namespaces.contains(&candidate.namespace)
    }

    fn shares_namespace(&self, candidate: &Candidate) -> bool {
        self.id.is_cluster_scoped()
            || candidate.id.is_cluster_scoped()
            || candidate.id.kind == "ServiceAccount"
            || candidate.id.namespace == self.id.namespace
    }

    /// Whether both were given the same prefixes and suffixes, from the outermost on.
    fn shares_affixes(&self, candidate: &Candidate, none_is_any: bool) -> bool {
        let same = |mine: &[String], theirs: &[String]| {
            let empty = mine.is_empty() || theirs.is_empty();
            empty && none_is_any
                || mine.ends_with(theirs) && !theirs.is_empty()
                || theirs.ends_with(mine) && !mine.is_empty()
                || mine.is_empty() && theirs.is_empty()
        };
        same(&self.prefixes, &candidate.prefixes) && same(&self.suffixes, &candidate.suffixes)
    }
}

/// The search for what one field names.
struct Lookup<'a> {
    index: &'a Index,
    referrer: &'a Referrer,
    reference: &'a NameReference,
    roles: bool,
}

impl Lookup<'_> {
    fn update(&self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => items.iter_mut().try_for_each(|item| match item {
                Value::Array(_) => Err("expected a text or a map".into()),
                item => self.update(item),
            }),
            Value::Object(_) => self.update_map(value),
            scalar => self.update_name(scalar),
        }
    }

    fn update_name(&self, value: &mut Value) -> Result<(), String> {
        let Some(name) = value.as_str() else { return Ok(()) };
        let all: Vec<usize> = self.index.by_former_name.get(name).cloned().unwrap_or_default();
        let same = |one: &Candidate, other: &Candidate| one.id.name == other.id.name;
        if let Some(found) = self.select(name, all, same)?
            && found.id.name != name
        {
            *value = found.id.name.as_str().into();
        }
        Ok(())
    }

    /// A map with a name and perhaps a namespace.
    fn update_map(&self, value: &mut Value) -> Result<(), String> {
        let Some(map) = value.as_object_mut() else { return Ok(()) };
        let Some(name) = map.get("name") else { return Err("expected a map with a `name`".into()) };
        let Some(name) = name.as_str() else { return Ok(()) };
        let all = self.index.by_former_name.get(name).cloned().unwrap_or_default();
        let all = match map.get("namespace").and_then(Value::as_str) {
            Some(namespace) => self.in_namespace(all, namespace),
            None => all,
        };
        let same =
            |one: &Candidate, other: &Candidate| one.id.name == other.id.name && one.namespace == other.namespace;
        let Some(found) = self.select(name, all, same)? else { return Ok(()) };
        if found.id.name == name && found.namespace.is_empty() {
            return Ok(());
        }
        map.insert("name".into(), found.id.name.as_str().into());
        if !found.namespace.is_empty() {
            map.insert("namespace".into(), found.namespace.as_str().into());
        }
        Ok(())
    }

    /// Those that were in a namespace first, or else those that are in it now.
    fn in_namespace(&self, all: Vec<usize>, namespace: &str) -> Vec<usize> {
        let within = |now: bool| {
            let namespace_of = |candidate: &Candidate| match (now, candidate.formers.first()) {
                (false, Some(first)) => first.namespace == namespace,
                _ => candidate.id.namespace == namespace,
            };
            let within = |index: &&usize| self.index.candidates.get(**index).is_some_and(namespace_of);
            all.iter().filter(within).copied().collect::<Vec<_>>()
        };
        Some(within(false)).filter(|found| !found.is_empty()).unwrap_or_else(|| within(true))
    }

    /// The one resource that a name means, as kustomize picks it (`nameref.Filter.selectReferral`).
    fn select(
        &self,
        name: &str,
        all: Vec<usize>,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&Candidate>, String> {
        let found = all.into_iter().filter_map(|index| self.index.candidates.get(index));
        let mut found: Vec<&Candidate> = found
            .filter(|candidate| self.referrer.can_name(candidate))
            .filter(|candidate| self.is_wanted(candidate))
            .filter(|candidate| self.referrer.shares_namespace(candidate))
            .collect();
        if found.len() > 1 {
            found.retain(|candidate| self.referrer.shares_affixes(candidate, true));
        }
        if found.len() > 1 {
            found.retain(|candidate| self.referrer.shares_affixes(candidate, false));
        }
        match found.as_slice() {
            [] => Ok(None),
            [first, others @ ..] if others.iter().all(|other| same(first, other)) => Ok(Some(first)),
            many => {
                let ids: Vec<_> = many.iter().map(|candidate| candidate.id.to_string()).collect();
                Err(format!("`{name}` may be any of {}", ids.join(", ")))
            }
        }
    }

    fn is_wanted(&self, candidate: &Candidate) -> bool {
        let NameReference { group, version, kind, .. } = self.reference;
        let is = |wanted: &str, text: &str| wanted.is_empty() || wanted == text;
        let selected = |id: &ResourceId| is(group, id.group()) && is(version, id.version()) && is(kind, &id.kind);
        let role = |id: &ResourceId| match &self.referrer.role {
            Some((group, kind)) if self.roles => group == id.group() && *kind == id.kind,
            _ => true,
        };
        candidate.formers.iter().any(selected) && candidate.formers.iter().any(role)
    }
}
