//! How this program starts itself again to evaluate Jsonnet.

use std::io;
use std::sync::Arc;

use gitops_controller::sandbox::{Limits, SandboxedJsonnet};

/// Evaluation of Jsonnet in a process of its own.
pub(crate) fn jsonnet() -> io::Result<Arc<SandboxedJsonnet>> {
    let program = std::env::current_exe()?;
    Ok(Arc::new(SandboxedJsonnet::new(program, vec!["jsonnet-worker".to_owned()], Limits::default())))
}
