//! YAML documents, with the line at which each starts.

use std::sync::Arc;

use gitops_core::{Origin, Value};
use gitops_yaml::{DuplicateKeys, Options, ReadError, Resolver, read_documents};

use crate::{Limits, Place, Problem, RenderError, Warning, WarningKind, parallel};

/// Bytes from which a file is read by several threads, and the size of the parts.
const PART: usize = 64 << 10;

/// Whose reading of plain scalars is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// sigs.k8s.io/yaml: plain manifests and kustomization files.
    Plain,
    /// kustomize's kyaml: the resources of a kustomization.
    Kustomize,
}

/// One document of a file.
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    pub(crate) warnings: Vec<Warning>,
}

/// The documents of a text. Those without content are left out or null.
pub(crate) fn read(text: &str, file: &str, dialect: Dialect, limits: &Limits) -> Result<Vec<Document>, RenderError> {
    let file: Arc<str> = file.into();
    let mut options = Options::new(match dialect {
        Dialect::Plain => Resolver::Sigs,
        Dialect::Kustomize => Resolver::Kyaml,
    });
    options.limits.max_bytes = usize::try_from(limits.file_bytes).unwrap_or(usize::MAX);
    options.limits.max_depth = limits.yaml_depth;
    options.limits.max_nodes = limits.yaml_nodes;
    if dialect == Dialect::Kustomize {
        // Kustomize writes them as texts in the end, as they were written.
        options.texts_at = Some(&["metadata", "annotations"]);
    }
    if dialect == Dialect::Plain {
        options.duplicate_keys = DuplicateKeys::LastWins;
    }
    let read = |part: &(usize, &str)| {
        limits.go_on()?;
        Ok::<_, RenderError>((part.0, read_documents(part.1.as_bytes(), &options)))
    };
    let mut documents = Vec::new();
    for part in parallel::map(&parts(text), 2, read) {
        let (offset, part) = part?;
        let failed = |ReadError { line, column, message, .. }: ReadError| {
            Place::line(file.clone(), line + offset).is(Problem::Yaml { column, message })
        };
        for document in part.map_err(failed)? {
            if documents.len() >= limits.objects {
                return Err(RenderError::Budget { what: "objects", limit: limits.objects as u64 });
            }
            let warnings = document.warnings.into_iter().map(|warning| {
                let place = Place::line(file.clone(), warning.line + offset);
                Warning::new(WarningKind::DuplicateKey, place, warning.message)
            });
            documents.push(Document {
                value: document.value,
                origin: Origin { file: file.clone(), line: document.line + offset },
                warnings: warnings.collect(),
            });
        }
    }
    Ok(documents)
}

/// Large texts cut between documents, each part with the number of lines before it. A line that starts with `---` always
/// starts a document, wherever it stands; a text with directives or explicit ends is left whole.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let special = |text: &str| text.starts_with(['%', '.']) || text.contains("\n%") || text.contains("\n...");
    if text.len() < 2 * PART || special(text) {
        return vec![(0, text)];
    }
    let mut parts = Vec::new();
    let (mut rest, mut line) = (text, 0);
    while rest.len() > PART {
        let from = (PART..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let cut = rest.get(from..).and_then(|tail| tail.find("\n---")).map(|at| from + at + 1);
        let Some((part, tail)) = cut.and_then(|cut| rest.split_at_checked(cut)) else { break };
        parts.push((line, part));
        line += part.bytes().filter(|byte| *byte == b'\n').count();
        rest = tail;
    }
    parts.push((line, rest));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_texts_read_as_small_ones() {
        let document = |index: usize| format!("---\na: {index}\ntext: |\n  {}\n", "x".repeat(200));
        let text: String = (0..2000).map(document).collect();
        assert!(parts(&text).len() > 4);
        assert_eq!(parts(&text).iter().map(|(_, part)| *part).collect::<String>(), text);
        let documents = read(&text, "x.yaml", Dialect::Plain, &Limits::default()).unwrap();
        assert_eq!(documents.len(), 2000);
        for (index, document) in documents.iter().enumerate() {
            assert_eq!(document.value["a"], index);
            assert_eq!(document.origin.line, index * 4 + 2);
        }
        let broken = format!("{text}---\n: [\n");
        let error = read(&broken, "x.yaml", Dialect::Plain, &Limits::default()).err().unwrap().to_string();
        assert!(error.starts_with("x.yaml:800"), "{error}");
    }
}
