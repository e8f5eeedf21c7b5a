//! Bringing a set of fields in line with a schema that changed since the set was written.

use super::{Atom, Context, Form};
use crate::fields::{PathElement, Set};
use crate::schema::{ListRelation, Map, Scalar, Schema, TypeId};

/// Where a map or list is atomic now, owners of its fields or items become owners of the whole. None where nothing
/// changes.
#[must_use]
pub fn reconcile(schema: &Schema, type_id: TypeId, fields: &Set) -> Option<Set> {
    let mut walk = Walk { context: Context { schema }, path: Vec::new(), whole: Set::new() };
    walk.visit(type_id, Some(fields), false);
    if walk.whole.is_empty() {
        return None;
    }
    Some(fields.recursive_difference(&walk.whole).union(&walk.whole))
}

struct Walk<'a> {
    context: Context<'a>,
    path: Vec<PathElement>,
    whole: Set,
}

impl Walk<'_> {
    /// `owned_whole` tells that the set has the field itself and nothing below it.
    fn visit(&mut self, type_id: TypeId, fields: Option<&Set>, owned_whole: bool) {
        match Atom::deduce(self.context.get(type_id), None).form() {
            Form::List(list) => {
                if list.relation == ListRelation::Atomic {
                    if !owned_whole {
                        self.whole.insert(&self.path);
                    }
                } else if let Some(fields) = fields {
                    self.descend(fields, |_| Some(list.element));
                }
            }
            Form::Map(map) if !self.is_open(map) => {
                if map.atomic {
                    if !owned_whole && fields.is_some_and(|fields| !fields.is_empty()) {
                        self.whole.insert(&self.path);
                    }
                } else if let Some(fields) = fields {
                    self.descend(fields, |element| match element {
                        PathElement::Field(name) => map.child(name),
                        _ => map.element,
                    });
                }
            }
            _ => {}
        }
    }

    fn descend(&mut self, fields: &Set, child: impl Fn(&PathElement) -> Option<TypeId>) {
        let only_below = fields.children().map(|(element, _)| element).filter(|element| !fields.has_member(element));
        let elements: Vec<&PathElement> = only_below.chain(fields.members()).collect();
        for element in elements {
            let Some(type_id) = child(element) else { continue };
            let below = fields.child(element);
            self.path.push(element.clone());
            self.visit(type_id, below, fields.has_member(element) && below.is_none());
            self.path.pop();
        }
    }

    /// A map without named fields whose entries may be anything.
    fn is_open(&self, map: &Map) -> bool {
        map.fields.is_empty()
            && map.element.is_some_and(|id| {
                let element = self.context.get(id);
                element.scalar == Some(Scalar::Any) && element.map.is_some()
            })
    }
}
