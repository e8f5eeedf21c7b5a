//! Parameters that a repository keeps beside its source: `.argocd-source.yaml` and `.argocd-source-APPLICATION.yaml`.

use std::borrow::Cow;

use gitops_core::api::ApplicationSource;
use gitops_core::tree::TreePath;
use gitops_yaml::{PathSegment, locate};

use crate::documents::{self, Dialect};
use crate::files::Files;
use crate::{Place, Problem, RenderError};

/// The source with the overrides of its directory merged over it, the Application's own file last, each as a JSON merge
/// patch. Where the source is (`repoURL`, `targetRevision`, `path`, `chart`) is never overridden (Argo CD 3.5,
/// `mergeSourceParameters`).
pub(crate) fn apply<'a>(
    files: &Files<'_>,
    source: &'a ApplicationSource,
    path: &TreePath,
    application: &str,
) -> Result<Cow<'a, ApplicationSource>, RenderError> {
    let mut merged = Cow::Borrowed(source);
    let own = format!(".argocd-source-{application}.yaml");
    let names = [".argocd-source.yaml", &own];
    for name in names.iter().take(if application.is_empty() { 1 } else { 2 }) {
        let file = path.child(name);
        if let Some(text) = files.read_text(&file)? {
            merged = Cow::Owned(patched(files, &merged, &file, &text)?);
        }
    }
    if let Cow::Owned(merged) = &mut merged {
        merged.repo_url.clone_from(&source.repo_url);
        merged.target_revision.clone_from(&source.target_revision);
        merged.path.clone_from(&source.path);
        merged.chart.clone_from(&source.chart);
    }
    Ok(merged)
}

fn patched(
    files: &Files<'_>,
    source: &ApplicationSource,
    file: &TreePath,
    text: &str,
) -> Result<ApplicationSource, RenderError> {
    let place = Place::file(file);
    let mut documents = documents::read(text, file.as_str(), Dialect::Plain, files.limits)?;
    if documents.len() > 1 {
        return Err(place.is(Problem::Value("expected one document, found several".into())));
    }
    let Some(patch) = documents.pop().map(|document| document.value) else { return Ok(source.clone()) };
    if !patch.is_object() {
        return Err(place.is(Problem::Value("expected fields of a source, such as `kustomize` or `helm`".into())));
    }
    let mut value = serde_json::to_value(source).map_err(|error| place.is(Problem::Value(error.to_string())))?;
    json_patch::merge(&mut value, &patch);
    serde_path_to_error::deserialize(value).map_err(|error: serde_path_to_error::Error<serde_json::Error>| {
        let (path, field) = (segments(error.path()), error.path().to_string());
        let line = locate(text.as_bytes(), 0, &path).map_or(1, |position| position.line);
        Place::line(file.to_string(), line).field(field).is(Problem::Value(error.inner().to_string()))
    })
}

fn segments(path: &serde_path_to_error::Path) -> Vec<PathSegment> {
    use serde_path_to_error::Segment;
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(PathSegment::Index(*index)),
        Segment::Map { key } => Some(PathSegment::Key(key.clone())),
        _ => None,
    };
    path.iter().filter_map(segment).collect()
}

#[cfg(test)]
mod tests {
    use gitops_core::tree::MemoryTree;

    use super::*;
    use crate::Limits;

    fn applied(files: &[(&str, &str)], application: &str) -> Result<ApplicationSource, RenderError> {
        let tree = files.iter().fold(MemoryTree::new(), |tree, (path, text)| tree.with_file(path, (*text).to_owned()));
        let limits = Limits::default();
        let mut source = ApplicationSource::new("https://example.com/shop.git");
        source.path = Some("app".into());
        let path = TreePath::new("app").unwrap();
        Ok(apply(&Files::new(&tree, &limits), &source, &path, application)?.into_owned())
    }

    #[test]
    fn the_applications_own_file_counts_last_and_the_place_stays() {
        let files = [
            (
                "app/.argocd-source.yaml",
                "repoURL: https://example.com/other.git\nkustomize: {namePrefix: a-, nameSuffix: -z}\n",
            ),
            ("app/.argocd-source-web.yaml", "path: elsewhere\nkustomize:\n  namePrefix: b-\n  nameSuffix: null\n"),
        ];
        let source = applied(&files, "web").unwrap();
        assert_eq!((source.repo_url.as_str(), source.path()), ("https://example.com/shop.git", Some("app")));
        let kustomize = source.kustomize.unwrap();
        assert_eq!((kustomize.name_prefix.as_deref(), kustomize.name_suffix.as_deref()), (Some("b-"), None));
        let other = applied(&files, "shop").unwrap().kustomize.unwrap();
        assert_eq!(other.name_prefix.as_deref(), Some("a-"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error = applied(&[("app/.argocd-source.yaml", "kustomize:\n  namePrefix: [1]\n")], "web").unwrap_err();
        assert!(error.to_string().starts_with("app/.argocd-source.yaml:2: kustomize.namePrefix: "), "{error}");
        let error = applied(&[("app/.argocd-source.yaml", "- 1\n")], "web").unwrap_err();
        assert!(error.to_string().starts_with("app/.argocd-source.yaml: expected fields"), "{error}");
    }
}
