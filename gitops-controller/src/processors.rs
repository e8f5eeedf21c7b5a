//! The processors of this machine.

use std::num::NonZero;
use std::thread::available_parallelism;

/// How much can be computed side by side; one where the machine does not say.
pub(crate) fn processors() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}
