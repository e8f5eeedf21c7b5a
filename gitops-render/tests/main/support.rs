//! Trees from folders, and renders of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gitops_core::api::ApplicationSource;
use gitops_core::secret::Purpose;
use gitops_core::tree::{EntryKind, MemoryTree, Tree, TreePath};
use gitops_core::{Reveal, Value};
use gitops_render::{
    Inputs, JsonnetError, JsonnetEvaluator, JsonnetRequest, Limits, Outcome, RenderError, Rendered, jsonnet, render,
};

/// The folder of shared data, or none where it may be missing and is.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!required, "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

/// A folder in memory.
pub(crate) fn tree_of(folder: &Path) -> MemoryTree {
    let mut tree = MemoryTree::new();
    add(&mut tree, folder, &TreePath::root());
    tree
}

fn add(tree: &mut MemoryTree, folder: &Path, at: &TreePath) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = at.child(entry.file_name().to_str().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            add(tree, &entry.path(), &path);
        } else if kind.is_symlink() {
            let target = std::fs::read_link(entry.path()).unwrap();
            tree.insert(path, EntryKind::Symlink, target.to_str().unwrap().to_owned().into());
        } else {
            tree.insert(path, EntryKind::File, std::fs::read(entry.path()).unwrap().into());
        }
    }
}

/// Evaluates here, where programs are known to end.
pub(crate) struct InProcess;

impl JsonnetEvaluator for InProcess {
    fn evaluate(&self, tree: &dyn Tree, request: &JsonnetRequest) -> Result<Value, JsonnetError> {
        jsonnet::evaluate_in_process(tree, request)
    }
}

pub(crate) fn source(path: &str) -> ApplicationSource {
    let mut source = ApplicationSource::new("https://example.com/repository.git");
    source.path = Some(path.into());
    source
}

pub(crate) fn inputs() -> Inputs {
    let mut inputs = Inputs::new("app");
    inputs.jsonnet = Some(Arc::new(InProcess));
    inputs
}

pub(crate) fn render_with(
    tree: MemoryTree,
    source: &ApplicationSource,
    inputs: &Inputs,
) -> Result<Rendered, RenderError> {
    match render(Arc::new(tree), source, inputs, &Limits::default())? {
        Outcome::Done(rendered) => Ok(rendered),
        Outcome::Needs(mut needs) => Err(RenderError::Elsewhere(needs.remove(0))),
    }
}

/// The bytes that the reference tool would print.
pub(crate) fn text(rendered: &Rendered) -> String {
    let reveal = Reveal::granted(Purpose::RenderedOutput);
    let values: Vec<Value> = rendered.objects.iter().map(|manifest| manifest.object.reveal(&reveal)).collect();
    gitops_yaml::write_documents(&values)
}

/// An error with its causes.
pub(crate) fn message(error: &RenderError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
