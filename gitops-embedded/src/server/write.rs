//! Creating, updating, applying and patching objects.

use std::sync::Arc;

use gitops_core::Value;
use gitops_core::cluster::Precondition;
use gitops_merge::schema::Kind;
use gitops_merge::server::{self as rules, Effect, FieldValidation, Moment, Operation, ServerError, Target};

use super::identity::generated_name;
use super::{Server, as_version, new_uid, text};
use crate::failure::Failure;
use crate::store::{Key, Stored};

/// A write to one object.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) kind: &'a Arc<Kind>,
    pub(crate) namespace: &'a str,
    /// Empty where a create has only a `generateName`.
    pub(crate) name: &'a str,
    pub(crate) operation: Operation<'a>,
    pub(crate) target: Target,
    pub(crate) manager: &'a str,
    pub(crate) field_validation: FieldValidation,
    pub(crate) dry_run: bool,
    pub(crate) precondition: &'a Precondition,
}

impl<'a> Request<'a> {
    /// A write to the object itself, without preconditions.
    pub(crate) fn new(
        kind: &'a Arc<Kind>,
        (namespace, name): (&'a str, &'a str),
        operation: Operation<'a>,
        manager: &'a str,
    ) -> Self {
        Self {
            kind,
            namespace,
            name,
            operation,
            target: Target::Object,
            manager,
            field_validation: FieldValidation::Ignore,
            dry_run: false,
            precondition: &Precondition::None,
        }
    }
}

/// What a write did.
#[derive(Debug)]
pub(crate) struct Written {
    /// The object as it is now; its last state where it was removed.
    pub(crate) object: Value,
    /// What was done with it.
    pub(crate) effect: Effect,
}

/// How often a generated name is tried.
const ATTEMPTS: usize = 8;

impl Server<'_> {
    /// Carries out a write.
    pub(crate) fn write(&self, request: &Request<'_>) -> Result<Written, Failure> {
        let kind = request.kind;
        let generated;
        let name = match (request.name, request.operation) {
            ("", Operation::Create(body)) => {
                generated = self.generate(kind, request.namespace, text(body, "/metadata/generateName"))?;
                generated.as_str()
            }
            (name, _) => name,
        };
        let key = Key::of(kind, request.namespace, name);
        let stored = self.session.get(&key)?;
        let creates =
            matches!(request.operation, Operation::Create(_) | Operation::Apply { .. } | Operation::Update(_));
        if stored.is_none() && creates && request.target == Target::Object {
            self.check_namespace(kind, request.namespace, name)?;
        }
        check_precondition(request, name, stored.as_ref())?;
        let versioned;
        let live = match &stored {
            Some(stored) if text(&stored.body, "/apiVersion") != kind.api_version => {
                versioned = as_version(stored.body.clone(), kind);
                Some(&versioned)
            }
            Some(stored) => Some(&stored.body),
            None => None,
        };
        let uid = new_uid();
        let asked = rules::Request::new(request.operation, &key.namespace, name, request.manager)
            .to(request.target)
            .validating(request.field_validation);
        let moment = Moment { now: self.now, uid: &uid };
        let written = rules::write(&self.catalog.kinds, kind, live, &asked, moment)?;
        let mut object = written.object;
        self.check_definition(&key, &object)?;
        if !request.dry_run {
            self.keep(&key, stored.as_ref(), &mut object, written.effect)?;
        }
        Ok(Written { object, effect: written.effect })
    }

    /// Stores the result of a write.
    fn keep(&self, key: &Key, stored: Option<&Stored>, object: &mut Value, effect: Effect) -> Result<(), Failure> {
        match (effect, stored) {
            (Effect::Unchanged, _) => Ok(()),
            (Effect::Removed, Some(stored)) => self.remove(stored, object),
            (_, Some(stored)) => {
                self.session.replace(stored, object)?;
                self.after_write(stored.id, key, Some(&stored.body), object)
            }
            (_, None) => {
                let id = self.session.insert(key, object)?;
                self.after_write(id, key, None, object)
            }
        }
    }

    fn generate(&self, kind: &Kind, namespace: &str, prefix: &str) -> Result<String, Failure> {
        if prefix.is_empty() {
            return Ok(String::new());
        }
        for _ in 1..ATTEMPTS {
            let name = generated_name(prefix);
            if self.session.get(&Key::of(kind, namespace, &name))?.is_none() {
                return Ok(name);
            }
        }
        Ok(generated_name(prefix))
    }
}

fn check_precondition(request: &Request<'_>, name: &str, stored: Option<&Stored>) -> Result<(), ServerError> {
    let Precondition::Live { uid, resource_version } = request.precondition else {
        return match (request.precondition, stored) {
            (Precondition::Absent, Some(_)) => Err(ServerError::already_exists(request.kind, name)),
            _ => Ok(()),
        };
    };
    let Some(stored) = stored else {
        let applies = matches!(request.operation, Operation::Apply { .. });
        let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        return Err(if applies {
            ServerError::conflict(request.kind, name, &why)
        } else {
            ServerError::not_found(request.kind, name)
        });
    };
    let held = super::uid(stored);
    if held != uid {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {held}");
        return Err(ServerError::conflict(request.kind, name, &why));
    }
    match resource_version {
        Some(version) if version != text(&stored.body, "/metadata/resourceVersion") => {
            Err(ServerError::stale(request.kind, name))
        }
        _ => Ok(()),
    }
}
