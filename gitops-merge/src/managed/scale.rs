//! Ownership of the replicas field between an object and its scale subresource.

use super::{Entry, Managed};
use crate::fields::{PathElement, Set};

const SCALE_VERSION: &str = "autoscaling/v1";

fn set_of(path: &[String]) -> Set {
    let mut set = Set::new();
    set.insert(&elements(path));
    set
}

fn elements(path: &[String]) -> Vec<PathElement> {
    path.iter().map(PathElement::field).collect()
}

fn replicas_of_scale() -> Vec<String> {
    vec!["spec".to_owned(), "replicas".to_owned()]
}

/// The managers of the object's replicas as managers of `spec.replicas` of its Scale.
#[must_use]
pub fn to_scale(object: &Managed, replicas: &[String]) -> Managed {
    let mut out = Managed::new();
    for (manager, entry) in object.iter().filter(|(_, entry)| entry.set.has(&elements(replicas))) {
        let set = set_of(&replicas_of_scale());
        out.insert(manager.clone(), Entry { set, api_version: SCALE_VERSION.to_owned(), time: entry.time });
    }
    out
}

/// The managers of the object after its Scale was written: who lost the replicas there loses them here, and who gained
/// them there gains them here, in the object's version.
///
/// A gain of a manager that the object did not have carries no time, as in apimachinery's `ScaleHandler`.
#[must_use]
pub fn from_scale(object: &Managed, scale: &Managed, replicas: &[String], api_version: &str) -> Managed {
    let mut scale = scale.clone();
    let mut out = object.clone();
    let lost = set_of(replicas);
    out.retain(|manager, entry| {
        if !entry.set.has(&elements(replicas)) || scale.remove(manager).is_some() {
            return true;
        }
        entry.set = entry.set.difference(&lost);
        !entry.set.is_empty()
    });
    for (manager, _) in scale.iter().filter(|(_, entry)| entry.set.has(&elements(&replicas_of_scale()))) {
        let gained = Entry {
            set: lost.clone(),
            api_version: api_version.to_owned(),
            time: object.get(manager).and_then(|known| known.time),
        };
        out.insert(manager.clone(), gained);
    }
    out
}
