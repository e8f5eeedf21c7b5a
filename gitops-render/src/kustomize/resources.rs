//! The resources of a build, in the order in which they were loaded.

use std::collections::HashMap;

use super::id::ResourceId;
use super::read::Spot;
use super::resource::{Behavior, Resource};
use crate::nearest::nearest;
use crate::{Place, Problem, RenderError};

#[derive(Debug, Default)]
pub(super) struct Resources {
    items: Vec<Resource>,
    /// By what they are called now; absent while it may be out of date.
    current: Option<HashMap<ResourceId, usize>>,
}

impl Resources {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.items.iter()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Resource> {
        self.items.get(index)
    }

    /// The resources to change at will.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Resource> {
        self.current = None;
        self.items.iter_mut()
    }

    /// One resource to change at will.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Resource> {
        self.current = None;
        self.items.get_mut(index)
    }

    pub(super) fn into_items(self) -> Vec<Resource> {
        self.items
    }

    pub(super) fn sort_by(&mut self, order: impl FnMut(&Resource, &Resource) -> std::cmp::Ordering) {
        self.current = None;
        self.items.sort_by(order);
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) {
        self.current = None;
        self.items.retain(keep);
    }

    fn current(&mut self) -> &mut HashMap<ResourceId, usize> {
        let items = &self.items;
        self.current.get_or_insert_with(|| items.iter().enumerate().map(|(at, item)| (item.id(), at)).collect())
    }

    /// Adds a resource, whose identity must be a new one.
    pub(super) fn add(&mut self, resource: Resource) -> Result<(), RenderError> {
        let id = resource.id();
        let next = self.items.len();
        if let Some(earlier) = self.current().get(&id).copied() {
            let first = self.items.get(earlier).map(|item| Place::from(&item.origin)).unwrap_or_default();
            return Err(Place::from(&resource.origin).is(Problem::DuplicateObject { id: id.to_string(), first }));
        }
        self.current().insert(id, next);
        self.items.push(resource);
        Ok(())
    }

    /// Adds resources, whose identities must be new ones.
    pub(super) fn add_all(&mut self, resources: impl IntoIterator<Item = Resource>) -> Result<(), RenderError> {
        resources.into_iter().try_for_each(|resource| self.add(resource))
    }

    /// Adds a generated resource, or changes the one that is there, as its behaviour says.
    pub(super) fn absorb(&mut self, mut resource: Resource, place: &Spot<'_>) -> Result<(), RenderError> {
        let id = resource.id();
        let found = self.by_any_id(&id);
        let value = |text: String| place.is(Problem::Value(text));
        match (found.as_slice(), resource.behavior) {
            ([], Behavior::Create) => self.add(resource),
            ([], _) => Err(place.is(self.no_match(&id))),
            ([_], Behavior::Create) => {
                Err(value(format!("`{id}` exists already: its behavior must be `merge` or `replace`")))
            }
            ([index], behavior) => {
                let Some(older) = self.get_mut(*index) else { return Ok(()) };
                resource.succeed(older);
                if behavior == Behavior::Merge {
                    resource.merge_data(older);
                    resource.origin = older.origin.clone();
                    if let Some(provenance) = older.provenance.take() {
                        resource.provenance = Some(provenance);
                    }
                }
                *older = resource;
                Ok(())
            }
            (many, _) => Err(place.is(self.ambiguous(&id, many))),
        }
    }

    /// The resources that are or were called so.
    pub(super) fn by_any_id(&self, id: &ResourceId) -> Vec<usize> {
        let matches = |item: &Resource| {
            item.name() == id.name && item.id() == *id
                || item.formers.iter().any(|former| former.name == id.name)
                    && item.former_ids().any(|former| former == *id)
        };
        let found = self.items.iter().enumerate().filter(|(_, item)| !item.is_empty() && matches(item));
        found.map(|(index, _)| index).collect()
    }

    /// That nothing is called so, and what comes nearest.
    pub(super) fn no_match(&self, id: &ResourceId) -> Problem {
        let names: Vec<String> = self.items.iter().map(|item| item.id().short()).collect();
        let nearest = nearest(&id.short(), names.iter().map(String::as_str)).map(Into::into);
        Problem::NoMatch { wanted: id.short(), nearest }
    }

    pub(super) fn ambiguous(&self, id: &ResourceId, found: &[usize]) -> Problem {
        let found = found.iter().filter_map(|index| self.get(*index)).map(|item| item.id().to_string());
        Problem::Ambiguous { wanted: id.to_string(), found: found.collect::<Vec<_>>().join(", ") }
    }

    /// Fails where two resources are called the same.
    pub(super) fn check_unique(&mut self, place: &Spot<'_>) -> Result<(), RenderError> {
        self.current = None;
        if self.current().len() == self.items.len() {
            return Ok(());
        }
        let mut seen: HashMap<ResourceId, Place> = HashMap::new();
        for item in &self.items {
            if let Some(first) = seen.insert(item.id(), Place::from(&item.origin)) {
                return Err(place.is(Problem::DuplicateObject { id: item.id().to_string(), first }));
            }
        }
        Ok(())
    }
}
