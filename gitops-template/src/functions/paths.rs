//! sprig's paths.

use super::{Arguments, Function, Parameter, Signature};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "base",
    signature: Signature::of(&[Parameter::Text]),
    call: |_, a| Ok(Value::text(a.text(0).to_str().rsplit('/').next().unwrap_or_default())),
}];
