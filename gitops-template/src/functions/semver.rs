//! sprig's semantic versions: `semver`, which gives a version with its methods, and `semverCompare`.

use std::any::Any;
use std::cmp::Ordering;

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::semver::{Constraint, SemverError, Version};
use crate::value::{Object, Value};

use Parameter::Text;

/// Go's names of the types: what `semver` gives, and what the methods for the next versions give.
const POINTER: &str = "*semver.Version";
const VALUE: &str = "semver.Version";

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "semver", signature: Signature::of(&[Text]), call: semver },
    Function { name: "semverCompare", signature: Signature::of(&[Text, Text]), call: compare },
];

fn failure(error: SemverError) -> Failure {
    Failure::new(error.to_string())
}

fn semver(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let version = Version::parse(&arguments.text(0).to_str()).map_err(failure)?;
    Ok(Value::object(VersionObject { version, type_name: POINTER }))
}

fn compare(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let constraint = Constraint::parse(&arguments.text(0).to_str()).map_err(failure)?;
    let version = Version::parse(&arguments.text(1).to_str()).map_err(failure)?;
    Ok(Value::Bool(constraint.check(&version)))
}

struct VersionObject {
    version: Version,
    type_name: &'static str,
}

impl VersionObject {
    fn is_pointer(&self) -> bool {
        self.type_name == POINTER
    }
}

impl Object for VersionObject {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn kind_name(&self) -> &str {
        if self.is_pointer() { "ptr" } else { "struct" }
    }

    fn method(&self, name: &str) -> Option<Signature> {
        Some(match name {
            "Major" | "Minor" | "Patch" | "Prerelease" | "Metadata" | "String" | "Value" => Signature::of(&[]),
            "IncMajor" | "IncMinor" | "IncPatch" | "MarshalJSON" | "MarshalText" => Signature::of(&[]),
            "SetPrerelease" | "SetMetadata" => Signature::of(&[Text]),
            "Original" if self.is_pointer() => Signature::of(&[]),
            "Compare" | "Equal" | "LessThan" | "LessThanEqual" | "GreaterThan" | "GreaterThanEqual"
                if self.is_pointer() =>
            {
                Signature::of(&[Parameter::Object(POINTER)])
            }
            _ => return None,
        })
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, Failure> {
        let version = &self.version;
        let text = arguments.text(0);
        let changed = match name {
            "IncMajor" => version.next_major(),
            "IncMinor" => version.next_minor(),
            "IncPatch" => version.next_patch(),
            "SetPrerelease" => version.with_prerelease(&text.to_str()),
            "SetMetadata" => version.with_metadata(&text.to_str()),
            _ => return self.ask(name, arguments.any(0)),
        };
        let version = changed.map_err(failure)?;
        Ok(Value::object(VersionObject { version, type_name: VALUE }))
    }

    fn text(&self) -> Option<String> {
        Some(self.version.to_string())
    }

    fn plain(&self) -> Value {
        Value::text(self.version.to_string())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl VersionObject {
    /// What a method says of the version alone, or of another beside it.
    fn ask(&self, name: &str, other: &Value) -> Result<Value, Failure> {
        let version = &self.version;
        match name {
            "Major" => return Ok(Value::Uint64(version.major)),
            "Minor" => return Ok(Value::Uint64(version.minor)),
            "Patch" => return Ok(Value::Uint64(version.patch)),
            "Prerelease" => return Ok(Value::text(version.prerelease.as_str())),
            "Metadata" => return Ok(Value::text(version.metadata.as_str())),
            "Original" => return Ok(Value::text(version.original.as_str())),
            "String" | "Value" => return Ok(Value::text(version.to_string())),
            "MarshalText" => return Ok(Value::Bytes(version.to_string().into())),
            "MarshalJSON" => return Ok(Value::Bytes(format!("\"{version}\"").into())),
            _ => {}
        }
        let other = match other {
            Value::Object(object) => object.as_any().downcast_ref::<Self>(),
            _ if name == "Equal" => return Ok(Value::Bool(false)),
            _ => None,
        };
        let Some(other) = other else { return Err(Failure::new(super::items::NIL_DEREFERENCE)) };
        let order = version.compare(&other.version);
        Ok(match name {
            "Compare" => Value::Int(order as i64),
            "Equal" => Value::Bool(order == Ordering::Equal),
            "LessThan" => Value::Bool(order == Ordering::Less),
            "LessThanEqual" => Value::Bool(order != Ordering::Greater),
            "GreaterThan" => Value::Bool(order == Ordering::Greater),
            _ => Value::Bool(order != Ordering::Less),
        })
    }
}
