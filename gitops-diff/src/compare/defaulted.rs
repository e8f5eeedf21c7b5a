//! What the server would fill in.

use gitops_core::Value;

use super::reach;
use super::walk::Walk;
use crate::client_side;
use crate::normalize::{defaults, number, quantity};

impl Walk<'_> {
    /// Whether the live field at hand, which the desired object lacks, is what the server fills in there.
    pub(super) fn is_default(&mut self, have: &Value) -> bool {
        if defaults::is_well_known(have, &self.steps) {
            return true;
        }
        self.fill_in();
        let filled = self.filled.as_ref().and_then(Option::as_deref);
        let found = filled.and_then(|filled| reach::value(filled, &self.steps));
        found.is_some_and(|found| number::equal_deep(found, have) || quantity::equal(found, have))
    }

    /// Whether the desired value is one that the server takes for none, and fills the live one in: `targetPort: 0` of a Service.
    pub(super) fn is_filled_in(&mut self, want: &Value, have: &Value) -> bool {
        let is_zero = match want {
            Value::String(text) => text.is_empty(),
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::Bool(flag) => !flag,
            _ => false,
        };
        is_zero && self.context.predicted.is_none() && self.is_default(have)
    }

    /// Whether it is known what the server fills in.
    pub(super) fn knows_defaults(&mut self) -> bool {
        self.fill_in();
        self.filled.as_ref().is_some_and(Option::is_some)
    }

    /// Makes a copy of the desired object with its defaults, once.
    fn fill_in(&mut self) {
        let (kind, desired) = (self.types.kind, self.desired);
        self.filled.get_or_insert_with(|| {
            let desired = || Value::Object(desired.body().clone());
            kind.and_then(|kind| client_side::filled(kind, desired())).map(Box::new)
        });
    }
}
