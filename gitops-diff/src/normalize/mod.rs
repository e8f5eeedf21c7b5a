//! When two values mean the same: one file for each rule.
//!
//! Nothing is rewritten to compare. Each rule is a question to one or two values where they stand, so equal objects
//! cost neither copies nor allocations. [`normalized`] gives the rewritten object for those who want to see it.

pub mod absent;
pub(crate) mod bytes;
pub mod defaults;
pub(crate) mod ignore;
pub(crate) mod jq;
mod known;
pub mod number;
pub mod pointer;
pub mod quantity;
mod respect;
mod rewrite;
pub mod server_set;
pub(crate) mod trusted;

use gitops_core::Value;

use crate::path::Step;
use crate::shape::Shape;

pub(crate) use ignore::Ignored;
pub use ignore::{IgnoreRules, RuleError};
pub use jq::ExpressionError;
pub use known::{KnownTypes, Mismatch, UnknownType};
pub use respect::respecting;
pub use rewrite::normalized;

/// Whether two values that are not both maps or both lists mean the same at this place.
pub(crate) fn equal(want: &Value, have: &Value, shape: Shape<'_>, steps: &[Step<'_>]) -> bool {
    match (want, have) {
        (Value::String(left), Value::String(right)) if left == right => true,
        (Value::Number(left), Value::Number(right)) if left == right => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => number::equal(left, right),
        (Value::String(_) | Value::Number(_), Value::String(_) | Value::Number(_)) => {
            quantity::equal_at(want, have, shape, steps) || bytes::equal_at(want, have, shape)
        }
        (Value::Null, Value::Null) => true,
        _ => false,
    }
}
