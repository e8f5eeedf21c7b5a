//! A chart: its files, sorted by what they are for.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use gitops_core::tree::{ArchiveLimits, EntryKind, Tree, TreePath, unpack};
use serde_json::{Map, Value};

use super::HelmError;
use super::ignore::Ignore;
use super::metadata::Metadata;
use super::yaml;
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
    pub schema: Option<Bytes>,
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
#[derive(Clone, Debug)]
pub struct ChartFile {
    /// Its path in the chart.
    pub name: String,
    /// Its content.
    pub data: Bytes,
}

impl Chart {
    /// Reads a chart out of a folder.
    pub(crate) fn in_folder(files: &Files<'_>, folder: &TreePath) -> Result<Self, RenderError> {
        let rules = match files.read(&folder.child(".helmignore"))? {
            Some(blob) => blob.to_vec(),
            None => Vec::new(),
        };
        let ignore = Ignore::new(&rules).map_err(HelmError::Chart)?;
        let mut found = Vec::new();
        walk(files, folder, "", &ignore, &mut found)?;
        Ok(Self::of_files(found, 0)?)
    }

    /// Reads a chart out of a folder of a tree.
    ///
    /// # Errors
    /// Where the folder is no chart, or a limit is passed.
    pub fn read(tree: &dyn Tree, folder: &TreePath, limits: &Limits) -> Result<Self, RenderError> {
        Self::in_folder(&Files::new(tree, limits), folder)
    }

    /// Reads a chart out of a gzipped tar archive, as `helm package` makes it.
    ///
    /// # Errors
    /// Where it is no such archive, is too large, or is no chart.
    pub fn in_archive(archive: &[u8], limits: &ArchiveLimits) -> Result<Self, HelmError> {
        Self::of_archive(archive, limits, 0)
    }

    fn of_archive(archive: &[u8], limits: &ArchiveLimits, depth: usize) -> Result<Self, HelmError> {
        let tree = unpack(archive, limits).map_err(|error| HelmError::Chart(error.to_string()))?;
        let mut found = Vec::new();
        collect(&tree, &TreePath::root(), &mut found).map_err(|error| HelmError::Chart(error.to_string()))?;
        Self::of_files(found, depth)
    }

    fn of_files(files: Vec<ChartFile>, depth: usize) -> Result<Self, HelmError> {
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
                "values.schema.json" => chart.schema = Some(file.data),
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
                    below.entry(first).or_default().push(ChartFile { name, data: file.data });
                }
                _ => chart.files.push(file),
            }
        }
        metadata.validate().map_err(HelmError::Chart)?;
        chart.metadata = metadata;
        for (name, files) in below {
            if let Some(dependency) = chart.below(&name, files, depth)? {
                chart.dependencies.push(Arc::new(dependency));
            }
        }
        Ok(chart)
    }

    /// The chart in `charts` of a name, which is a folder or an archive.
    fn below(&self, name: &str, files: Vec<ChartFile>, depth: usize) -> Result<Option<Self>, HelmError> {
        if name.starts_with(['_', '.']) {
            return Ok(None);
        }
        let within = |error: HelmError| {
            HelmError::Chart(format!("error unpacking subchart {name} in {}: {error}", self.metadata.name))
        };
        if let ([archive], true) = (files.as_slice(), name.ends_with(".tgz")) {
            return Self::of_archive(&archive.data, &ArchiveLimits::default(), depth + 1).map(Some).map_err(within);
        }
        let inside = |file: ChartFile| {
            let name = file.name.split_once('/')?.1.to_owned();
            Some(ChartFile { name, data: file.data })
        };
        Self::of_files(files.into_iter().filter_map(inside).collect(), depth + 1).map(Some).map_err(within)
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

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn without_mark(data: Bytes) -> Bytes {
    if data.starts_with(BYTE_ORDER_MARK) { data.slice(BYTE_ORDER_MARK.len()..) } else { data }
}

fn walk(
    files: &Files<'_>,
    folder: &TreePath,
    inside: &str,
    ignore: &Ignore,
    found: &mut Vec<ChartFile>,
) -> Result<(), RenderError> {
    for entry in files.list(folder)?.unwrap_or_default() {
        let path = folder.child(&entry.name);
        let name = if inside.is_empty() { entry.name.clone() } else { format!("{inside}/{}", entry.name) };
        let kind = match entry.kind {
            EntryKind::Symlink => files.stat(&path)?.map_or(entry.kind, |meta| meta.kind),
            kind => kind,
        };
        let directory = matches!(kind, EntryKind::Directory | EntryKind::Submodule);
        if ignore.ignores(&name, directory) {
            continue;
        }
        if directory {
            walk(files, &path, &name, ignore, found)?;
        } else if let Some(data) = files.read(&path)? {
            found.push(ChartFile { name, data: without_mark(data) });
        }
    }
    Ok(())
}

fn collect(tree: &dyn Tree, folder: &TreePath, found: &mut Vec<ChartFile>) -> Result<(), gitops_core::tree::TreeError> {
    for entry in tree.list(folder)?.unwrap_or_default() {
        let path = folder.child(&entry.name);
        if entry.kind == EntryKind::Directory {
            collect(tree, &path, found)?;
        } else if let Some(blob) = tree.read(&path)? {
            found.push(ChartFile { name: path.as_str().to_owned(), data: without_mark(blob.bytes) });
        }
    }
    Ok(())
}
