//! Applications in the files of a commit, and among the objects that an Application renders to.

use gitops_core::Value;
use gitops_core::api::{API_VERSION, Application};
use gitops_core::decode::{self, Place};
use gitops_core::tree::{EntryKind, Tree, TreeError, TreePath};
use gitops_yaml::{Options, Resolver};

use crate::appset::Definition;
use crate::compare::CONTROL_NAMESPACE;

/// Bytes of a file that may define Applications.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// Folders below each other.
const MAX_DEPTH: usize = 64;

/// An Application and where it is defined.
#[derive(Clone, Debug)]
pub(super) struct Defined {
    pub(super) application: Application,
    /// A file, or the Application whose source it is in.
    pub(super) origin: String,
}

/// An ApplicationSet and where it is defined.
#[derive(Clone, Debug)]
pub(super) struct DefinedSet {
    pub(super) set: Definition,
    /// A file, or the Application whose source it is in.
    pub(super) origin: String,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) applications: Vec<Defined>,
    pub(super) sets: Vec<DefinedSet>,
    pub(super) warnings: Vec<String>,
}

/// The Applications of all YAML and JSON files below a path. Folders of charts are passed over: their files are templates.
pub(super) fn in_tree(tree: &dyn Tree, path: &TreePath) -> Result<Found, TreeError> {
    let mut found = Found::default();
    walk(tree, path, 0, &mut found)?;
    Ok(found)
}

fn walk(tree: &dyn Tree, path: &TreePath, depth: usize, found: &mut Found) -> Result<(), TreeError> {
    let Some(entries) = tree.list(path)? else {
        return if is_manifest(path.name()) { found.read(tree, path) } else { Ok(()) };
    };
    if depth > MAX_DEPTH || entries.iter().any(|entry| entry.name == "Chart.yaml") {
        return Ok(());
    }
    for entry in entries {
        let path = path.child(&entry.name);
        match entry.kind {
            EntryKind::Directory if !entry.name.starts_with('.') => walk(tree, &path, depth + 1, found)?,
            EntryKind::File | EntryKind::Executable if is_manifest(&entry.name) => found.read(tree, &path)?,
            _ => {}
        }
    }
    Ok(())
}

fn is_manifest(name: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}

impl Found {
    fn read(&mut self, tree: &dyn Tree, path: &TreePath) -> Result<(), TreeError> {
        if tree.stat(path)?.is_none_or(|meta| meta.size > MAX_FILE_BYTES) {
            return Ok(());
        }
        let Some(blob) = tree.read(path)? else { return Ok(()) };
        self.read_text(path.as_str(), &blob.bytes);
        Ok(())
    }

    /// The Applications of a text. One that is no YAML is worth a word only where it looks as if it had some.
    pub(super) fn read_text(&mut self, file: &str, text: &[u8]) {
        if !contains(text, API_VERSION.split('/').next().unwrap_or_default()) || !contains(text, "Application") {
            return;
        }
        match gitops_yaml::read_documents(text, &Options::new(Resolver::Sigs)) {
            Ok(documents) => {
                for document in documents {
                    self.add(&document.value, &format!("{file}:{}", document.line), CONTROL_NAMESPACE);
                }
            }
            Err(error) if contains(text, "kind: Application") && !contains(text, "{{") => {
                self.warnings.push(format!("{file}:{}: {}", error.line, error.message));
            }
            Err(_) => {}
        }
    }

    /// Notes an object where it is an Application or a set of them. It lies in `namespace` where it does not say another.
    pub(super) fn add(&mut self, value: &Value, origin: &str, namespace: &str) {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("apiVersion") != API_VERSION {
            return;
        }
        match text("kind") {
            "Application" => match application(value, origin, namespace) {
                Ok(application) => self.applications.push(Defined { application, origin: origin.into() }),
                Err(message) => self.warnings.push(message),
            },
            "ApplicationSet" => match Definition::read(value, namespace) {
                Ok(set) => self.sets.push(DefinedSet { set, origin: origin.into() }),
                Err(error) => self.warnings.push(format!("{origin}: {error}")),
            },
            _ => {}
        }
    }
}

fn application(value: &Value, origin: &str, namespace: &str) -> Result<Application, String> {
    let place = Place { file: origin, document: 0, line_of: &|_| None };
    let decoded = decode::decode_value::<Application>(value, &place).and_then(decode::Decoded::checked);
    let mut application = decoded.map_err(|error| error.to_string())?;
    application.metadata.namespace.get_or_insert_with(|| namespace.into());
    Ok(application)
}

fn contains(text: &[u8], needle: &str) -> bool {
    text.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[cfg(test)]
mod tests {
    use gitops_core::tree::MemoryTree;

    use super::*;

    #[test]
    fn applications_are_found_outside_of_charts() {
        let application = |name: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n  project: default\n  \
                 destination: {{name: in-cluster, namespace: a}}\n  source: {{repoURL: '.', path: a}}\n"
            )
        };
        let set = "---\napiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all}\n";
        let tree = MemoryTree::new()
            .with_file("apps/a.yaml", application("a") + set)
            .with_file("apps/broken.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Application\na: [\n")
            .with_file("apps/typed.yaml", application("typed").replace("{name: in-cluster, namespace: a}", "5"))
            .with_file("apps/other.yaml", "kind: ConfigMap\n")
            .with_file("chart/Chart.yaml", "name: chart\n")
            .with_file("chart/templates/b.yaml", application("b"));
        let found = in_tree(&tree, &TreePath::root()).unwrap();
        let names: Vec<_> =
            found.applications.iter().map(|one| (one.application.name(), one.origin.as_str())).collect();
        assert_eq!(names, [("a", "apps/a.yaml:1")], "{:?}", found.warnings);
        assert_eq!(found.sets.iter().map(|one| one.set.name.as_str()).collect::<Vec<_>>(), ["all"]);
        assert_eq!(found.warnings.len(), 2, "{:?}", found.warnings);
        assert!(found.warnings[1].contains("spec.destination: expected a mapping"), "{:?}", found.warnings);
    }
}
