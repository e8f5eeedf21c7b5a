use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use gitops_core::Value;
use gitops_core::tree::Tree;
use gitops_render::jsonnet::{JsonnetError, JsonnetEvaluator, JsonnetRequest};

use super::wire::{self, Say, Start};

/// What one evaluation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Private memory that can be written, in bytes.
    pub memory_bytes: u64,
    /// Processor time, in seconds.
    pub processor_seconds: u64,
}

impl Default for Limits {
    /// 1 GiB and 10 s.
    fn default() -> Self {
        Self { memory_bytes: 1 << 30, processor_seconds: 10 }
    }
}

/// The only variable that a child gets: mimalloc, which programs may have, would otherwise make a gigabyte writable at once, all of
/// which counts against the limit.
const ALLOCATOR: (&str, &str) = ("MIMALLOC_ARENA_EAGER_COMMIT", "0");

/// Evaluates Jsonnet in a child process of this program.
#[derive(Clone, Debug)]
pub struct SandboxedJsonnet {
    program: PathBuf,
    arguments: Vec<String>,
    limits: Limits,
}

impl SandboxedJsonnet {
    /// Starts `program` with `arguments`, which must call [`super::run_worker`] on its standard streams.
    pub fn new(program: impl Into<PathBuf>, arguments: Vec<String>, limits: Limits) -> Self {
        Self { program: program.into(), arguments, limits }
    }

    fn talk(&self, child: &mut Child, tree: &dyn Tree, request: &JsonnetRequest) -> io::Result<Option<Say>> {
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Ok(None) };
        let mut output = BufReader::new(output);
        let Limits { memory_bytes, processor_seconds } = self.limits;
        wire::send(&mut input, &Start { request: request.clone(), memory_bytes, processor_seconds })?;
        while let Some(say) = wire::receive::<Say>(&mut output)? {
            match wire::answer(tree, &say) {
                Some(answer) => wire::send(&mut input, &answer)?,
                None => return Ok(Some(say)),
            }
        }
        Ok(None)
    }
}

impl JsonnetEvaluator for SandboxedJsonnet {
    fn evaluate(&self, tree: &dyn Tree, request: &JsonnetRequest) -> Result<Value, JsonnetError> {
        let failed = |words: String| JsonnetError::Evaluator(words);
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env(ALLOCATOR.0, ALLOCATOR.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(format!("the evaluating process cannot be started: {error}")))?;
        let said = self.talk(&mut child, tree, request);
        let status = child.wait().map_err(|error| failed(error.to_string()))?;
        match said {
            Ok(Some(Say::Done(value))) => Ok(value),
            Ok(Some(Say::Failed(error))) => Err(error),
            _ => Err(self.ending(status)),
        }
    }
}

impl SandboxedJsonnet {
    /// A child that said nothing more has ended, nearly always at a limit.
    fn ending(&self, status: ExitStatus) -> JsonnetError {
        let Limits { memory_bytes, processor_seconds } = self.limits;
        let limits = format!("{} MiB of memory or {processor_seconds} s of processor time", memory_bytes >> 20);
        JsonnetError::Limit(format!("{limits}: its process ended with {status}"))
    }
}
