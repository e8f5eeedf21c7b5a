use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::RenderError;

/// How much a render may read and make. Whatever a repository can make large has a limit here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one file. 10 MiB.
    pub file_bytes: u64,
    /// Bytes of all files that are read. 256 MiB.
    pub total_bytes: u64,
    /// Bytes of all manifests of a source that is a plain directory, Jsonnet apart; without one, as many as of all files. As
    /// objects they take about forty times as much memory. None here; Argo CD's repository server has one of 10 MB
    /// (`--max-combined-directory-manifests-size`).
    pub directory_bytes: Option<u64>,
    /// Files that are read. 50,000.
    pub files: usize,
    /// Objects that are made. 200,000.
    pub objects: usize,
    /// Directories below a source's directory, and kustomizations below a kustomization. 64.
    pub depth: usize,
    /// Values of one file after its YAML aliases are followed. 5,000,000.
    pub yaml_nodes: usize,
    /// Nesting inside one file. 100.
    pub yaml_depth: usize,
    /// Ends the render before its time.
    pub stop: Stop,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 10 << 20,
            total_bytes: 256 << 20,
            directory_bytes: None,
            files: 50_000,
            objects: 200_000,
            depth: 64,
            yaml_nodes: 5_000_000,
            yaml_depth: 100,
            stop: Stop::default(),
        }
    }
}

impl Limits {
    /// Asked before each part of the work.
    pub(crate) fn go_on(&self) -> Result<(), RenderError> {
        if self.stop.is_asked() { Err(RenderError::Stopped) } else { Ok(()) }
    }
}

/// Ends renders before their time. Rendering knows no clock: whoever has one asks for the end, and a render that is under way
/// ends before the next file or part of one ([`RenderError::Stopped`]).
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks every render that has a clone of this to end.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Always the same words: no result depends on it, and results are kept under the words of limits.
impl fmt::Debug for Stop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Stop")
    }
}
