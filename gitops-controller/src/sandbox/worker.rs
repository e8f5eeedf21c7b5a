use std::io::{self, BufRead, Write};
use std::sync::{Mutex, PoisonError};

use gitops_core::tree::{Blob, Entry, Meta, Tree, TreeError, TreePath};
use gitops_render::jsonnet;

use super::wire::{self, Answer, Say, Start};

/// Serves one evaluation over these streams: the body of the child process.
///
/// # Errors
/// Where the parent says nothing that can be read, or limits cannot be set.
pub fn run_worker(input: impl BufRead + Send, output: impl Write + Send) -> io::Result<()> {
    let pipe = PipeTree { pipe: Mutex::new(Pipe { input, output }) };
    let Some(start) = pipe.with(|pipe| wire::receive::<Start>(&mut pipe.input))? else { return Ok(()) };
    limit(start.memory_bytes, start.processor_seconds)?;
    let last = match jsonnet::evaluate_in_process(&pipe, &start.request) {
        Ok(value) => Say::Done(value),
        Err(error) => Say::Failed(error),
    };
    pipe.with(|pipe| wire::send(&mut pipe.output, &last))
}

fn limit(memory_bytes: u64, processor_seconds: u64) -> io::Result<()> {
    use rlimit::Resource;
    // What is written counts, not address space that an allocator only reserves.
    Resource::DATA.set(memory_bytes, memory_bytes)?;
    Resource::CPU.set(processor_seconds, processor_seconds)?;
    Resource::CORE.set(0, 0)
}

/// The parent's tree, asked over the pipe.
struct PipeTree<I, O> {
    pipe: Mutex<Pipe<I, O>>,
}

struct Pipe<I, O> {
    input: I,
    output: O,
}

impl<I: BufRead + Send, O: Write + Send> PipeTree<I, O> {
    fn with<T>(&self, work: impl FnOnce(&mut Pipe<I, O>) -> T) -> T {
        work(&mut self.pipe.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ask(&self, path: &TreePath, question: Say) -> Result<Answer, TreeError> {
        let answer = self.with(|pipe| {
            wire::send(&mut pipe.output, &question)?;
            wire::receive::<Answer>(&mut pipe.input)
        });
        let failed = |source| TreeError::Storage { path: path.clone(), source };
        match answer {
            Ok(Some(Answer::Failed(words))) => Err(failed(words.into())),
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(failed("the parent process is gone".into())),
            Err(error) => Err(failed(error.into())),
        }
    }
}

fn confused(path: &TreePath) -> TreeError {
    TreeError::Storage { path: path.clone(), source: "the parent process gave an answer to another question".into() }
}

impl<I: BufRead + Send, O: Write + Send> Tree for PipeTree<I, O> {
    fn stat(&self, path: &TreePath) -> Result<Option<Meta>, TreeError> {
        match self.ask(path, Say::Stat(path.clone()))? {
            Answer::Stat(meta) => Ok(meta.map(Into::into)),
            _ => Err(confused(path)),
        }
    }

    fn read(&self, path: &TreePath) -> Result<Option<Blob>, TreeError> {
        match self.ask(path, Say::Read(path.clone()))? {
            Answer::Read(None) => Ok(None),
            Answer::Read(Some(blob)) => match Blob::try_from(blob) {
                Ok(blob) => Ok(Some(blob)),
                Err(error) => Err(TreeError::Storage { path: path.clone(), source: error.into() }),
            },
            _ => Err(confused(path)),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError> {
        match self.ask(path, Say::List(path.clone()))? {
            Answer::List(entries) => Ok(entries.map(wire::entries)),
            _ => Err(confused(path)),
        }
    }
}
