use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use gitops_controller::rendering::{RenderingError, complete, locked};
use gitops_core::api::{ApplicationSource, KustomizeSource};
use gitops_core::secret::Purpose;
use gitops_core::{Object, Reveal, Tree, Value};
use gitops_fetch::{Fetcher, LOCK_FILE, LockMode, Session};
use gitops_git::{FetchOptions, FolderTree};
use gitops_render::{Inputs, LoadRestrictor, Reorder};

use crate::arguments::{BuildArguments, GlobalArguments, ReorderChoice, RestrictorChoice};
use crate::context::keep_out_of_git;
use crate::failure::Failure;
use crate::output::paint;

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
    let objects = built(arguments, global)?;
    match &arguments.output {
        None => anstream::print!("{}", gitops_yaml::write_documents(&revealed(&objects))),
        Some(folder) if folder.is_dir() => {
            for (name, object) in named(&objects) {
                write(&folder.join(name), &[object])?;
            }
        }
        Some(file) => write(file, &objects)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn built(arguments: &BuildArguments, global: &GlobalArguments) -> Result<Vec<Object>, Failure> {
    let folder = &arguments.directory;
    let (tree, path) = match &arguments.root {
        Some(root) => FolderTree::below(root, folder),
        None => FolderTree::around(folder),
    }?;
    let mut source = ApplicationSource::new(tree.root().to_string_lossy());
    source.path = Some(path.to_string());
    source.kustomize = Some(KustomizeSource::default());
    let tree: Arc<dyn Tree> = Arc::new(tree);
    let locked = locked(tree.as_ref(), &source)?;
    let fetcher = Fetcher::new(&global.data_dir).with_options(FetchOptions::new().ssh_from_environment());
    let mode = if arguments.locked { LockMode::Locked } else { LockMode::Add };
    let mut session = Session::new(&fetcher, locked.clone()).with_mode(mode);
    let rendered = complete(&tree, &source, &inputs(arguments), Some(&mut session)).map_err(|error| match error {
        RenderingError::Source { source, .. } => Failure::from(source),
        RenderingError::Provide { source, .. } => Failure::from(source)
            .hint_where("is not in `gitops.lock`", "build once without --locked, and commit the file"),
        other => Failure::from(other),
    });
    if !session.provided().is_empty() && global.data_dir.is_dir() {
        keep_out_of_git(&global.data_dir)?;
    }
    let rendered = rendered?;
    for warning in &rendered.warnings {
        warn(warning);
    }
    if *session.lock() != locked {
        session.lock().write(&folder.join(LOCK_FILE))?;
    }
    Ok(rendered.objects.into_iter().map(|manifest| manifest.object).collect())
}

fn inputs(arguments: &BuildArguments) -> Inputs {
    let mut inputs = Inputs::new("");
    inputs.strict = arguments.strict;
    inputs.managed_by_label = arguments.enable_managedby_label;
    inputs.kube_version.clone_from(&arguments.helm_kube_version);
    inputs.api_versions.clone_from(&arguments.helm_api_versions);
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

/// Objects with the names of their files, as kustomize names them: group, version, kind and name, with the namespace before
/// them where there are several.
fn named(objects: &[Object]) -> Vec<(String, Object)> {
    let namespaces: BTreeSet<_> = objects.iter().filter_map(Object::namespace).collect();
    let several = namespaces.len() > 1;
    let name = |object: &Object| {
        let gvk = object.gvk();
        let parts = [&*gvk.group, &*gvk.version, &*gvk.kind, object.name()];
        let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
        let namespace = object.namespace().filter(|_| several).map(|namespace| format!("{namespace}_"));
        format!("{}{name}.yaml", namespace.unwrap_or_default()).to_lowercase().replace(['/', '\\'], "_")
    };
    objects.iter().map(|object| (name(object), object.clone())).collect()
}

fn write(file: &Path, objects: &[Object]) -> Result<(), Failure> {
    let text = gitops_yaml::write_documents(&revealed(objects));
    fs::write(file, text).map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

fn revealed(objects: &[Object]) -> Vec<Value> {
    let reveal = Reveal::granted(Purpose::RenderedOutput);
    objects.iter().map(|object| object.reveal(&reveal)).collect()
}

fn warn(words: impl std::fmt::Display) {
    anstream::eprintln!("{} {words}", paint::warning("warning:"));
}
