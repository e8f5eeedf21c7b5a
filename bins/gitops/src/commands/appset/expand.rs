use std::path::{Path, PathBuf};
use std::sync::Arc;

use gitops_controller::appset::{self, Definition, Expansion, FileGlobbing, Local, Settings};
use gitops_core::{Timestamp, Value};
use gitops_git::{FetchOptions, RepositoryCache};
use gitops_yaml::{Options, Resolver};

use crate::arguments::{ExpandArguments, GlobalArguments};
use crate::failure::Failure;
use crate::output::paint;
use crate::output::stream::error_line;

/// A set and what it makes.
pub(super) struct Expanded {
    pub(super) set: Definition,
    pub(super) expansion: Expansion,
}

/// Expands the sets of all files, and says on standard error what could not be made.
pub(super) fn all(arguments: &ExpandArguments, global: &GlobalArguments) -> Result<Vec<Expanded>, Failure> {
    let repositories = Arc::new(RepositoryCache::new(global.data_dir.join("repositories")));
    let mut objects = Vec::new();
    for file in &arguments.objects {
        objects.extend(read(file)?.into_iter().map(|(value, _)| value));
    }
    let now = Timestamp::now();
    let mut settings = Settings::new(arguments.app_namespace.as_str());
    settings.now = now.as_second();
    settings.seed = now.subsec_nanosecond().unsigned_abs().into();
    if arguments.new_git_file_globbing {
        settings.globbing = FileGlobbing::DoubleStar;
    }
    let mut expanded = Vec::new();
    for file in &arguments.files {
        let base = file.canonicalize().ok().and_then(|path| Some(path.parent()?.to_path_buf())).unwrap_or_default();
        let fetch = FetchOptions::new().ssh_from_environment();
        let mut outside = Local::new(Arc::clone(&repositories), fetch, base);
        for mapping in &arguments.folders {
            let (address, folder) = folder(mapping)?;
            outside = outside.with_folder(address, folder);
        }
        if !arguments.objects.is_empty() {
            outside = outside.with_objects(objects.clone());
        }
        let sets = sets(file, &arguments.app_namespace)?;
        for set in sets {
            let expansion = appset::expand(&set, &outside, &settings);
            for (_, message) in expansion.problems() {
                error_line!("{} ApplicationSet {}: {message}", paint::error("error:"), set.name);
            }
            expanded.push(Expanded { set, expansion });
        }
    }
    Ok(expanded)
}

/// `URL=DIR`. An address may have an equals sign in it, a folder is what comes after the last one.
fn folder(mapping: &str) -> Result<(&str, PathBuf), Failure> {
    match mapping.rsplit_once('=') {
        Some((address, folder)) if !address.is_empty() && !folder.is_empty() => Ok((address, folder.into())),
        _ => Err(Failure::new(format!("`--repo-path {mapping}`: expected an address, `=` and a folder"))),
    }
}

fn sets(file: &Path, namespace: &str) -> Result<Vec<Definition>, Failure> {
    let name = file.display();
    let mut sets = Vec::new();
    for (value, line) in read(file)? {
        if value.get("kind").and_then(Value::as_str) == Some("ApplicationSet") {
            let wrong = |error| Failure::new(format!("{name}:{line}: {error}"));
            sets.push(Definition::read(&value, namespace).map_err(wrong)?);
        }
    }
    if sets.is_empty() {
        return Err(Failure::new(format!("{name}: the file defines no ApplicationSet")));
    }
    Ok(sets)
}

/// The objects of a file, those of a List one by one, each with the line of its document.
fn read(file: &Path) -> Result<Vec<(Value, usize)>, Failure> {
    let name = file.display();
    let text = std::fs::read(file).map_err(|error| Failure::new(format!("{name}: {error}")))?;
    let documents = gitops_yaml::read_documents(&text, &Options::new(Resolver::Sigs));
    let documents = documents.map_err(|error| Failure::new(format!("{name}:{}: {}", error.line, error.message)))?;
    let mut objects = Vec::new();
    for mut document in documents {
        match document.value.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => objects.extend(items.into_iter().map(|item| (item, document.line))),
            _ => objects.push((document.value, document.line)),
        }
    }
    Ok(objects)
}
