use gitops_core::api::{ApplicationSource, SourceType};
use gitops_core::tree::{EntryKind, Tree, TreePath};

use crate::files::Files;
use crate::{Limits, Place, RenderError};

/// The names of a kustomization's file (kustomize's `RecognizedKustomizationFileNames`).
pub(crate) const KUSTOMIZATION_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// How a source is rendered: as its options say, else by what lies in its directory, as Argo CD detects it
/// (`GetAppSourceType`, `discovery.AppType`): a chart where a file's name ends in `Chart.yaml`, a kustomization where one
/// of kustomize's file names is there, else a directory of manifests.
///
/// # Errors
/// Where the options are of several kinds, the path is not a directory of the tree, or the tree fails.
pub fn detect(tree: &dyn Tree, source: &ApplicationSource) -> Result<SourceType, RenderError> {
    let limits = Limits::default();
    detect_in(&Files::new(tree, &limits), source)
}

pub(crate) fn detect_in(files: &Files<'_>, source: &ApplicationSource) -> Result<SourceType, RenderError> {
    let explicit = source.explicit_type().map_err(|types| {
        RenderError::SeveralTypes(types.iter().map(SourceType::as_str).collect::<Vec<_>>().join(", "))
    })?;
    if let Some(explicit) = explicit {
        return Ok(explicit);
    }
    if source.chart().is_some() {
        return Ok(SourceType::Helm);
    }
    let path = directory_of(source)?;
    let Some(entries) = files.list(&path)? else { return Err(RenderError::NotADirectory { path }) };
    let is_file = |kind: EntryKind| !matches!(kind, EntryKind::Directory | EntryKind::Submodule);
    let mut detected = SourceType::Directory;
    // In the order of names the later file decides, as in Argo CD's walk.
    for entry in entries.iter().filter(|entry| is_file(entry.kind)) {
        if entry.name.ends_with("Chart.yaml") {
            detected = SourceType::Helm;
        }
        if KUSTOMIZATION_NAMES.contains(&entry.name.as_str()) {
            detected = SourceType::Kustomize;
        }
    }
    Ok(detected)
}

/// The source's directory.
pub(crate) fn directory_of(source: &ApplicationSource) -> Result<TreePath, RenderError> {
    TreePath::new(source.path().unwrap_or(".")).map_err(RenderError::SourcePath)
}

/// Refuses a kind of source that is not rendered here.
pub(crate) fn refuse(source_type: &SourceType, path: &TreePath) -> RenderError {
    RenderError::Unsupported { place: Place::file(path), feature: format!("a source of the type `{source_type}`") }
}

#[cfg(test)]
mod tests {
    use gitops_core::tree::MemoryTree;

    use super::*;

    fn source(path: &str) -> ApplicationSource {
        let mut source = ApplicationSource::new("https://example.com/x.git");
        source.path = Some(path.into());
        source
    }

    #[test]
    fn types_follow_files_and_options() {
        let tree = MemoryTree::new()
            .with_file("chart/Chart.yaml", "")
            .with_file("kustomize/kustomization.yml", "")
            .with_file("both/Chart.yaml", "")
            .with_file("both/Kustomization", "")
            .with_file("plain/sub/Chart.yaml", "");
        let detect = |path| detect(&tree, &source(path)).unwrap();
        assert_eq!(detect("chart"), SourceType::Helm);
        assert_eq!(detect("kustomize"), SourceType::Kustomize);
        assert_eq!(detect("both"), SourceType::Kustomize);
        assert_eq!(detect("plain"), SourceType::Directory);
        let mut explicit = source("kustomize");
        explicit.directory = Some(Box::default());
        assert_eq!(super::detect(&tree, &explicit).unwrap(), SourceType::Directory);
        explicit.helm = Some(Box::default());
        assert!(matches!(super::detect(&tree, &explicit), Err(RenderError::SeveralTypes(_))));
        let missing = super::detect(&tree, &source("none")).unwrap_err();
        assert_eq!(missing.to_string(), "spec.source.path: `none` is not a directory of the repository");
        assert!(matches!(super::detect(&tree, &source("../x")), Err(RenderError::SourcePath(_))));
    }
}
