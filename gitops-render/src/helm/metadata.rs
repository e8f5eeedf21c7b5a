//! `Chart.yaml`, as Helm 3.22 reads it.

use std::collections::{BTreeMap, BTreeSet};

use gitops_template::semver::Version;
use serde_json::{Map, Value};

use super::yaml::{kind, scalar_text};

/// What a chart says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are those of Chart.yaml, by their names")]
pub struct Metadata {
    pub name: String,
    pub home: String,
    pub sources: Vec<String>,
    pub version: String,
    pub description: String,
    pub keywords: Vec<String>,
    pub maintainers: Vec<Maintainer>,
    pub icon: String,
    pub api_version: String,
    pub condition: String,
    pub tags: String,
    pub app_version: String,
    pub deprecated: bool,
    pub annotations: BTreeMap<String, String>,
    pub kube_version: String,
    pub dependencies: Vec<Dependency>,
    pub kind: String,
}

/// Who maintains a chart.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of Chart.yaml, by their names")]
pub struct Maintainer {
    pub name: String,
    pub email: String,
    pub url: String,
}

/// A chart that a chart needs.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are those of Chart.yaml, by their names")]
pub struct Dependency {
    pub name: String,
    pub version: String,
    pub repository: String,
    pub condition: String,
    pub tags: Vec<String>,
    pub import_values: Vec<Value>,
    pub alias: String,
}

impl Dependency {
    /// What it is called in the chart.
    pub fn effective_name(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }
}

type Read<T> = Result<T, String>;

/// A struct of Go that JSON is read into: keys match whatever their case is, null leaves a field as it is.
struct Fields<'j> {
    map: &'j Map<String, Value>,
    of: &'static str,
}

impl<'j> Fields<'j> {
    fn of(value: &'j Value, of: &'static str) -> Read<Self> {
        match value {
            Value::Object(map) => Ok(Self { map, of }),
            other => Err(format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type chart.{of}",
                kind(other)
            )),
        }
    }

    /// An item of a list of structs.
    fn of_item(value: &'j Value, of: &'static str, list: &str) -> Read<Self> {
        let field = format!("Go struct field Metadata.{list} of type");
        Self::of(value, of).map_err(|error| error.replace("Go value of type", &field))
    }

    fn get(&self, name: &str) -> Option<&'j Value> {
        let value = self
            .map
            .get(name)
            .or_else(|| self.map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))?;
        (!value.is_null()).then_some(value)
    }

    fn mismatch(&self, value: &Value, name: &str, wanted: &str) -> String {
        let (kind, of) = (kind(value), self.of);
        format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go struct field \
             {of}.{name} of type {wanted}"
        )
    }

    fn text(&self, name: &str) -> Read<String> {
        let Some(value) = self.get(name) else { return Ok(String::new()) };
        scalar_text(value).map(|text| sanitized(&text)).ok_or_else(|| self.mismatch(value, name, "string"))
    }

    fn truth(&self, name: &str) -> Read<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(other) => Err(self.mismatch(other, name, "bool")),
        }
    }

    fn items(&self, name: &str, wanted: &str) -> Read<&'j [Value]> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(self.mismatch(other, name, wanted)),
        }
    }

    fn texts(&self, name: &str) -> Read<Vec<String>> {
        let items = self.items(name, "[]string")?;
        let text = |item: &Value| match item {
            Value::Null => Ok(String::new()),
            item => scalar_text(item).map(|text| sanitized(&text)).ok_or_else(|| self.mismatch(item, name, "string")),
        };
        items.iter().map(text).collect()
    }

    fn pairs(&self, name: &str) -> Read<BTreeMap<String, String>> {
        match self.get(name) {
            None => Ok(BTreeMap::new()),
            Some(Value::Object(map)) => map
                .iter()
                .map(|(key, value)| match value {
                    Value::Null => Ok((key.clone(), String::new())),
                    value => scalar_text(value)
                        .map(|text| (key.clone(), text))
                        .ok_or_else(|| self.mismatch(value, name, "string")),
                })
                .collect(),
            Some(other) => Err(self.mismatch(other, name, "map[string]string")),
        }
    }
}

impl Metadata {
    /// What `Chart.yaml` says.
    pub(super) fn read(value: &Value) -> Read<Self> {
        if value.is_null() {
            return Ok(Self { api_version: "v1".to_owned(), ..Self::default() });
        }
        let fields = Fields::of(value, "Metadata")?;
        let mut metadata = Self {
            name: fields.text("name")?,
            home: fields.text("home")?,
            sources: fields.texts("sources")?,
            version: fields.text("version")?,
            description: fields.text("description")?,
            keywords: fields.texts("keywords")?,
            maintainers: Vec::new(),
            icon: fields.text("icon")?,
            api_version: fields.text("apiVersion")?,
            condition: fields.text("condition")?,
            tags: fields.text("tags")?,
            app_version: fields.text("appVersion")?,
            deprecated: fields.truth("deprecated")?,
            annotations: fields.pairs("annotations")?,
            kube_version: fields.text("kubeVersion")?,
            dependencies: dependencies(&fields)?,
            kind: fields.text("type")?,
        };
        for maintainer in fields.items("maintainers", "[]*chart.Maintainer")? {
            if maintainer.is_null() {
                return Err("validation: maintainers must not contain empty or null nodes".to_owned());
            }
            let fields = Fields::of_item(maintainer, "Maintainer", "maintainers")?;
            let (name, email, url) = (fields.text("name")?, fields.text("email")?, fields.text("url")?);
            metadata.maintainers.push(Maintainer { name, email, url });
        }
        if metadata.api_version.is_empty() {
            metadata.api_version = "v1".to_owned();
        }
        Ok(metadata)
    }

    /// Takes over what `requirements.yaml` says, where charts of the first version have their dependencies.
    pub(super) fn read_requirements(&mut self, value: &Value) -> Read<()> {
        if !value.is_null() {
            let fields = Fields::of(value, "Metadata")?;
            if fields.get("dependencies").is_some() {
                self.dependencies = dependencies(&fields)?;
            }
        }
        Ok(())
    }

    /// Refuses what Helm refuses in a chart.
    pub(super) fn validate(&self) -> Read<()> {
        let name = &self.name;
        let checks = [
            (name.is_empty(), "chart.metadata.name is required".to_owned()),
            (name == "." || name == "..", format!("chart.metadata.name {name:?} is not allowed")),
            (name.contains('/'), format!("chart.metadata.name {name:?} is invalid")),
            (self.version.is_empty(), "chart.metadata.version is required".to_owned()),
            (Version::parse(&self.version).is_err(), format!("chart.metadata.version {:?} is invalid", self.version)),
            (
                !matches!(self.kind.as_str(), "" | "application" | "library"),
                "chart.metadata.type must be application or library".to_owned(),
            ),
        ];
        if let Some((_, message)) = checks.into_iter().find(|(refused, _)| *refused) {
            return Err(format!("validation: {message}"));
        }
        let mut known = BTreeSet::new();
        for dependency in &self.dependencies {
            let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
            if !dependency.alias.chars().all(letters) {
                let name = &dependency.name;
                return Err(format!("validation: dependency {name:?} has disallowed characters in the alias"));
            }
            let name = dependency.effective_name();
            if !known.insert(name) {
                return Err(format!("validation: more than one dependency with name or alias {name:?}"));
            }
        }
        Ok(())
    }

    /// Whether it is of the kind that other charts use and nobody installs.
    pub fn is_library(&self) -> bool {
        self.kind.eq_ignore_ascii_case("library")
    }
}

fn dependencies(fields: &Fields<'_>) -> Read<Vec<Dependency>> {
    let read = |item: &Value| {
        if item.is_null() {
            return Err("validation: dependencies must not contain empty or null nodes".to_owned());
        }
        let fields = Fields::of_item(item, "Dependency", "dependencies")?;
        Ok(Dependency {
            name: fields.text("name")?,
            version: fields.text("version")?,
            repository: fields.text("repository")?,
            condition: fields.text("condition")?,
            tags: fields.texts("tags")?,
            import_values: fields.items("import-values", "[]interface {}")?.to_vec(),
            alias: fields.text("alias")?,
        })
    };
    fields.items("dependencies", "[]*chart.Dependency")?.iter().map(read).collect()
}

/// White space is a blank, and what cannot be printed is left out.
fn sanitized(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_whitespace() { ' ' } else { letter })
        .filter(|letter| !letter.is_control())
        .collect()
}
