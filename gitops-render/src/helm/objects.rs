//! What templates see beside values: the chart, its files, the versions of everything.

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gitops_template::{
    Arguments, Element, Failure, List, Map, MapKind, Object, Parameter, Signature, Text, Value, to_yaml,
};

use super::chart::{Chart, ChartFile};
use super::metadata::{Dependency, Maintainer};
use crate::glob::Glob;

/// A Go struct: fields by their names, and the names that they have as JSON.
pub(super) struct Record {
    type_name: &'static str,
    fields: Vec<(&'static str, &'static str, Value)>,
    /// What its `String` method gives.
    text: Option<String>,
}

impl Record {
    pub(super) fn new(type_name: &'static str, fields: Vec<(&'static str, &'static str, Value)>) -> Self {
        Self { type_name, fields, text: None }
    }

    pub(super) fn with_text(mut self, text: &str) -> Self {
        self.text = Some(text.to_owned());
        self
    }
}

impl Object for Record {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn kind_name(&self) -> &str {
        if self.type_name.starts_with('*') { "ptr" } else { "struct" }
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.fields.iter().find(|(field, ..)| *field == name).map(|(.., value)| value.clone())
    }

    /// The version of Kubernetes has two methods for its text.
    fn method(&self, name: &str) -> Option<Signature> {
        (self.text.is_some() && matches!(name, "String" | "GitVersion")).then_some(Signature::of(&[]))
    }

    fn call(&self, _: &str, _: &[Value]) -> Result<Value, Failure> {
        Ok(Value::text(self.text.clone().unwrap_or_default()))
    }

    fn addressed_text(&self) -> Option<String> {
        self.text.clone()
    }

    fn fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(self.fields.iter().map(|(name, _, value)| (*name, value.clone())).collect())
    }

    fn named_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let named =
            self.fields.iter().filter(|(_, name, value)| !name.is_empty() && (value.truth() || *name == "IsRoot"));
        Some(named.map(|(_, name, value)| (*name, value.clone())).collect())
    }

    fn plain(&self) -> Value {
        let named = self.named_fields().unwrap_or_default();
        Value::Map(named.into_iter().map(|(name, value)| (Text::from(name), value)).collect())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Chart`.
pub(super) fn chart(chart: &Chart, name: &str, root: bool, requirements: &[Dependency]) -> Value {
    let metadata = &chart.metadata;
    let text = |text: &str| Value::text(text);
    let texts = |texts: &[String]| Value::texts(texts.iter().map(String::as_str));
    let maintainers = metadata.maintainers.iter().map(maintainer).collect();
    let annotations = metadata
        .annotations
        .iter()
        .map(|(key, value)| (Text::from(key.as_str()), Value::text(value.as_str())))
        .collect();
    Value::object(Record::new(
        "struct { chart.Metadata; IsRoot bool }",
        vec![
            ("Name", "name", text(name)),
            ("Home", "home", text(&metadata.home)),
            ("Sources", "sources", texts(&metadata.sources)),
            ("Version", "version", text(&metadata.version)),
            ("Description", "description", text(&metadata.description)),
            ("Keywords", "keywords", texts(&metadata.keywords)),
            ("Maintainers", "maintainers", pointers("*chart.Maintainer", maintainers)),
            ("Icon", "icon", text(&metadata.icon)),
            ("APIVersion", "apiVersion", text(&metadata.api_version)),
            ("Condition", "condition", text(&metadata.condition)),
            ("Tags", "tags", text(&metadata.tags)),
            ("AppVersion", "appVersion", text(&metadata.app_version)),
            ("Deprecated", "deprecated", Value::Bool(metadata.deprecated)),
            ("Annotations", "annotations", Value::Map(Map::of_kind(MapKind::Text, annotations))),
            ("KubeVersion", "kubeVersion", text(&metadata.kube_version)),
            (
                "Dependencies",
                "dependencies",
                pointers("*chart.Dependency", requirements.iter().map(dependency).collect()),
            ),
            ("Type", "type", text(&metadata.kind)),
            ("IsRoot", "IsRoot", Value::Bool(root)),
        ],
    ))
}

fn pointers(kind: &'static str, items: Vec<Value>) -> Value {
    Value::List(List::of(Element::Named(kind), items))
}

fn maintainer(maintainer: &Maintainer) -> Value {
    Value::object(Record::new(
        "*chart.Maintainer",
        vec![
            ("Name", "name", Value::text(maintainer.name.as_str())),
            ("Email", "email", Value::text(maintainer.email.as_str())),
            ("URL", "url", Value::text(maintainer.url.as_str())),
        ],
    ))
}

fn dependency(dependency: &Dependency) -> Value {
    Value::object(Record::new(
        "*chart.Dependency",
        vec![
            ("Name", "name", Value::text(dependency.effective_name())),
            ("Version", "version", Value::text(dependency.version.as_str())),
            ("Repository", "repository", Value::text(dependency.repository.as_str())),
            ("Condition", "condition", Value::text(dependency.condition.as_str())),
            ("Tags", "tags", Value::texts(dependency.tags.iter().map(String::as_str))),
            ("Enabled", "enabled", Value::Bool(true)),
            ("Alias", "alias", Value::text(dependency.alias.as_str())),
        ],
    ))
}

/// `.Files`: the files of a chart, or some of them.
pub(super) struct FilesObject {
    chart: Arc<Chart>,
    /// Their places in the chart, in the order of their names.
    chosen: Rc<[usize]>,
}

impl FilesObject {
    /// All files; of two with one name the last.
    pub(super) fn of(chart: &Arc<Chart>) -> Value {
        let by_name: BTreeMap<&str, usize> =
            chart.files.iter().enumerate().map(|(index, file)| (file.name.as_str(), index)).collect();
        Value::object(Self { chart: Arc::clone(chart), chosen: by_name.into_values().collect() })
    }

    /// The files in the order of their names.
    fn files(&self) -> impl Iterator<Item = &ChartFile> {
        self.chosen.iter().filter_map(|index| self.chart.files.get(*index))
    }

    fn find(&self, name: &str) -> Option<&ChartFile> {
        let name_of = |index: &usize| self.chart.files.get(*index).map(|file| file.name.as_str());
        let found = self.chosen.binary_search_by(|index| name_of(index).cmp(&Some(name))).ok()?;
        self.chart.files.get(*self.chosen.get(found)?)
    }

    fn get(&self, name: &str) -> Text {
        self.find(name).map(|file| Text::from(&*file.data)).unwrap_or_default()
    }

    fn glob(&self, pattern: &str) -> Value {
        // Helm takes a malformed pattern for one that matches everything.
        let glob = Glob::with_separators(pattern).ok();
        let matches = |file: &ChartFile| glob.as_ref().is_none_or(|glob| glob.matches(&file.name));
        let matching = |index: &&usize| self.chart.files.get(**index).is_some_and(matches);
        let chosen = self.chosen.iter().filter(matching).copied().collect();
        Value::object(Self { chart: Arc::clone(&self.chart), chosen })
    }

    fn as_yaml(&self, data: impl Fn(&ChartFile) -> Value) -> Value {
        let entries = self.files().map(|file| {
            let name = file.name.rsplit('/').next().unwrap_or_default();
            (Text::from(name), data(file))
        });
        // What cannot be written is nothing, as in Helm.
        Value::text(to_yaml(&Value::Map(entries.collect())).unwrap_or_default())
    }

    fn lines(&self, name: &str) -> Value {
        let text = self.get(name);
        if text.is_empty() {
            return Value::texts(Vec::<Text>::new());
        }
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        Value::texts(text.split(|byte| *byte == b'\n'))
    }
}

impl Object for FilesObject {
    fn type_name(&self) -> &str {
        "engine.files"
    }

    fn kind_name(&self) -> &str {
        "map"
    }

    fn is_map(&self) -> bool {
        true
    }

    fn truth(&self) -> bool {
        !self.chosen.is_empty()
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.find(name).map(|file| Value::Bytes(Text::from(&*file.data)))
    }

    fn method(&self, name: &str) -> Option<Signature> {
        match name {
            "Get" | "GetBytes" | "Glob" | "Lines" => Some(Signature::of(&[Parameter::Text])),
            "AsConfig" | "AsSecrets" => Some(Signature::of(&[])),
            _ => None,
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, Failure> {
        let argument = arguments.text(0);
        let argument = argument.to_str();
        match name {
            "Get" => Ok(Value::Text(self.get(&argument))),
            "GetBytes" => Ok(Value::Bytes(self.get(&argument))),
            "Glob" => Ok(self.glob(&argument)),
            "Lines" => Ok(self.lines(&argument)),
            "AsConfig" => Ok(self.as_yaml(|file| Value::text(&*file.data))),
            _ => Ok(self.as_yaml(|file| Value::text(STANDARD.encode(&file.data)))),
        }
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let entry = |file: &ChartFile| (Value::text(file.name.as_str()), Value::Bytes(Text::from(&*file.data)));
        Some(self.files().map(entry).collect())
    }

    /// Bytes are written in base64, as Go writes them into JSON.
    fn plain(&self) -> Value {
        let entry = |file: &ChartFile| (Text::from(file.name.as_str()), Value::text(STANDARD.encode(&file.data)));
        Value::Map(self.files().map(entry).collect())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities.APIVersions`.
struct Versions(Rc<Vec<String>>);

impl Object for Versions {
    fn type_name(&self) -> &str {
        "chartutil.VersionSet"
    }

    fn kind_name(&self) -> &str {
        "slice"
    }

    fn truth(&self) -> bool {
        !self.0.is_empty()
    }

    fn method(&self, name: &str) -> Option<Signature> {
        (name == "Has").then_some(Signature::of(&[Parameter::Text]))
    }

    fn call(&self, _: &str, arguments: &[Value]) -> Result<Value, Failure> {
        let wanted = arguments.text(0);
        Ok(Value::Bool(self.0.iter().any(|version| version.as_bytes() == &*wanted)))
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let entry = |(index, version): (usize, &String)| {
            (Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), Value::text(version.as_str()))
        };
        Some(self.0.iter().enumerate().map(entry).collect())
    }

    fn plain(&self) -> Value {
        Value::texts(self.0.iter().map(String::as_str))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities`.
pub(super) fn capabilities(version: (&str, &str, &str), api_versions: Vec<String>) -> Value {
    let (full, major, minor) = version;
    let kubernetes = Record::new(
        "chartutil.KubeVersion",
        vec![
            ("Version", "Version", Value::text(full)),
            ("Major", "Major", Value::text(major)),
            ("Minor", "Minor", Value::text(minor)),
        ],
    );
    let helm = Record::new(
        "version.BuildInfo",
        vec![
            ("Version", "version", Value::text("v3.22.0")),
            ("GitCommit", "git_commit", Value::text("")),
            ("GitTreeState", "git_tree_state", Value::text("clean")),
            ("GoVersion", "go_version", Value::text("go1.26.8")),
        ],
    );
    Value::object(Record::new(
        "*chartutil.Capabilities",
        vec![
            ("KubeVersion", "KubeVersion", Value::object(kubernetes.with_text(full))),
            ("APIVersions", "APIVersions", Value::object(Versions(Rc::new(api_versions)))),
            ("HelmVersion", "HelmVersion", Value::object(helm)),
        ],
    ))
}
