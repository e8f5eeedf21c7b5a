use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gitops_core::api::ApplicationSource;
use gitops_core::need::Pinned;
use gitops_core::tree::{ReadSet, RecordingTree, Tree, TreePath};
use gitops_core::{Need, Origin, Reveal, Value};

use crate::files::Files;
use crate::remote::Remotes;
use crate::render::{Context, Found, needs, pinned, refuse_duplicate_keys};
use crate::{Inputs, Limits, RenderError, Warning, kustomize};

/// What a build comes to.
#[derive(Debug)]
pub enum BuildOutcome {
    /// It is done.
    Done(Built),
    /// It lacks these; see [`Inputs::provided`].
    Needs(Vec<Need>),
}

/// A kustomization, built.
#[derive(Debug)]
#[non_exhaustive]
pub struct Built {
    /// The resources, in kustomize's order.
    pub resources: Vec<BuiltResource>,
    /// What was read of the tree.
    pub reads: ReadSet,
    /// What was used of elsewhere, and at which state.
    pub remotes: Vec<Pinned>,
    /// What was passed over but should be known.
    pub warnings: Vec<Warning>,
}

/// One resource of a build. It may be a Secret, so that its value is handed out for a purpose only, and it does not have to
/// be a whole Kubernetes object: kustomize asks for a kind and a name.
#[derive(Clone)]
pub struct BuiltResource {
    value: Value,
    origin: Origin,
}

impl BuiltResource {
    /// The resource's value.
    #[must_use]
    pub fn reveal(&self, _: &Reveal) -> &Value {
        &self.value
    }

    /// `apiVersion`, kind, namespace and name, each empty where it is missing.
    #[must_use]
    pub fn identity(&self) -> [&str; 4] {
        let text = |pointer: &str| self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        ["/apiVersion", "/kind", "/metadata/namespace", "/metadata/name"].map(text)
    }

    /// Where it was first written.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Debug for BuiltResource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("BuiltResource").field("identity", &self.identity()).field("origin", &self.origin).finish()
    }
}

/// Builds the kustomization of a directory, as `kustomize build` v5.8.1 does. Unlike [`render`](crate::render) it applies
/// no options of an Application and leaves every resource as kustomize prints it.
///
/// From files in memory:
///
/// ```
/// use std::sync::Arc;
/// use gitops_core::tree::{MemoryTree, TreePath};
/// use gitops_render::{BuildOutcome, Inputs, Limits, build};
///
/// let tree = MemoryTree::new()
///     .with_file("base/kustomization.yaml", "resources: [config.yaml]\nnamePrefix: shop-\n")
///     .with_file("base/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n");
/// let outcome = build(Arc::new(tree), &TreePath::new("base")?, &Inputs::new(""), &Limits::default())?;
/// let BuildOutcome::Done(built) = outcome else { unreachable!("nothing remote is named") };
/// assert_eq!(built.resources[0].identity(), ["v1", "ConfigMap", "", "shop-web"]);
/// assert!(built.warnings.is_empty());
/// assert!(built.reads.iter().any(|(path, _)| path.as_str() == "base/config.yaml"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// From a commit of a Git repository, and from a folder of this machine as it lies:
///
/// ```
/// use gitops_core::tree::TreePath;
/// use gitops_git::{FolderTree, Repository};
/// use gitops_render::{BuildOutcome, Inputs, Limits, build};
/// # use std::sync::Arc;
///
/// # let mut fixture = gitops_fixtures::TestRepository::new()?;
/// # fixture.commit([
/// #     ("base/kustomization.yaml", "resources: [config.yaml]\n"),
/// #     ("base/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"),
/// # ])?;
/// # let directory = fixture.path();
/// let repository = Repository::open(directory)?;
/// let commit = repository.resolve("main")?;
/// let of_commit = repository.tree(commit.id)?;
/// let (folder, path) = FolderTree::around(&directory.join("base"))?;
///
/// let limits = Limits::default();
/// for (tree, path) in [(of_commit, TreePath::new("base")?), (Arc::new(folder), path)] {
///     let BuildOutcome::Done(built) = build(tree, &path, &Inputs::new(""), &limits)? else { unreachable!() };
///     assert_eq!(built.resources[0].identity()[3], "web");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`render`](crate::render).
pub fn build(
    tree: Arc<dyn Tree>,
    path: &TreePath,
    inputs: &Inputs,
    limits: &Limits,
) -> Result<BuildOutcome, RenderError> {
    let tree = RecordingTree::new(tree);
    let inputs = &inputs.afresh();
    let files = Files::new(&tree, limits).with_remotes(Remotes::new(&inputs.provided));
    let source = ApplicationSource::new("");
    let context = Context { files, source: &source, inputs, references: BTreeMap::new() };
    let mut warnings = Vec::new();
    let found = match kustomize::render(&context, path, &mut warnings) {
        Err(RenderError::Elsewhere(need)) => return Ok(BuildOutcome::Needs(needs(&context.files, need))),
        found => found?,
    };
    refuse_duplicate_keys(inputs, &mut warnings)?;
    let resources = found.into_iter().map(|Found { value, origin }| BuiltResource { value, origin }).collect();
    let remotes = pinned(&context.files, &inputs.provided);
    Ok(BuildOutcome::Done(Built { resources, reads: tree.reads(), remotes, warnings }))
}
