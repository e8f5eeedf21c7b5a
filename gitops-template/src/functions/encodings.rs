//! sprig's encodings: base64, base32.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Arguments, Function, Parameter, Signature};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "b64enc",
        signature: Signature::of(&[Parameter::Text]),
        call: |_, a| Ok(Value::text(STANDARD.encode(a.text(0)))),
    },
    Function {
        name: "b64dec",
        signature: Signature::of(&[Parameter::Text]),
        call: |_, a| Ok(Value::text(STANDARD.decode(a.text(0)).unwrap_or_default())),
    },
];
