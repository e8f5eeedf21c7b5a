use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use gitops_controller::rendering::{RenderingError, complete_build, locked};
use gitops_core::api::ApplicationSource;
use gitops_core::secret::Purpose;
use gitops_core::{Answer, Need, Reveal, Tree, TreePath, Value};
use gitops_fetch::{Fetcher, LOCK_FILE, LockFile, LockMode, Session};
use gitops_git::{FetchOptions, FolderTree};
use gitops_render::{BuiltResource, Inputs, LoadRestrictor, Reorder, remote_directory};

use crate::arguments::{BuildArguments, GlobalArguments, ReorderChoice, RestrictorChoice};
use crate::context::keep_out_of_git;
use crate::failure::Failure;
use crate::output::paint;
use crate::output::stream::{self, error_line};

pub(super) fn run(arguments: &BuildArguments, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    if let Some(flag) = arguments.refused.given() {
        return Err(Failure::new(format!(
            "`{flag}` is for plugins and functions that start programs, and nothing is started here"
        ))
        .hint("builtin generators, transformers and validators need no flag"));
    }
    if let Some(program) = &arguments.helm_command {
        warn(format!("`{program}` is not started: charts are rendered in this process"));
    }
    let resources = built(arguments, global)?;
    match &arguments.output {
        None => stream::manifests(&gitops_yaml::write_documents(revealed(&resources)))?,
        Some(folder) if folder.is_dir() => {
            for (name, resource) in named(&resources) {
                write(&folder.join(name), std::slice::from_ref(resource))?;
            }
        }
        Some(file) => write(file, &resources)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn built(arguments: &BuildArguments, global: &GlobalArguments) -> Result<Vec<BuiltResource>, Failure> {
    let folder = &arguments.directory;
    let fetcher = Fetcher::new(&global.data_dir).with_options(FetchOptions::new().ssh_from_environment());
    let remote = folder.to_str().filter(|_| !folder.exists()).and_then(remote_directory);
    let (tree, path, root) = match &remote {
        Some((need, path)) => elsewhere(&fetcher, need, path)?,
        None => here(arguments)?,
    };
    let directory = TreePath::new(&path)?;
    let mut source = ApplicationSource::new(root.as_str());
    source.path = Some(path);
    let locked = locked(tree.as_ref(), &source)?;
    let mode = if arguments.locked { LockMode::Locked } else { LockMode::Add };
    let mut session = Session::new(&fetcher, locked.clone()).with_mode(mode);
    let place = (root.as_str(), &directory);
    let built = complete_build(&tree, place, &inputs(arguments), Some(&mut session)).map_err(|error| match error {
        RenderingError::Source { source, .. } => Failure::from(source),
        RenderingError::Provide { source, .. } => Failure::from(source)
            .hint_where("is not in `gitops.lock`", "build once without --locked, and commit the file"),
        other => Failure::from(other),
    });
    if global.data_dir.is_dir() && (remote.is_some() || !session.provided().is_empty()) {
        keep_out_of_git(&global.data_dir)?;
    }
    let built = built?;
    for warning in &built.warnings {
        warn(warning);
    }
    if remote.is_none() && *session.lock() != locked {
        session.lock().write(&folder.join(LOCK_FILE))?;
    }
    Ok(built.resources)
}

/// A tree, the directory in it, and what to call it.
type Start = (Arc<dyn Tree>, String, String);

fn here(arguments: &BuildArguments) -> Result<Start, Failure> {
    let (tree, path) = match &arguments.root {
        Some(root) => FolderTree::below(root, &arguments.directory),
        None => FolderTree::around(&arguments.directory),
    }?;
    let root = tree.root().to_string_lossy().into_owned();
    Ok((Arc::new(tree), path.to_string(), root))
}

fn elsewhere(fetcher: &Fetcher, need: &Need, path: &str) -> Result<Start, Failure> {
    let mut session = Session::new(fetcher, LockFile::default());
    session.provide(std::slice::from_ref(need))?;
    match session.provided().get(need) {
        Some(Answer::Tree { tree, .. }) => Ok((Arc::clone(tree), path.into(), need.to_string())),
        _ => Err(Failure::new(format!("`{need}` has no files"))),
    }
}

fn inputs(arguments: &BuildArguments) -> Inputs {
    let mut inputs = Inputs::new("");
    inputs.strict = arguments.strict;
    inputs.charts = arguments.enable_helm;
    inputs.managed_by_label = arguments.enable_managedby_label;
    inputs.kube_version.clone_from(&arguments.helm_kube_version);
    inputs.api_versions = arguments.helm_api_versions.as_slice().into();
    inputs.load_restrictor = match arguments.load_restrictor {
        RestrictorChoice::RootOnly => LoadRestrictor::RootOnly,
        RestrictorChoice::None => LoadRestrictor::Repository,
    };
    inputs.reorder = match arguments.reorder {
        ReorderChoice::Legacy => Reorder::Legacy,
        ReorderChoice::None => Reorder::None,
    };
    inputs
}

/// Resources with the names of their files, as kustomize names them: group, version, kind and name, with the namespace before
/// them where there are several.
fn named(resources: &[BuiltResource]) -> Vec<(String, &BuiltResource)> {
    let namespaces: BTreeSet<_> = resources.iter().map(|resource| resource.identity()[2]).collect();
    let several = namespaces.iter().filter(|namespace| !namespace.is_empty()).count() > 1;
    let name = |resource: &BuiltResource| {
        let [api_version, kind, namespace, name] = resource.identity();
        let namespace = if several { namespace } else { "" };
        let parts = [namespace].into_iter().chain(api_version.split('/')).chain([kind, name]);
        let name = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
        format!("{name}.yaml").to_lowercase().replace(['/', '\\'], "_")
    };
    resources.iter().map(|resource| (name(resource), resource)).collect()
}

fn write(file: &Path, resources: &[BuiltResource]) -> Result<(), Failure> {
    let text = gitops_yaml::write_documents(revealed(resources));
    fs::write(file, text).map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

fn revealed(resources: &[BuiltResource]) -> impl Iterator<Item = &Value> {
    let reveal = Reveal::granted(Purpose::RenderedOutput);
    resources.iter().map(move |resource| resource.reveal(&reveal))
}

fn warn(words: impl std::fmt::Display) {
    error_line!("{} {words}", paint::warning("warning:"));
}
