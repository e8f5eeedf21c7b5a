//! Definitions of custom kinds: checked when they are written, served at once.

use gitops_core::{Value, cluster::Precondition};
use gitops_merge::server::{Cause, Operation, ServerError, Target};
use serde_json::json;

use super::write::Request;
use super::{Server, is_deleting, text};
use crate::catalog::DEFINITION;
use crate::failure::Failure;
use crate::store::{Key, Stored};

/// Holds a deleted definition until its objects are gone.
pub(super) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";
/// Who writes the status of definitions.
const MANAGER: &str = "kube-apiserver";

impl Server<'_> {
    /// Refuses a definition that cannot be served.
    pub(super) fn check_definition(&self, key: &Key, object: &Value) -> Result<(), Failure> {
        if (key.group.as_str(), key.kind.as_str()) != DEFINITION || is_deleting(object) {
            return Ok(());
        }
        let definition = self.catalog.kind("apiextensions.k8s.io/v1", DEFINITION.1)?;
        let refuse = |causes| Err(ServerError::invalid(definition, &key.name, causes).into());
        let (group, plural) = (text(object, "/spec/group"), text(object, "/spec/names/plural"));
        let expected = format!("{plural}.{group}");
        if key.name != expected {
            let why = "must be spec.names.plural+\".\"+spec.group";
            return refuse(vec![Cause::invalid("metadata.name", &Value::from(key.name.as_str()), why)]);
        }
        let mut kinds = self.catalog.kinds.clone();
        if let Err(error) = kinds.define(object) {
            let message = error.to_string();
            let (field, why) = message.split_once(": ").unwrap_or(("spec", &message));
            return refuse(vec![Cause {
                field: field.to_owned(),
                reason: "FieldValueInvalid",
                message: why.to_owned(),
            }]);
        }
        let kind = text(object, "/spec/names/kind");
        let taken = self.catalog.served.iter().any(|known| {
            known.group() == group && (known.kind == kind || known.plural == plural) && !known.is_custom()
        });
        if taken {
            let why = "a built-in kind has this name";
            return refuse(vec![Cause::invalid("spec.names.kind", &Value::from(kind), why)]);
        }
        Ok(())
    }

    /// Says in a definition's status that it is served, or whose names it repeats.
    pub(super) fn establish(&self, key: &Key) -> Result<(), Failure> {
        let Some(stored) = self.session.get(key)?.filter(|stored| !is_deleting(&stored.body)) else { return Ok(()) };
        let Some(status) = self.established(&stored)? else { return Ok(()) };
        let kind = self.catalog.kind("apiextensions.k8s.io/v1", DEFINITION.1)?;
        let body = json!({"status": status});
        let request = Request {
            target: Target::Status,
            precondition: &Precondition::None,
            ..Request::new(kind, ("", &key.name), Operation::MergePatch(&body), MANAGER)
        };
        self.write(&request).map(drop)
    }

    /// The status that a definition lacks.
    fn established(&self, stored: &Stored) -> Result<Option<Value>, Failure> {
        let definition = &stored.body;
        let mut names = definition.pointer("/spec/names").cloned().unwrap_or_else(|| json!({}));
        let kind = text(&names, "/kind").to_owned();
        if let Some(names) = names.as_object_mut() {
            names.entry("singular").or_insert_with(|| Value::from(kind.to_lowercase()));
            names.entry("listKind").or_insert_with(|| Value::from(format!("{kind}List")));
        }
        let others = self.session.of_kind(DEFINITION, usize::MAX >> 1)?;
        let conflict = others.iter().any(|other| {
            let same = |pointer: &str| text(&other.body, pointer) == text(definition, pointer);
            other.id != stored.id
                && same("/spec/group")
                && same("/spec/names/kind")
                && text(&other.body, "/metadata/creationTimestamp") <= text(definition, "/metadata/creationTimestamp")
        });
        let accepted = condition(definition, "NamesAccepted");
        if accepted == Some(if conflict { "False" } else { "True" })
            && definition.pointer("/status/acceptedNames") == Some(&names)
        {
            return Ok(None);
        }
        let now = self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let state = |kind: &str, holds: bool, reason: &str, message: &str| {
            json!({"type": kind, "status": if holds { "True" } else { "False" }, "lastTransitionTime": now,
                   "reason": reason, "message": message})
        };
        let conditions = if conflict {
            let message = format!("{kind:?} is already in use");
            [
                state("NamesAccepted", false, "KindConflict", &message),
                state("Established", false, "NotAccepted", "not all names are accepted"),
            ]
        } else {
            [
                state("NamesAccepted", true, "NoConflicts", "no conflicts found"),
                state("Established", true, "InitialNamesAccepted", "the initial names have been accepted"),
            ]
        };
        let mut status = json!({"conditions": conditions});
        if let (false, Some(status)) = (conflict, status.as_object_mut()) {
            status.insert("acceptedNames".to_owned(), names);
        }
        Ok(Some(status))
    }

    /// The definition that serves a custom object.
    pub(super) fn definition_of(&self, key: &Key) -> Result<Option<Stored>, Failure> {
        let kind = self.catalog.served.iter().find(|kind| kind.kind == key.kind && kind.group() == key.group);
        match kind.filter(|kind| kind.is_custom()) {
            Some(kind) => {
                let name = format!("{}.{}", kind.plural, key.group);
                self.session.get(&Key::new(DEFINITION.0, DEFINITION.1, "", &name))
            }
            None => Ok(None),
        }
    }
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array)?;
    conditions.iter().find(|condition| text(condition, "/type") == kind).map(|condition| text(condition, "/status"))
}
