//! The template engine from outside.

#![expect(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
#![expect(clippy::disallowed_methods, reason = "tests read what was recorded, and look at the clock")]

mod suite;
