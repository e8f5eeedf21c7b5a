//! Imports, answered from a tree on another thread: the evaluator keeps its resolver for as long as it likes, and a tree
//! is only lent.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};

use gitops_core::tree::{self, EntryKind, Tree, TreePath};
use jrsonnet_evaluator::error::ErrorKind;
use jrsonnet_evaluator::{AsPathLike, ImportResolver, Result, SourcePath};
use jrsonnet_gcmodule::Acyclic;
use jrsonnet_ir::{SourceFifo, SourceFile};

use super::JsonnetRequest;

/// What a program asks of the tree.
pub(super) enum Question {
    /// Which file an import names.
    Resolve { from: Option<String>, path: String },
    /// A file's bytes.
    Load { path: String },
}

/// What the tree answers.
pub(super) enum Answer {
    File(Option<String>),
    Bytes(Vec<u8>),
    Refused(String),
}

#[derive(Acyclic)]
pub(super) struct TreeResolver {
    pub(super) questions: Sender<Question>,
    pub(super) answers: Receiver<Answer>,
}

impl TreeResolver {
    fn ask(&self, question: Question) -> Result<Answer> {
        let gone = || ErrorKind::ImportIo("the evaluation was given up".into());
        self.questions.send(question).map_err(|_| gone())?;
        match self.answers.recv().map_err(|_| gone())? {
            Answer::Refused(message) => Err(ErrorKind::ImportIo(message).into()),
            answer => Ok(answer),
        }
    }
}

impl ImportResolver for TreeResolver {
    fn resolve_from(&self, from: &SourcePath, path: &dyn AsPathLike) -> Result<SourcePath> {
        let wanted = path.as_path().as_ref().to_string_lossy().into_owned();
        let file = from.downcast_ref::<SourceFile>().map(|file| file.path().to_string_lossy().into_owned());
        match self.ask(Question::Resolve { from: file, path: wanted })? {
            Answer::File(Some(found)) => Ok(SourcePath::new(SourceFile::new(PathBuf::from(found)))),
            _ => Err(ErrorKind::ImportFileNotFound(from.clone(), path.as_path().to_owned()).into()),
        }
    }

    fn load_file_contents(&self, resolved: &SourcePath) -> Result<Vec<u8>> {
        // Variables given as code come as sources of their own.
        if let Some(code) = resolved.downcast_ref::<SourceFifo>() {
            return Ok(code.1.to_vec());
        }
        let missing = || ErrorKind::ResolvedFileNotFound(resolved.clone());
        let file = resolved.downcast_ref::<SourceFile>().ok_or_else(missing)?;
        match self.ask(Question::Load { path: file.path().to_string_lossy().into_owned() })? {
            Answer::Bytes(bytes) => Ok(bytes),
            _ => Err(missing().into()),
        }
    }
}

/// The tree's answer.
pub(super) fn answer(tree: &dyn Tree, request: &JsonnetRequest, question: Question) -> Answer {
    let answered = match question {
        Question::Resolve { from, path } => resolve(tree, request, from.as_deref(), &path).map(Answer::File),
        Question::Load { path } => load(tree, request, &path).map(Answer::Bytes),
    };
    answered.unwrap_or_else(Answer::Refused)
}

/// The file that an import names: beside the importing file, else in a library, the last one first (go-jsonnet's
/// `FileImporter`).
fn resolve(
    tree: &dyn Tree,
    request: &JsonnetRequest,
    from: Option<&str>,
    path: &str,
) -> std::result::Result<Option<String>, String> {
    let beside = match from {
        Some(from) => TreePath::new(from).map_err(|error| error.to_string())?.parent(),
        None => Some(TreePath::root()),
    };
    let mut outside = None;
    for directory in beside.iter().chain(request.libraries.iter().rev()) {
        let candidate = match directory.join(path) {
            Ok(candidate) => candidate,
            Err(error) => {
                outside = Some(error.to_string());
                continue;
            }
        };
        match tree::stat(tree, &candidate).map_err(|error| error.to_string())? {
            Some(meta) if matches!(meta.kind, EntryKind::File | EntryKind::Executable) => {
                return Ok(Some(candidate.as_str().into()));
            }
            _ => {}
        }
    }
    outside.map_or(Ok(None), Err)
}

fn load(tree: &dyn Tree, request: &JsonnetRequest, path: &str) -> std::result::Result<Vec<u8>, String> {
    let path = TreePath::new(path).map_err(|error| error.to_string())?;
    let blob = tree::read_required(tree, &path, request.file_bytes).map_err(|error| error.to_string())?;
    Ok(blob.bytes.to_vec())
}
