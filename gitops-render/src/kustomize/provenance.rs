//! `buildMetadata`: where resources come from and what changed them, which kustomize writes into annotations.

use std::fmt::Write as _;
use std::sync::Arc;

use gitops_core::{Map, Value};

use super::id::text;
use super::resource::Resource;
use super::resources::Resources;
use crate::remote::Remote;

const ORIGIN: &str = "config.kubernetes.io/origin";
const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kustomize-v5.8.1");

/// What a kustomization asks for (kustomize v5.8.1, `api/types/kustomization.go`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) origins: bool,
    pub(super) transformers: bool,
    pub(super) managed_by: bool,
}

impl Metadata {
    /// The words of `buildMetadata`. Others mean nothing, as in kustomize.
    pub(super) fn parse(words: &[String]) -> Self {
        let mut metadata = Self::default();
        for word in words {
            match word.as_str() {
                "originAnnotations" => metadata.origins = true,
                "transformerAnnotations" => metadata.transformers = true,
                "managedByLabel" => metadata.managed_by = true,
                _ => {}
            }
        }
        metadata
    }

    /// Whether it is noted where things come from.
    pub(super) fn is_traced(self) -> bool {
        self.origins || self.transformers
    }

    /// Writes what is asked for, and takes away what is not.
    pub(super) fn finish(self, resources: &mut Resources) {
        for resource in resources.iter_mut() {
            let origin = resource.provenance.take().filter(|_| self.origins).map(|origin| origin.text(""));
            annotate(resource, ORIGIN, origin);
            let transformations = std::mem::take(&mut resource.transformations);
            let list = transformations.iter().map(|one| one.text("- ")).collect::<String>();
            annotate(resource, TRANSFORMATIONS, Some(list).filter(|list| self.transformers && !list.is_empty()));
            if self.managed_by
                && let Some(labels) = metadata_map(resource, "labels")
            {
                labels.insert(MANAGED_BY.0.into(), MANAGED_BY.1.into());
            }
        }
    }
}

fn annotate(resource: &mut Resource, key: &str, text: Option<String>) {
    match text {
        Some(text) => drop(metadata_map(resource, "annotations").map(|map| map.insert(key.into(), text.into()))),
        None if resource.metadata_map("annotations").is_some_and(|map| map.contains_key(key)) => {
            drop(metadata_map(resource, "annotations").map(|map| map.remove(key)));
        }
        None => {}
    }
}

/// A map of `metadata`, made where it is missing.
fn metadata_map<'a>(resource: &'a mut Resource, field: &str) -> Option<&'a mut Map> {
    let empty = || Value::Object(Map::new());
    let metadata = resource.value.as_object_mut()?.entry("metadata").or_insert_with(empty).as_object_mut()?;
    let map = metadata.entry(field).or_insert_with(empty);
    if map.is_null() {
        *map = empty();
    }
    map.as_object_mut()
}

/// Where a resource comes from, or what changed it. Paths start where the build does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Provenance {
    path: String,
    repository: String,
    revision: String,
    configured_in: String,
    /// `apiVersion`, `kind`, `name` and `namespace` of a generator or transformer.
    configured_by: Option<[String; 4]>,
}

impl Provenance {
    /// What is named from here by a path or an address.
    pub(super) fn append(&self, text: &str) -> Self {
        let mut longer = self.clone();
        match Remote::parse(text).and_then(|remote| remote.repository) {
            Some(address) => {
                longer.path = joined("", &address.path);
                longer.repository = address.need.address.clone();
                longer.revision = address.need.revision.clone();
            }
            None => longer.path = joined(&longer.path, text),
        }
        longer
    }

    /// A generator or transformer that a field of the kustomization here stands for.
    pub(super) fn by_field(&self, file_name: &str, kind: &str) -> Self {
        let by = ["builtin", kind, "", ""].map(str::to_owned);
        Self {
            configured_in: joined(&self.path, file_name),
            path: String::new(),
            configured_by: Some(by),
            ..self.clone()
        }
    }

    /// A generator or transformer that is configured by a resource, which comes from here.
    pub(super) fn by_plugin(&self, plugin: &Value) -> Self {
        let metadata = plugin.get("metadata").unwrap_or(&Value::Null);
        let by =
            [text(plugin, "apiVersion"), text(plugin, "kind"), text(metadata, "name"), text(metadata, "namespace")];
        Self {
            configured_in: self.path.clone(),
            path: String::new(),
            configured_by: Some(by.map(str::to_owned)),
            ..self.clone()
        }
    }

    /// As YAML, an item of a list with a dash before it.
    fn text(&self, dash: &str) -> String {
        let mut text = String::new();
        let mut line = |level: usize, key: &str, value: &str| {
            if !value.is_empty() {
                let lead = if text.is_empty() { dash.to_owned() } else { " ".repeat(dash.len() + 2 * level) };
                let _ = writeln!(text, "{lead}{key}: {}", scalar(value));
            }
        };
        line(0, "path", &self.path);
        line(0, "repo", &self.repository);
        line(0, "ref", &self.revision);
        line(0, "configuredIn", &self.configured_in);
        if let Some([api_version, kind, name, namespace]) = &self.configured_by {
            let _ = writeln!(text, "{}configuredBy:", " ".repeat(dash.len()));
            for (key, value) in [("apiVersion", api_version), ("kind", kind), ("name", name), ("namespace", namespace)]
            {
                if !value.is_empty() {
                    let _ = writeln!(text, "{}{key}: {}", " ".repeat(dash.len() + 2), scalar(value));
                }
            }
        }
        text
    }
}

/// A text as a YAML scalar on one line.
fn scalar(text: &str) -> String {
    gitops_yaml::write(&Value::from(text)).trim_end().to_owned()
}

/// Notes a change of everything: what comes from nowhere yet comes from this.
pub(super) fn note(resources: &mut Resources, by: Option<Provenance>) {
    let Some(by) = by.map(Arc::new) else { return };
    for resource in resources.iter_mut() {
        match resource.provenance {
            Some(_) => resource.transformations.push(Arc::clone(&by)),
            None => resource.provenance = Some(Arc::clone(&by)),
        }
    }
}

/// A path behind another one, without `.`, and `..` only at its start.
fn joined(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_followed_and_written() {
        let base = Provenance::default().append("../base/").append("./web.yaml");
        assert_eq!(base.text(""), "path: ../base/web.yaml\n");
        let remote = Provenance::default().append("https://github.com/org/repo//app?ref=v1").append("web.yaml");
        assert_eq!(remote.text(""), "path: app/web.yaml\nrepo: https://github.com/org/repo\nref: v1\n");
        let by = Provenance::default().append("../base").by_field("kustomization.yaml", "PrefixTransformer");
        assert_eq!(
            by.text("- "),
            "- configuredIn: ../base/kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n    kind: PrefixTransformer\n"
        );
    }

    #[test]
    fn words_that_are_not_known_are_ignored() {
        let words = ["originAnnotations".to_owned(), "everything".to_owned()];
        assert_eq!(Metadata::parse(&words), Metadata { origins: true, ..Metadata::default() });
    }
}
