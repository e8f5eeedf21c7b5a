//! The Git generator: directories or files of a repository.

mod directories;
mod files;

use std::sync::Arc;

use gitops_core::Tree;
use gitops_core::api::GitGenerator;
use gitops_core::tree::{Entry, TreeError, TreePath};
use gitops_template::{Map, Value};

use super::error::GenerateError;
use super::generator::Generation;
use super::parameters::{Parameters, normalize, set_text};
use super::values;

/// Directories, where any are asked for, else files.
pub(super) fn generate(git: &GitGenerator, generation: &Generation<'_>) -> Result<Vec<Parameters>, GenerateError> {
    let directories = git.directories.as_deref().unwrap_or_default();
    let files = git.files.as_deref().unwrap_or_default();
    if directories.is_empty() && files.is_empty() {
        return Err(GenerateError::Field("the git generator has neither directories nor files".into()));
    }
    let repository = &git.repo_url;
    let failed = |source| {
        let revision = if git.revision.is_empty() { "HEAD" } else { &git.revision };
        GenerateError::Outside { what: format!("`{repository}` at `{revision}` cannot be read"), source }
    };
    let tree = generation.outside.tree(repository, &git.revision).map_err(failed)?;
    let mut walk = Walk { tree, repository, left: generation.settings.limits.entries, generation };
    if directories.is_empty() {
        files::generate(git, files, &mut walk)
    } else {
        directories::generate(git, directories, &mut walk)
    }
}

/// Looks around in a repository, within a budget.
struct Walk<'w> {
    tree: Arc<dyn Tree>,
    repository: &'w str,
    left: usize,
    generation: &'w Generation<'w>,
}

impl Walk<'_> {
    fn list(&mut self, path: &TreePath) -> Result<Vec<Entry>, GenerateError> {
        let entries = self.tree.list(path).map_err(|source| self.failed(source))?.unwrap_or_default();
        self.left = self.left.checked_sub(entries.len()).ok_or(GenerateError::TooMany {
            what: "entries of repositories",
            limit: self.generation.settings.limits.entries,
        })?;
        Ok(entries)
    }

    fn failed(&self, source: TreeError) -> GenerateError {
        GenerateError::Tree { repository: self.repository.to_owned(), source }
    }
}

/// Adds the parameters about a path, under a prefix if one is asked for, and then the generator's values.
fn add_path(
    git: &GitGenerator,
    parameters: &Parameters,
    directory: &str,
    file: Option<&str>,
    generation: &Generation<'_>,
) -> Result<(), GenerateError> {
    let prefix = git.path_param_prefix.as_deref().filter(|prefix| !prefix.is_empty());
    let base = directory.rsplit('/').next().unwrap_or_default();
    let mut texts = vec![("basename", base.to_owned()), ("basenameNormalized", normalize(base))];
    if let Some(file) = file {
        texts.extend([("filename", file.to_owned()), ("filenameNormalized", normalize(file))]);
    }
    if generation.renderer.is_go() {
        let path = Map::default();
        set_text(&path, "path", directory);
        path.set("segments".into(), Value::texts(directory.split('/')));
        texts.into_iter().for_each(|(name, text)| set_text(&path, name, text));
        match prefix {
            None => parameters.set("path".into(), Value::Map(path)),
            Some(prefix) => {
                let inside: Map = [("path".into(), Value::Map(path))].into_iter().collect();
                parameters.set(prefix.into(), Value::Map(inside));
            }
        }
    } else {
        let name = prefix.map_or_else(|| "path".to_owned(), |prefix| format!("{prefix}.path"));
        for (index, segment) in directory.split('/').enumerate().filter(|(_, segment)| !segment.is_empty()) {
            set_text(parameters, format!("{name}[{index}]"), segment);
        }
        for (part, text) in texts {
            set_text(parameters, format!("{name}.{part}"), text);
        }
        set_text(parameters, name, directory);
    }
    values::append(git.values.as_ref(), parameters, generation.renderer)?;
    Ok(())
}
