//! The types by which kustomize merges lists: a table of those of Kubernetes v1.21.2, which `tools/kustomize-table` writes.

use std::collections::BTreeMap;

use super::openapi::Definitions;
use super::parse::TableError;
use super::{Field, List, ListRelation, Map, Patch, Scalar, Schema, Type, TypeId};

const TABLE: &str = include_str!("kustomize.table");

impl Definitions {
    /// The kinds of Kubernetes v1.21.2 as kustomize v5.8.1 knows them.
    ///
    /// The table is parsed on each call: keep the value and clone it.
    ///
    /// # Errors
    /// [`TableError`] where the table that the crate ships is damaged, which its tests exclude.
    pub fn kustomize() -> Result<Self, TableError> {
        Reader::default().read(TABLE)
    }
}

#[derive(Default)]
struct Reader<'a> {
    types: Vec<Type>,
    named: BTreeMap<&'a str, TypeId>,
    /// Types without a name, by how they are written.
    unnamed: BTreeMap<&'a str, TypeId>,
}

impl<'a> Reader<'a> {
    fn read(mut self, table: &'a str) -> Result<Definitions, TableError> {
        for head in table.lines().filter_map(|line| line.strip_prefix("type ")) {
            // Without a form it is a map with the fields that follow.
            let (name, form) = head.split_once(' ').unwrap_or((head, ""));
            let map = form.is_empty().then(Map::default);
            let scalar = (form == "s").then_some(Scalar::String);
            let id = self.add(Type { name: Some(name.to_owned()), scalar, map, ..Type::default() });
            self.named.insert(name, id);
        }
        let mut kinds = BTreeMap::new();
        let mut current = None;
        for (number, line) in table.lines().enumerate() {
            let damaged = || TableError::new(number + 1, "a line of no known form", line);
            if let Some(name) = line.strip_prefix("type ") {
                current = self.named.get(name.split(' ').next().unwrap_or_default()).copied();
            } else if let Some(rest) = line.strip_prefix("kind ") {
                let mut words = rest.split(' ');
                let (Some(version), Some(kind), Some(name)) = (words.next(), words.next(), words.next()) else {
                    return Err(damaged());
                };
                let id = self.named.get(name).copied().ok_or_else(damaged)?;
                kinds.insert((version.to_owned(), kind.to_owned()), id);
            } else if let Some(rest) = line.strip_prefix(' ') {
                let (name, field) = self.field(rest).ok_or_else(damaged)?;
                let owner = current.and_then(|id| self.types.get_mut(id.0 as usize)).ok_or_else(damaged)?;
                owner.map.get_or_insert_default().fields.insert(name.to_owned(), field);
            }
        }
        Ok(Definitions::new(Schema::new(self.types), kinds))
    }

    fn add(&mut self, known: Type) -> TypeId {
        let id = TypeId(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        self.types.push(known);
        id
    }

    /// `ports []@api.core.v1.ContainerPort patch:merge key:containerPort keys:containerPort,protocol`
    fn field(&mut self, line: &'a str) -> Option<(&'a str, Field)> {
        let mut words = line.split(' ');
        let (name, form) = (words.next()?, words.next()?);
        let mut type_id = self.form(form)?;
        let mut patch: Option<Patch> = None;
        for word in words {
            match word.split_once(':')? {
                ("patch", strategy) => {
                    let patch = patch.get_or_insert_default();
                    patch.merge = strategy.split(',').any(|part| part == "merge");
                    patch.retain_keys = strategy.split(',').any(|part| part == "retainKeys");
                }
                ("key", key) => patch.get_or_insert_default().merge_key = Some(key.to_owned()),
                ("keys", keys) => {
                    let mut known = self.types.get(type_id.0 as usize)?.clone();
                    known.list.as_mut()?.relation = ListRelation::Map(keys.split(',').map(Into::into).collect());
                    type_id = self.add(known);
                }
                _ => return None,
            }
        }
        Some((name, Field { type_id, shape: None, default: None, patch, required: false }))
    }

    fn form(&mut self, form: &'a str) -> Option<TypeId> {
        if let Some(name) = form.strip_prefix('@') {
            return self.named.get(name).copied();
        }
        if let Some(known) = self.unnamed.get(form) {
            return Some(*known);
        }
        let scalar = |scalar| Type { scalar: Some(scalar), ..Type::default() };
        let known = match form {
            "s" => scalar(Scalar::String),
            "n" => scalar(Scalar::Number),
            "b" => scalar(Scalar::Boolean),
            "o" | "?" => Type::default(),
            _ if form.starts_with("[]") => {
                let element = self.form(form.strip_prefix("[]")?)?;
                Type { list: Some(List { element, relation: ListRelation::Atomic }), ..Type::default() }
            }
            _ => {
                let element = Some(self.form(form.strip_prefix("{}")?)?);
                Type { map: Some(Map { element, ..Map::default() }), ..Type::default() }
            }
        };
        let id = self.add(known);
        self.unnamed.insert(form, id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_kinds_of_its_time() {
        let definitions = Definitions::kustomize().unwrap();
        assert!(definitions.get("batch/v1beta1", "CronJob").is_some());
        assert!(definitions.get("autoscaling/v2", "HorizontalPodAutoscaler").is_none());
        let (schema, pod) = definitions.get("v1", "Pod").unwrap();
        let field = |id: TypeId, name: &str| schema.get(id).map.as_ref().unwrap().fields[name].clone();
        let containers = field(field(pod, "spec").type_id, "containers");
        assert_eq!(containers.patch.unwrap().merge_key.as_deref(), Some("name"));
        let container = schema.get(containers.type_id).list.as_ref().unwrap().element;
        let ports = schema.get(field(container, "ports").type_id).list.clone().unwrap();
        assert_eq!(ports.relation, ListRelation::Map(vec!["containerPort".into(), "protocol".into()]));
    }
}
