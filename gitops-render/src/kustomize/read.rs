//! Reading a kustomization's file.

use gitops_core::tree::TreePath;
use gitops_core::{Map, Value};

use gitops_yaml::{PathSegment, locate};

use super::charts;
use super::model::{FIELDS, Kustomization};
use crate::detect::KUSTOMIZATION_NAMES;
use crate::documents::{self, Dialect};
use crate::files::Files;
use crate::nearest::nearest;
use crate::{Place, Problem, RenderError, Warning, WarningKind};

pub(super) const COMPONENT: &str = "Component";
const KUSTOMIZATION: &str = "Kustomization";
const KUSTOMIZATION_VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";
/// Fields with a newer spelling.
const DEPRECATED: [(&str, &str); 6] = [
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
    ("vars", "replacements"),
];

/// A kustomization, and the file that it is in.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: TreePath,
    pub(super) text: String,
    pub(super) kustomization: Kustomization,
    /// How many of the patches are the file's own; the others are an Application's.
    pub(super) own_patches: usize,
}

/// A field of a kustomization, or an item of a list in it. Where it is is only looked for when something is wrong there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<'a> {
    file: &'a File,
    field: &'static str,
    index: Option<usize>,
}

impl<'a> Spot<'a> {
    /// What the kustomization names as resources and components.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let Kustomization { resources, components, .. } = &self.file.kustomization;
        resources.iter().chain(components).map(String::as_str)
    }

    /// The field's path.
    pub(super) fn name(&self) -> String {
        self.index.map_or_else(|| self.field.into(), |index| format!("{}[{index}]", self.field))
    }

    /// Where it is.
    pub(super) fn place(&self) -> Place {
        let Self { file, field, index } = *self;
        let line = line_of(&file.text, field, index);
        match index {
            Some(index) if field == "patches" && index >= file.own_patches => {
                super::application::place(&format!("patches[{}]", index - file.own_patches))
            }
            Some(index) => Place { line, ..Place::file(&file.path) }.field(format!("{field}[{index}]")),
            None => Place { line, ..Place::file(&file.path) }.field(field),
        }
    }

    /// That something is wrong there.
    pub(super) fn is(&self, problem: Problem) -> RenderError {
        self.place().is(problem)
    }
}

impl File {
    /// A field of the file.
    pub(super) fn place(&self, field: &'static str) -> Spot<'_> {
        Spot { file: self, field, index: None }
    }

    /// An item of a list, counted from 0.
    pub(super) fn item(&self, field: &'static str, index: usize) -> Spot<'_> {
        Spot { file: self, field, index: Some(index) }
    }
}

/// Reads the one kustomization file of a directory.
pub(super) fn read(files: &Files<'_>, directory: &TreePath, warnings: &mut Vec<Warning>) -> Result<File, RenderError> {
    let mut found = None;
    for name in KUSTOMIZATION_NAMES {
        let path = directory.child(name);
        let Some(text) = files.read_text(&path)? else { continue };
        if found.replace((path, text)).is_some() {
            let names = KUSTOMIZATION_NAMES.join("`, `");
            let problem = Problem::Value(format!("more than one of the files `{names}` is there"));
            return Err(Place::file(directory).is(problem));
        }
    }
    let Some((path, text)) = found else {
        let problem = Problem::Value(format!("there is no `{}` in this directory", KUSTOMIZATION_NAMES.join("`, `")));
        return Err(Place::file(directory).is(problem));
    };
    let kustomization = parse(&path, &text, files, warnings)?;
    let own_patches = kustomization.patches.len();
    let mut file = File { path, text, kustomization, own_patches };
    check(&mut file)?;
    Ok(file)
}

fn parse(
    path: &TreePath,
    text: &str,
    files: &Files<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Kustomization, RenderError> {
    let documents = documents::read(text, path.as_str(), Dialect::Plain, files.limits)?;
    let place = Place::file(path);
    let mut documents = documents.into_iter();
    let map = match documents.next().map(|document| (document.value, document.warnings)) {
        Some((Value::Object(map), found)) => {
            warnings.extend(found);
            map
        }
        Some((Value::Null, _)) | None => Map::new(),
        Some(_) => return Err(place.is(Problem::Value("expected a map".into()))),
    };
    let mut known = Map::new();
    for (key, value) in map {
        let Some(field) = FIELDS.iter().find(|field| field.eq_ignore_ascii_case(&key)) else {
            let nearest = nearest(&key, FIELDS.iter().copied()).map(Into::into);
            let line = line_of(text, &key, None);
            return Err(Place { line, ..place }.is(Problem::UnknownField { field: key, nearest }));
        };
        // An empty field is an absent one.
        let value = match *field {
            "helmCharts" | "helmChartInflationGenerator" => charts::without_nulls(value),
            _ => without_nulls(value),
        };
        if let Some(value) = value {
            known.insert((*field).into(), value);
        }
    }
    if known.keys().all(|key| key == "kind" || key == "apiVersion") {
        return Err(place.is(Problem::Value("the kustomization is empty".into())));
    }
    for (old, new) in DEPRECATED.iter().filter(|(old, _)| known.contains_key(*old)) {
        let place = Place { line: line_of(text, old, None), ..place.clone() }.field(*old);
        let message = format!("`{old}` is deprecated, `{new}` takes its place");
        warnings.push(Warning::new(WarningKind::Deprecated, place, message));
    }
    serde_path_to_error::deserialize(Value::Object(known)).map_err(|error| {
        let field = error.path().to_string();
        let top = field.split(['.', '[']).next().unwrap_or_default();
        let line = line_of(text, top, None);
        Place { line, ..place }.field(field).is(Problem::Value(error.into_inner().to_string()))
    })
}

/// The value without the fields that are null, as Go reads them.
pub(super) fn without_nulls(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(map) => {
            let kept = map.into_iter().filter_map(|(key, value)| Some((key, without_nulls(value)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => {
            Some(Value::Array(items.into_iter().map(|item| without_nulls(item).unwrap_or(Value::Null)).collect()))
        }
        value => Some(value),
    }
}

/// Moves what is written in an old way to where it belongs (kustomize's `FixKustomization` and `EnforceFields`).
fn check(file: &mut File) -> Result<(), RenderError> {
    let kustomization = &mut file.kustomization;
    if kustomization.kind.is_empty() {
        kustomization.kind = KUSTOMIZATION.into();
    }
    let version = if kustomization.kind == COMPONENT { COMPONENT_VERSION } else { KUSTOMIZATION_VERSION };
    if kustomization.api_version.is_empty() {
        kustomization.api_version = version.into();
    }
    let bases = std::mem::take(&mut kustomization.bases);
    kustomization.resources.extend(bases);
    let tags = std::mem::take(&mut kustomization.image_tags);
    kustomization.images.extend(tags);
    let generators = kustomization.config_map_generator.iter_mut().chain(&mut kustomization.secret_generator);
    for generator in generators.filter(|generator| !generator.env.is_empty()) {
        generator.envs.push(std::mem::take(&mut generator.env));
    }
    let old = std::mem::take(&mut kustomization.helm_chart_inflation_generator);
    let charts = charts::modern(old, &mut kustomization.helm_globals);
    kustomization.helm_charts.extend(charts);
    let (kind, api_version) = (kustomization.kind.clone(), kustomization.api_version.clone());
    if kind != KUSTOMIZATION && kind != COMPONENT {
        let message = format!("expected `{KUSTOMIZATION}` or `{COMPONENT}`, found `{kind}`");
        return Err(file.place("kind").is(Problem::Value(message)));
    }
    if api_version != version {
        let message = format!("expected `{version}` for a {kind}, found `{api_version}`");
        return Err(file.place("apiVersion").is(Problem::Value(message)));
    }
    Ok(())
}

/// The line of a top-level field, or of an item of the list in it. Only messages need it, so the text is searched again
/// rather than every value carrying its position.
fn line_of(text: &str, field: &str, item: Option<usize>) -> Option<usize> {
    if let Some(item) = item {
        let path = [PathSegment::Key(field.into()), PathSegment::Index(item)];
        return locate(text.as_bytes(), 0, &path).map(|position| position.line);
    }
    let starts = |line: &str| {
        let line = line.trim_start_matches(['"', '\'']);
        let (name, rest) = line.split_at_checked(field.len()).unwrap_or_default();
        name.eq_ignore_ascii_case(field) && rest.trim_start_matches(['"', '\'', ' ']).starts_with(':')
    };
    text.lines().position(starts).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use gitops_core::tree::MemoryTree;

    use super::*;
    use crate::Limits;

    fn read_text(text: &str) -> (Result<File, String>, Vec<String>) {
        let tree = MemoryTree::new().with_file("app/kustomization.yaml", text.to_owned());
        let limits = Limits::default();
        let mut warnings = Vec::new();
        let file = read(&Files::new(&tree, &limits), &TreePath::new("app").unwrap(), &mut warnings);
        (file.map_err(|error| error.to_string()), warnings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn fields_are_read_whatever_their_case() {
        let (file, warnings) = read_text("NamePrefix: a-\nbases:\n- ../base\nresources:\n");
        let file = file.unwrap();
        assert_eq!(file.kustomization.name_prefix, "a-");
        assert_eq!(file.kustomization.resources, ["../base"]);
        assert_eq!(warnings, ["app/kustomization.yaml:2: bases: `bases` is deprecated, `resources` takes its place"]);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let error = |text| read_text(text).0.unwrap_err();
        assert_eq!(
            error("resources: []\nnamePrefx: a\n"),
            "app/kustomization.yaml:2: unknown field `namePrefx`; nearest: `namePrefix`"
        );
        let message = error("images:\n- name: a\n  newTag: 1.0\n");
        assert!(message.starts_with("app/kustomization.yaml:1: images[0].newTag: "), "{message}");
        assert_eq!(
            error("kind: Other\nresources: []\n"),
            "app/kustomization.yaml:1: kind: expected `Kustomization` or `Component`, found `Other`"
        );
        assert_eq!(error("# nothing\n"), "app/kustomization.yaml: the kustomization is empty");
    }

    #[test]
    fn items_are_located() {
        let text = "resources:\n  - a\n  # note\n  - b: 1\n    c:\n    - d\n  - e\nimages: []\n";
        assert_eq!(line_of(text, "resources", Some(1)), Some(4));
        assert_eq!(line_of(text, "resources", Some(2)), Some(7));
        assert_eq!(line_of(text, "images", None), Some(8));
    }
}
