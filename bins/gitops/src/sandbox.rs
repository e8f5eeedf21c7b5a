//! How this program starts itself again to evaluate Jsonnet.

use std::io;
use std::sync::Arc;

use gitops_controller::sandbox::{Limits, SandboxedJsonnet};

/// Evaluation of Jsonnet in a process of its own.
pub(crate) fn jsonnet() -> io::Result<Arc<SandboxedJsonnet>> {
    let program = std::env::current_exe()?;
    // This program's allocator would otherwise make a gigabyte writable at once, all of which counts against the limit.
    let environment = vec![("MIMALLOC_ARENA_EAGER_COMMIT".to_owned(), "0".to_owned())];
    let evaluator = SandboxedJsonnet::new(program, vec!["jsonnet-worker".to_owned()], Limits::default());
    Ok(Arc::new(evaluator.with_environment(environment)))
}
