//! A chart: its files, sorted by what they are for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use gitops_core::tree::{ArchiveLimits, Tree, TreePath};
use gitops_template::{Delimiters, Functions, ParseError, Templates, parse};
use serde_json::{Map, Value};

use super::metadata::Metadata;
use super::schema::Schema;
use super::{HelmError, load, yaml};
use crate::files::Files;
use crate::{Limits, RenderError};

/// Charts within charts below this depth are refused.
const MAX_DEPTH: usize = 20;

/// A chart and the charts in it. It is read once and shared by every render of it.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it says of itself.
    pub metadata: Metadata,
    /// Its default values.
    pub values: Map<String, Value>,
    /// `values.schema.json`.
    pub schema: Option<Arc<Schema>>,
    /// The files in `templates`.
    pub templates: Vec<ChartFile>,
    /// Every other file.
    pub files: Vec<ChartFile>,
    /// The charts in `charts`.
    pub dependencies: Vec<Arc<Chart>>,
    /// The versions of charts that `Chart.lock` has, by their names.
    pub locked: BTreeMap<String, String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// A file of a chart.
#[derive(Clone)]
pub struct ChartFile {
    /// Its path in the chart.
    pub name: String,
    /// Its content.
    pub data: Bytes,
    /// Its templates, once they were read, and the name under which they were. Clones of the file share them.
    templates: Arc<OnceLock<(String, Templates)>>,
}

impl ChartFile {
    /// A file by its path in the chart.
    pub fn new(name: impl Into<String>, data: impl Into<Bytes>) -> Self {
        Self { name: name.into(), data: data.into(), templates: Arc::default() }
    }

    /// Its templates, which errors place in a file of this name. They are read once for the first name that is asked for,
    /// which is the only one save where a chart is in another under several names.
    pub(super) fn templates(&self, name: &str, functions: &Functions) -> Result<Cow<'_, Templates>, ParseError> {
        if let Some((known, templates)) = self.templates.get()
            && known == name
        {
            return Ok(Cow::Borrowed(templates));
        }
        let templates = parse(name, self.data.clone(), functions, &Delimiters::default())?;
        let _ = self.templates.set((name.to_owned(), templates.clone()));
        Ok(Cow::Owned(templates))
    }
}

impl fmt::Debug for ChartFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} bytes)", self.name, self.data.len())
    }
}

impl Chart {
    /// The files of the chart in a folder of a tree, without those that its `.helmignore` names.
    ///
    /// # Errors
    /// Where a file cannot be read, or a limit is passed.
    pub fn files_in(tree: &dyn Tree, folder: &TreePath, limits: &Limits) -> Result<Vec<ChartFile>, RenderError> {
        load::folder(&Files::new(tree, limits), folder)
    }

    /// Reads a chart out of a folder of a tree.
    ///
    /// # Errors
    /// Where the folder is no chart, or a limit is passed.
    pub fn read(tree: &dyn Tree, folder: &TreePath, limits: &Limits) -> Result<Self, RenderError> {
        Ok(Self::of_files(Self::files_in(tree, folder, limits)?, &mut ArchiveLimits::default(), 0)?)
    }

    /// Reads a chart out of a gzipped tar archive, as `helm package` makes it.
    ///
    /// # Errors
    /// Where it is no such archive, is too large, or is no chart.
    pub fn in_archive(archive: &[u8], limits: &ArchiveLimits) -> Result<Self, HelmError> {
        Self::of_archive(archive, &mut limits.clone(), 0)
    }

    fn of_archive(archive: &[u8], limits: &mut ArchiveLimits, depth: usize) -> Result<Self, HelmError> {
        let files = load::archive(archive, limits)?;
        if files.is_empty() {
            return Err(HelmError::Chart("no files in chart archive".to_owned()));
        }
        Self::of_files(files, limits, depth)
    }

    pub(super) fn of_files(files: Vec<ChartFile>, limits: &mut ArchiveLimits, depth: usize) -> Result<Self, HelmError> {
        if depth > MAX_DEPTH {
            return Err(HelmError::Chart(format!("charts are nested deeper than the {MAX_DEPTH} allowed")));
        }
        let read = |file: &ChartFile| {
            yaml::read(&file.data).map_err(|error| HelmError::Chart(format!("cannot load {}: {error}", file.name)))
        };
        let mut metadata = match files.iter().find(|file| file.name == "Chart.yaml") {
            Some(file) => Metadata::read(&read(file)?).map_err(|error| {
                HelmError::Chart(if error.starts_with("validation") {
                    error
                } else {
                    format!("cannot load Chart.yaml: {error}")
                })
            })?,
            None => return Err(HelmError::Chart("Chart.yaml file is missing".to_owned())),
        };
        let mut chart = Self {
            metadata: Metadata::default(),
            values: Map::new(),
            schema: None,
            templates: Vec::new(),
            files: Vec::new(),
            dependencies: Vec::new(),
            locked: BTreeMap::new(),
            warnings: Vec::new(),
        };
        let first_version = metadata.api_version == "v1";
        let mut below: BTreeMap<String, Vec<ChartFile>> = BTreeMap::new();
        for file in files {
            match file.name.as_str() {
                "Chart.yaml" => {}
                "Chart.lock" => chart.locked = locked(&read(&file)?),
                "values.yaml" => {
                    chart.values = yaml::read_values(&file.data)
                        .map_err(|error| HelmError::Chart(format!("cannot load values.yaml: {error}")))?;
                }
                "values.schema.json" => chart.schema = Some(Arc::new(Schema::new(file.data))),
                "requirements.yaml" | "requirements.lock" => {
                    let value = read(&file)?;
                    if file.name == "requirements.lock" {
                        chart.locked = locked(&value);
                    } else {
                        metadata
                            .read_requirements(&value)
                            .map_err(|error| HelmError::Chart(format!("cannot load requirements.yaml: {error}")))?;
                    }
                    if first_version {
                        chart.files.push(file);
                    } else {
                        chart.warnings.push(format!("dependencies are handled in Chart.yaml, not in {}", file.name));
                    }
                }
                name if name.starts_with("templates/") => chart.templates.push(file),
                name if name.starts_with("charts/") && !name.ends_with(".prov") => {
                    let name = name.trim_start_matches("charts/").to_owned();
                    let first = name.split('/').next().unwrap_or_default().to_owned();
                    below.entry(first).or_default().push(ChartFile::new(name, file.data));
                }
                _ => chart.files.push(file),
            }
        }
        metadata.validate().map_err(HelmError::Chart)?;
        chart.metadata = metadata;
        for (name, files) in below {
            if let Some(dependency) = chart.below(&name, files, limits, depth)? {
                chart.dependencies.push(Arc::new(dependency));
            }
        }
        Ok(chart)
    }

    /// The chart in `charts` of a name, which is a folder or an archive.
    fn below(
        &self,
        name: &str,
        files: Vec<ChartFile>,
        limits: &mut ArchiveLimits,
        depth: usize,
    ) -> Result<Option<Self>, HelmError> {
        if name.starts_with(['_', '.']) {
            return Ok(None);
        }
        let within = |error: HelmError| {
            HelmError::Chart(format!("error unpacking subchart {name} in {}: {error}", self.metadata.name))
        };
        if name.ends_with(".tgz") {
            let Some(archive) = files.first() else { return Ok(None) };
            if archive.name != name {
                let (chart, found) = (self.name(), &archive.name);
                let message = format!("error unpacking subchart tar in {chart}: expected {name}, got {found}");
                return Err(HelmError::Chart(message));
            }
            return Self::of_archive(&archive.data, limits, depth + 1).map(Some).map_err(within);
        }
        let inside = |file: ChartFile| Some(ChartFile::new(file.name.split_once('/')?.1, file.data));
        Self::of_files(files.into_iter().filter_map(inside).collect(), limits, depth + 1).map(Some).map_err(within)
    }

    /// The name of the chart.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }
}

fn locked(lock: &Value) -> BTreeMap<String, String> {
    let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let entries = lock.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|entry| Some((text(entry, "name")?, text(entry, "version")?))).collect()
}
