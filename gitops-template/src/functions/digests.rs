//! sprig's hashes and checksums.

use sha2::{Digest, Sha256};

use super::{Arguments, Function, Parameter, Signature};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "sha256sum",
    signature: Signature::of(&[Parameter::Text]),
    call: |_, a| Ok(Value::text(Sha256::digest(a.text(0)).iter().map(|b| format!("{b:02x}")).collect::<String>())),
}];
