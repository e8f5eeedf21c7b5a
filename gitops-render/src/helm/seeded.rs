use std::cell::{Cell, RefCell};

use gitops_core::Secret;
use gitops_template::{Host, KeyMaker};
use serde_json::Value;

use crate::Inputs;

/// Randomness from a key and the name of what is rendered, and a clock that stands: the same inputs give the same bytes,
/// and nobody without the key can tell them.
///
/// Each template draws from a stream of its own, so that one more template changes nothing in the others.
pub(crate) struct Seeded<'k> {
    inputs: &'k Inputs,
    name: String,
    template: RefCell<String>,
    drawn: Cell<u64>,
}

impl<'k> Seeded<'k> {
    pub(crate) fn new(inputs: &'k Inputs, name: String) -> Self {
        Self { inputs, name, template: RefCell::default(), drawn: Cell::new(0) }
    }
}

impl Host for Seeded<'_> {
    fn now(&self) -> (i64, u32) {
        (self.inputs.time(), 0)
    }

    fn begin(&self, template: &str) {
        template.clone_into(&mut self.template.borrow_mut());
        self.drawn.set(0);
    }

    fn keys(&self) -> Option<&dyn KeyMaker> {
        self.inputs.keys.as_deref()
    }

    fn random(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(16) {
            let drawn = self.drawn.get();
            self.drawn.set(drawn.wrapping_add(1));
            let asked = [self.name.as_str().into(), self.template.borrow().as_str().into(), Value::from(drawn)];
            let digest = Secret::new(Value::Array(asked.to_vec())).digest(&self.inputs.digest_key);
            let digits = digest.as_str().rsplit(':').next().unwrap_or_default().as_bytes();
            for (byte, pair) in chunk.iter_mut().zip(digits.chunks(2)) {
                let text = std::str::from_utf8(pair).unwrap_or_default();
                *byte = u8::from_str_radix(text, 16).unwrap_or_default();
            }
        }
    }
}
