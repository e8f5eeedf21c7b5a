//! What a kustomization may name: files in and below its directory, and directories of the repository.

use bytes::Bytes;
use gitops_core::tree::{EntryKind, TreePath};

use super::provenance::Provenance;
use super::read::Spot;
use super::resource::Resource;
use crate::documents::{self, Dialect, Document};
use crate::files::Files;
use crate::lists;
use crate::nearest::nearest;
use crate::remote::{self, Remote};
use crate::{LoadRestrictor, Place, Problem, RenderError, Warning};

/// A directory with a kustomization, and how it was come to.
#[derive(Clone, Debug)]
pub(super) struct Root {
    /// The directory.
    pub(super) directory: TreePath,
    /// The directories of the kustomizations that led here, the outermost first.
    above: Vec<TreePath>,
    /// The namespace of the nearest kustomization around it that has one, for charts.
    pub(super) namespace: String,
    /// How it is named from where the build starts, where that is traced.
    pub(super) provenance: Option<Provenance>,
}

/// What a path of `resources` is.
pub(super) enum Entry {
    File,
    Directory(TreePath),
}

impl Root {
    pub(super) fn new(directory: TreePath) -> Self {
        Self { directory, above: Vec::new(), namespace: String::new(), provenance: None }
    }

    pub(super) fn depth(&self) -> usize {
        self.above.len()
    }

    /// A base or component, and the text that names it. One that contains a directory on the way to it would come back to
    /// itself.
    pub(super) fn descend(&self, directory: TreePath, text: &str, place: &Spot<'_>) -> Result<Self, RenderError> {
        let mut above = self.above.clone();
        above.push(self.directory.clone());
        if above.iter().any(|visited| visited.is_within(&directory)) {
            let way = above.iter().chain(std::iter::once(&directory)).map(ToString::to_string);
            return Err(place.is(Problem::Cycle(way.collect::<Vec<_>>().join(" -> "))));
        }
        let provenance = self.provenance.as_ref().map(|here| here.append(text));
        Ok(Self { directory, above, namespace: String::new(), provenance })
    }

    /// What a path names.
    pub(super) fn find(&self, files: &Files<'_>, path: &str, place: &Spot<'_>) -> Result<Entry, RenderError> {
        if let Some(remote) = Remote::parse(path)
            && !self.is_file(files, path)?
        {
            let found = remote::find(files, path, &remote, &|problem| place.is(problem));
            if matches!(found, Err(RenderError::Elsewhere(_))) {
                remote::foresee(files, place.addresses());
            }
            return match found? {
                remote::Found::File => Ok(Entry::File),
                remote::Found::Directory(directory) => Ok(Entry::Directory(directory)),
            };
        }
        let joined = self.join(files, path, place)?;
        let Some(resolved) = files.resolve(&joined)? else {
            return Err(place.is(self.missing(files, path, &joined)?));
        };
        match files.stat(&resolved)?.map(|meta| meta.kind) {
            Some(EntryKind::Directory) => Ok(Entry::Directory(resolved)),
            Some(EntryKind::File | EntryKind::Executable) => Ok(Entry::File),
            _ => Err(place.is(self.missing(files, path, &joined)?)),
        }
    }

    /// A file's bytes. With [`LoadRestrictor::RootOnly`] it must lie in or below the directory, after links.
    pub(super) fn read(
        &self,
        files: &Files<'_>,
        path: &str,
        restrictor: LoadRestrictor,
        place: &Spot<'_>,
    ) -> Result<(TreePath, Bytes), RenderError> {
        if remote::is_web(path) {
            return remote::read(files, path, &|problem| place.is(problem));
        }
        let joined = self.join(files, path, place)?;
        let Some(resolved) = files.resolve(&joined)? else {
            return Err(place.is(self.missing(files, path, &joined)?));
        };
        if restrictor == LoadRestrictor::RootOnly && !resolved.is_within(&self.directory) {
            let message = format!("`{path}` is outside of `{}`, the kustomization's directory", self.directory);
            return Err(place.is(Problem::Value(message)));
        }
        match files.read_resolved(&resolved)? {
            Some(bytes) => Ok((joined, bytes)),
            None => Err(place.is(self.missing(files, path, &joined)?)),
        }
    }

    /// Whether a text that may be an address is the path of a file all the same, as kustomize looks first.
    fn is_file(&self, files: &Files<'_>, path: &str) -> Result<bool, RenderError> {
        if path.contains("://") {
            return Ok(false);
        }
        let Ok(joined) = files.join(&self.directory, path) else { return Ok(false) };
        let meta = files.stat(&joined)?;
        Ok(meta.is_some_and(|meta| matches!(meta.kind, EntryKind::File | EntryKind::Executable)))
    }

    fn join(&self, files: &Files<'_>, path: &str, place: &Spot<'_>) -> Result<TreePath, RenderError> {
        files.join(&self.directory, path).map_err(|error| place.is(Problem::Path(error)))
    }

    fn missing(&self, files: &Files<'_>, path: &str, joined: &TreePath) -> Result<Problem, RenderError> {
        let siblings = match joined.parent() {
            Some(parent) => files.list(&parent)?.unwrap_or_default(),
            None => Vec::new(),
        };
        let nearest = nearest(joined.name(), siblings.iter().map(|entry| entry.name.as_str())).map(Into::into);
        Ok(Problem::Missing { path: path.into(), nearest })
    }
}

/// The resources of a text: kustomize's reading of YAML, lists taken apart, empty documents left out.
pub(super) fn parse(
    text: &str,
    path: &TreePath,
    files: &Files<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Resource>, RenderError> {
    from_documents(documents::read(text, path.as_str(), Dialect::Kustomize, files.limits)?, warnings)
}

/// The resources of documents.
pub(super) fn from_documents(
    documents: Vec<Document>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Resource>, RenderError> {
    let mut resources = Vec::with_capacity(documents.len());
    for document in documents {
        warnings.extend(document.warnings);
        if document.value.is_null() || document.value.as_object().is_some_and(gitops_core::Map::is_empty) {
            continue;
        }
        let place = Place::from(&document.origin);
        let mut values = Vec::with_capacity(1);
        lists::flatten_kustomize(document.value, &place, &mut values)?;
        for value in values {
            validate(&value, &place)?;
            resources.push(Resource::new(value, document.origin.clone()));
        }
    }
    Ok(resources)
}

/// What kustomize asks of a resource: a kind, and a name where it is not a list.
fn validate(value: &gitops_core::Value, place: &Place) -> Result<(), RenderError> {
    use super::id::text;
    let missing = |field| place.is(Problem::Value(format!("not a Kubernetes object: `{field}` is missing")));
    if !value.is_object() {
        return Err(place.is(Problem::Value("not a Kubernetes object: expected a map".into())));
    }
    let kind = text(value, "kind");
    if kind.is_empty() {
        return Err(missing("kind"));
    }
    let name = value.get("metadata").map(|metadata| text(metadata, "name")).unwrap_or_default();
    if name.is_empty() && !kind.ends_with("List") {
        return Err(missing("metadata.name"));
    }
    Ok(())
}
