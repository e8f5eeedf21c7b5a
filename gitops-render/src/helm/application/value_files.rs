//! The value files of an Application: beside the chart, in another source of the Application, or on the web, by name or
//! by pattern (Argo CD 3.6, `getResolvedValueFiles`).

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use gitops_core::api::HelmSource;
use gitops_core::tree::{EntryKind, TreePath};
use gitops_core::{Answer, Need};

use crate::files::Files;
use crate::glob::Glob;
use crate::remote::is_web;
use crate::render::Context;
use crate::variables::substitute;
use crate::{Place, Problem, RenderError};

/// Files that one pattern may give.
const MAX_MATCHES: usize = 1_000;

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Located {
    /// On a server.
    Web(String),
    /// In the chart's own tree, or in the one of the source with this `ref`.
    Tree { reference: Option<String>, path: TreePath },
}

impl fmt::Display for Located {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(url) => out.write_str(&gitops_core::need::without_password(url)),
            Self::Tree { reference: None, path } => out.write_str(path.as_str()),
            Self::Tree { reference: Some(reference), path } => write!(out, "${reference}/{path}"),
        }
    }
}

impl Located {
    /// Its bytes; none where it does not exist.
    pub(super) fn read(&self, context: &Context<'_>) -> Result<Option<Bytes>, RenderError> {
        match self {
            Self::Web(url) => {
                let need = Need::File { url: url.clone() };
                match context.files.remotes().and_then(|remotes| remotes.ask(need.clone())) {
                    Some(Answer::File(bytes)) => {
                        context.files.count(bytes)?;
                        Ok(Some(bytes.clone()))
                    }
                    Some(_) => Ok(None),
                    None => Err(RenderError::Elsewhere(need)),
                }
            }
            Self::Tree { path, .. } => self.files(context).map_or(Ok(None), |files| files.read(path)),
        }
    }

    fn files<'a, 'c>(&self, context: &'a Context<'c>) -> Option<&'a Files<'c>> {
        match self {
            Self::Web(_) => None,
            Self::Tree { reference: None, .. } => Some(&context.files),
            Self::Tree { reference: Some(reference), .. } => context.references.get(reference.as_str()),
        }
    }

    fn exists(&self, context: &Context<'_>) -> Result<bool, RenderError> {
        match (self, self.files(context)) {
            (Self::Tree { path, .. }, Some(files)) => {
                // A directory is one for a link, too.
                let meta = files.stat(path)?;
                Ok(meta.is_some_and(|meta| !matches!(meta.kind, EntryKind::Directory | EntryKind::Submodule)))
            }
            (web, _) => Ok(matches!(web, Self::Web(_))),
        }
    }

    fn is_pattern(&self) -> bool {
        matches!(self, Self::Tree { path, .. } if path.as_str().contains(['*', '?', '[']))
    }
}

/// All value files in the order in which they are merged, each once. What a pattern gives comes in the order of its
/// folders, and what is named beside it stands where it is named.
pub(super) fn all(context: &Context<'_>, path: &TreePath, options: &HelmSource) -> Result<Vec<Located>, RenderError> {
    let ignore_missing = options.ignore_missing_value_files.unwrap_or(false);
    let mut wanted = Vec::new();
    for name in options.value_files.iter().flatten() {
        wanted.push((name, locate(context, path, name)?));
    }
    let named: BTreeSet<Located> =
        wanted.iter().filter(|(_, located)| !located.is_pattern()).map(|(_, located)| located.clone()).collect();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, located) in wanted {
        let files = if located.is_pattern() {
            let matched = matching(context, &located)?;
            if matched.is_empty() && !ignore_missing {
                return Err(Place::named(name.as_str()).is(Problem::Value("the pattern matches no value file".into())));
            }
            matched.into_iter().filter(|one| !named.contains(one)).collect()
        } else if located.exists(context)? {
            vec![located]
        } else if ignore_missing {
            Vec::new()
        } else {
            return Err(Place::named(located.to_string()).is(absent(name, context)));
        };
        found.extend(files.into_iter().filter(|one| seen.insert(one.clone())));
    }
    Ok(found)
}

/// What a missing file is told by: a `$name` that no source has is the likely reason.
fn absent(name: &str, context: &Context<'_>) -> Problem {
    let reference = name.strip_prefix('$').and_then(|rest| rest.split('/').next());
    Problem::Value(match reference {
        Some(reference) if !reference.starts_with("ARGOCD_") && !context.references.contains_key(reference) => {
            format!("the value file does not exist, and no source has the ref `{reference}`")
        }
        _ => "the value file does not exist".into(),
    })
}

/// Where a text of the Application leads: `$name/…` into the source with that `ref`, `/…` from the root of the chart's
/// tree, everything else from the chart. Build variables are put in, save in the name of a source.
pub(super) fn locate(context: &Context<'_>, path: &TreePath, text: &str) -> Result<Located, RenderError> {
    let outside = |message: String| Place::named(text).is(Problem::Value(message));
    let known = |name: &&str| context.references.contains_key(*name);
    let reference = text.strip_prefix('$').map(|rest| rest.split('/').next().unwrap_or(rest)).filter(known);
    if let Some(reference) = reference {
        let rest = text.get(reference.len() + 1..).unwrap_or_default();
        let rest = substitute(rest, context.source, context.inputs);
        let path = TreePath::root().join(rest.trim_start_matches('/')).map_err(|error| outside(error.to_string()))?;
        return Ok(Located::Tree { reference: Some(reference.to_owned()), path });
    }
    let text = substitute(text, context.source, context.inputs);
    if is_web(&text) {
        return Ok(Located::Web(text));
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(outside(format!("files are not read over `{scheme}`, only over `http` and `https`")));
    }
    let joined = match text.strip_prefix('/') {
        Some(inside) => TreePath::root().join(inside.trim_start_matches('/')),
        None => path.join(&text),
    };
    Ok(Located::Tree { reference: None, path: joined.map_err(|error| outside(error.to_string()))? })
}

fn matching(context: &Context<'_>, pattern: &Located) -> Result<Vec<Located>, RenderError> {
    let (Located::Tree { reference, path }, Some(files)) = (pattern, pattern.files(context)) else {
        return Ok(Vec::new());
    };
    let parts: Vec<&str> = path.parts().collect();
    let mut walk = Walk { files, pattern: path, found: Vec::new() };
    walk.below(&TreePath::root(), &parts, 0)?;
    let located = |path| Located::Tree { reference: reference.clone(), path };
    Ok(walk.found.into_iter().map(located).collect())
}

/// Files that a pattern of doublestar matches, folder by folder.
struct Walk<'a, 'f> {
    files: &'a Files<'f>,
    pattern: &'a TreePath,
    found: Vec<TreePath>,
}

impl Walk<'_, '_> {
    fn below(&mut self, folder: &TreePath, parts: &[&str], depth: usize) -> Result<(), RenderError> {
        let limit = self.files.limits.depth;
        if depth > limit {
            return Err(RenderError::Budget { what: "folders inside each other", limit: limit as u64 });
        }
        let Some((first, rest)) = parts.split_first() else { return Ok(()) };
        match *first {
            "**" => self.anywhere_below(folder, rest, depth),
            literal if !literal.contains(['*', '?', '[', '{', '\\']) => {
                let path = folder.child(literal);
                let directory = self.files.stat(&path)?.map(|meta| meta.kind == EntryKind::Directory);
                directory.map_or(Ok(()), |directory| self.matched(path, directory, rest, depth))
            }
            pattern => {
                let glob =
                    Glob::with_separators(&pattern.replace("[^", "[!")).map_err(|reason| self.malformed(reason))?;
                for (path, directory) in self.entries(folder)? {
                    if glob.matches(path.name()) {
                        self.matched(path, directory, rest, depth)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// `**`: the folder first, then those in it; links to folders are not followed.
    fn anywhere_below(&mut self, folder: &TreePath, rest: &[&str], depth: usize) -> Result<(), RenderError> {
        let rest = if rest.is_empty() { &["*"] } else { rest };
        self.below(folder, rest, depth + 1)?;
        for entry in self.files.list(folder)?.unwrap_or_default() {
            if entry.kind == EntryKind::Directory {
                self.anywhere_below(&folder.child(&entry.name), rest, depth + 1)?;
            }
        }
        Ok(())
    }

    fn matched(&mut self, path: TreePath, directory: bool, rest: &[&str], depth: usize) -> Result<(), RenderError> {
        match (directory, rest.is_empty()) {
            (true, false) => self.below(&path, rest, depth + 1),
            (false, true) if self.found.len() >= MAX_MATCHES => {
                Err(RenderError::Budget { what: "value files of a pattern", limit: MAX_MATCHES as u64 })
            }
            (false, true) => {
                self.found.push(path);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn malformed(&self, reason: String) -> RenderError {
        let pattern = self.pattern.as_str().into();
        Place::named("spec.source.helm.valueFiles").is(Problem::Pattern { pattern, reason })
    }

    /// What is in a folder, and which of it are folders. Links are followed inside the tree.
    fn entries(&self, folder: &TreePath) -> Result<Vec<(TreePath, bool)>, RenderError> {
        let mut entries = Vec::new();
        for entry in self.files.list(folder)?.unwrap_or_default() {
            let path = folder.child(&entry.name);
            let kind = match entry.kind {
                EntryKind::Symlink => self.files.stat(&path)?.map_or(EntryKind::Submodule, |meta| meta.kind),
                kind => kind,
            };
            if kind != EntryKind::Submodule {
                entries.push((path, kind == EntryKind::Directory));
            }
        }
        Ok(entries)
    }
}
