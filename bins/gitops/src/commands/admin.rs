use std::process::ExitCode;
use std::sync::Arc;

use gitops_controller::rendering::{RenderingError, complete_build};
use gitops_core::secret::Purpose;
use gitops_core::tree::MemoryTree;
use gitops_core::{Reveal, Tree, TreePath};
use gitops_render::Inputs;

use crate::arguments::AdminManifestsArguments;
use crate::failure::Failure;
use crate::output::stream;

/// The files of a folder that this program carries.
macro_rules! carried {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../../install/", $path)))),*]
    };
}

/// The operator's installation, a kustomization.
const INSTALL: [(&str, &str); 15] = carried![
    "kustomization.yaml",
    "namespace.yaml",
    "service-account.yaml",
    "role.yaml",
    "cluster-role.yaml",
    "workloads.yaml",
    "deployment.yaml",
    "service.yaml",
    "crds/kustomization.yaml",
    "crds/application.yaml",
    "crds/appproject.yaml",
    "crds/applicationset.yaml",
    "everything/kustomization.yaml",
    "everything/cluster-role.yaml",
    "replicas/kustomization.yaml",
];

/// Prints what the operator needs, built from the files of `install/`.
pub(super) fn run(arguments: &AdminManifestsArguments) -> Result<ExitCode, Failure> {
    let mut tree = MemoryTree::new();
    for (path, content) in INSTALL {
        tree = tree.with_file(&format!("install/{path}"), content);
    }
    tree = tree.with_file("chosen/kustomization.yaml", chosen(arguments));
    let directory = if arguments.crds_only { "install/crds" } else { "chosen" };
    let tree: Arc<dyn Tree> = Arc::new(tree);
    let place = ("install", &TreePath::new(directory)?);
    let built = complete_build(&tree, place, &Inputs::new(""), None).map_err(|error| match error {
        RenderingError::Source { source, .. } => Failure::from(source),
        other => Failure::from(other),
    })?;
    let reveal = Reveal::granted(Purpose::RenderedOutput);
    let objects = built.resources.iter().map(|resource| resource.reveal(&reveal));
    stream::manifests(&gitops_yaml::write_documents(objects))?;
    Ok(ExitCode::SUCCESS)
}

/// A kustomization over the installation, as a user writes one.
fn chosen(arguments: &AdminManifestsArguments) -> String {
    let mut text = "resources: [../install]\n".to_owned();
    let chosen =
        [(arguments.everything, "../install/everything"), (arguments.replicas.is_some(), "../install/replicas")];
    let components: Vec<&str> = chosen.into_iter().filter_map(|(is, path)| is.then_some(path)).collect();
    if !components.is_empty() {
        text.push_str(&format!("components: [{}]\n", components.join(", ")));
    }
    if let Some(count) = arguments.replicas {
        text.push_str(&format!("replicas: [{{name: gitops-controller, count: {count}}}]\n"));
    }
    if let Some(image) = &arguments.image {
        let (name, version) = split_image(image);
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        text.push_str(&format!("images: [{{name: gitops-controller, newName: {}", quoted(name)));
        text.push_str(&version.map_or_else(String::new, |(key, value)| format!(", {key}: {}", quoted(value))));
        text.push_str("}]\n");
    }
    text
}

/// An image's name, and its tag or digest with the key that a kustomization has for it.
fn split_image(image: &str) -> (&str, Option<(&'static str, &str)>) {
    if let Some((name, digest)) = image.split_once('@') {
        return (name, Some(("digest", digest)));
    }
    match image.rsplit_once(':') {
        // A port of a registry is followed by a path.
        Some((name, tag)) if !tag.contains('/') => (name, Some(("newTag", tag))),
        _ => (image, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_tags_digests_or_neither() {
        assert_eq!(split_image("a.example:5000/b"), ("a.example:5000/b", None));
        assert_eq!(split_image("a.example:5000/b:v1"), ("a.example:5000/b", Some(("newTag", "v1"))));
        assert_eq!(split_image("b@sha256:0"), ("b", Some(("digest", "sha256:0"))));
    }
}
