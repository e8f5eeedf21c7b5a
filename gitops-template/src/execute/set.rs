use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::syntax::{Template, Templates};
use crate::value::Text;

/// Templates by name, to be executed and to call each other.
#[derive(Clone, Default)]
pub struct TemplateSet {
    by_name: HashMap<Text, Arc<Template>>,
}

impl TemplateSet {
    /// A set without templates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the templates of a file. One that is there already is replaced, save by one that writes nothing.
    pub fn add(&mut self, templates: &Templates) {
        for template in templates {
            let name = template.name();
            if !(template.is_empty() && self.by_name.contains_key(name)) {
                self.by_name.insert(name.clone(), Arc::clone(template));
            }
        }
    }

    /// The template of a name.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Template>> {
        self.by_name.get(name)
    }
}

/// The templates that can be seen where a template is executed: those of the set, and over them those that a text has
/// defined which a template executes.
pub(crate) struct Scope<'s> {
    own: Own<'s>,
    around: Option<Rc<Scope<'s>>>,
}

enum Own<'s> {
    Set(&'s TemplateSet),
    Text(TemplateSet),
}

impl<'s> Scope<'s> {
    pub(crate) fn of(set: &'s TemplateSet) -> Rc<Self> {
        Rc::new(Self { own: Own::Set(set), around: None })
    }

    /// What the templates of a text see.
    pub(crate) fn within(around: &Rc<Self>, templates: &Templates) -> Rc<Self> {
        let mut own = TemplateSet::new();
        for template in templates {
            if !(template.is_empty() && around.get(template.name()).is_some()) {
                own.by_name.insert(template.name().clone(), Arc::clone(template));
            }
        }
        Rc::new(Self { own: Own::Text(own), around: Some(Rc::clone(around)) })
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<Arc<Template>> {
        let own = match &self.own {
            Own::Set(set) => set,
            Own::Text(set) => set,
        };
        own.get(name).cloned().or_else(|| self.around.as_ref()?.get(name))
    }
}
