//! What the server would fill in inside of values that are written as a whole.

use gitops_core::Value;

use super::reach;
use super::walk::Walk;
use crate::normalize::{defaults, number, quantity};

impl Walk<'_> {
    /// Whether the live field at hand, which the desired object lacks, is what the server fills in there.
    ///
    /// It looks into a copy of the desired object with its defaults, made on the first such field.
    pub(super) fn is_default(&mut self, have: &Value) -> bool {
        if defaults::is_well_known(have, &self.steps) {
            return true;
        }
        let (kind, desired) = (self.types.kind, self.desired);
        let filled = self.filled.get_or_insert_with(|| Box::new(defaults::filled(kind, desired)));
        let found = reach::value(filled, &self.steps);
        found.is_some_and(|found| number::equal_deep(found, have) || quantity::equal(found, have))
    }
}
