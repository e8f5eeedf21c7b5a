//! The keys and values of a generator: files, lines of files, and texts.

use gitops_core::tree::TreePath;

use super::load::Root;
use super::model::Generator;
use super::read::Spot;
use crate::render::Context;
use crate::{Place, Problem, RenderError};

/// One entry; a file may hold any bytes.
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: Vec<u8>,
}

/// All entries: first the lines of `envs`, then `literals`, then `files`.
pub(super) fn load(
    context: &Context<'_>,
    root: &Root,
    generator: &Generator,
    place: &Spot<'_>,
) -> Result<Vec<Pair>, RenderError> {
    let read = |path: &str| root.read(&context.files, path, context.inputs.load_restrictor, place);
    let mut pairs = Vec::new();
    for path in &generator.envs {
        let (file, bytes) = read(path)?;
        lines(&file, &bytes, &mut pairs)?;
    }
    for (index, literal) in generator.literals.iter().enumerate() {
        let Some((key, value)) = literal.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            // What is written there may be a secret, so it is not repeated.
            return Err(place.is(Problem::Value(format!("literals[{index}]: expected the form `key=value`"))));
        };
        pairs.push(Pair { key: key.into(), value: unquoted(value).into() });
    }
    for source in &generator.files {
        let (key, path) = file_source(source).map_err(|message| place.is(Problem::Value(message)))?;
        let (_, bytes) = read(path)?;
        pairs.push(Pair { key: key.into(), value: bytes.to_vec() });
    }
    check(&pairs, place)?;
    Ok(pairs)
}

fn check(pairs: &[Pair], place: &Spot<'_>) -> Result<(), RenderError> {
    let mut keys = std::collections::HashSet::with_capacity(pairs.len());
    for Pair { key, .. } in pairs {
        if !keys.insert(key.as_str()) {
            return Err(place.is(Problem::Value(format!("the key `{key}` is there twice"))));
        }
    }
    Ok(())
}

/// The entries of a file with a `key=value` on each line.
fn lines(file: &TreePath, bytes: &[u8], pairs: &mut Vec<Pair>) -> Result<(), RenderError> {
    let text = crate::files::text(bytes).ok_or_else(|| Place::file(file).is(Problem::NotText))?;
    for line in text.lines() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        // As in kustomize, whatever stands before the sign is a key; the API server says what keys may be.
        if key.is_empty() {
            continue;
        }
        pairs.push(Pair { key: key.into(), value: value.into() });
    }
    Ok(())
}

/// The key and path of `path` or `key=path`.
fn file_source(source: &str) -> Result<(&str, &str), String> {
    match source.split_once('=') {
        None => Ok((source.rsplit('/').next().unwrap_or(source), source)),
        Some(("", path)) => Err(format!("a key is missing before `={path}`")),
        Some((key, "")) => Err(format!("a path is missing after `{key}=`")),
        Some((_, path)) if path.contains('=') => Err(format!("`{source}` has more than one `=`")),
        Some(pair) => Ok(pair),
    }
}

fn unquoted(text: &str) -> &str {
    let inside = |quote| text.strip_prefix(quote).and_then(|text: &str| text.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_quotes() {
        assert_eq!(file_source("a/b.txt"), Ok(("b.txt", "a/b.txt")));
        assert_eq!(file_source("k=a/b.txt"), Ok(("k", "a/b.txt")));
        assert!(file_source("=a").is_err() && file_source("a=").is_err() && file_source("a=b=c").is_err());
        assert_eq!(unquoted("\"a b\""), "a b");
        assert_eq!(unquoted("'a\""), "'a\"");
        assert_eq!(unquoted("\""), "\"");
    }
}
