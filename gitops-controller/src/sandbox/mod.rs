//! Jsonnet in a child process.
//!
//! Its evaluation cannot be interrupted, so it runs in this binary started again, under limits of memory and processor
//! time that the kernel keeps. The child gets no environment but one setting of its allocator, and opens no file: it reads through its pipe, and the
//! parent answers from the [`Tree`], which records what was read.

mod parent;
mod wire;
mod worker;

pub use parent::{Limits, SandboxedJsonnet};
pub use worker::run_worker;
