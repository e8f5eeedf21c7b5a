//! Which charts of a chart are rendered, under which names, and what they give to the values of the chart they are in.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use gitops_template::semver::{Constraint, Version};
use gitops_template::{FromJson, Map, Text, Value, from_json};
use serde_json::Value as Json;

use super::chart::Chart;
use super::metadata::Dependency;
use super::values::{Nulls, Warnings, coalesce, copy_map, table_at, tables, value_at};
use super::{HelmError, describe};

/// A chart as one release has it.
pub(super) struct Prepared {
    pub(super) chart: Arc<Chart>,
    /// The name, or the alias that the chart above gives it.
    pub(super) name: String,
    /// The charts that it asks for and that are rendered.
    requirements: Vec<Dependency>,
    pub(super) dependencies: Vec<Prepared>,
    /// Its default values and what charts in it give to them; its own only where there is none.
    merged: RefCell<Option<Map>>,
    own: OnceCell<Map>,
}

impl Prepared {
    fn new(chart: &Arc<Chart>, name: &str) -> Self {
        Self {
            chart: Arc::clone(chart),
            name: name.to_owned(),
            requirements: chart.metadata.dependencies.clone(),
            dependencies: chart.dependencies.iter().map(|below| Self::new(below, below.name())).collect(),
            merged: RefCell::new(None),
            own: OnceCell::new(),
        }
    }

    /// A copy of its default values, which shares nothing.
    pub(super) fn values(&self) -> Map {
        match &*self.merged.borrow() {
            Some(merged) => copy_map(merged),
            None => copy_map(self.own.get_or_init(|| {
                let entries = self.chart.values.iter();
                entries.map(|(key, value)| (Text::from(key.as_str()), from_json(value, FromJson::Integers))).collect()
            })),
        }
    }

    /// The charts that it asks for and that are rendered.
    pub(super) fn requirements(&self) -> &[Dependency] {
        &self.requirements
    }

    /// Another chart like this one, by another name.
    fn again(&self, name: &str) -> Self {
        Self::new(&self.chart, name)
    }
}

/// Whether a version is in a range. A range or a version that is malformed fits nothing.
pub(super) fn fits(range: &str, version: &str) -> bool {
    match (Constraint::parse(range), Version::parse(version)) {
        (Ok(range), Ok(version)) => range.check(&version),
        _ => false,
    }
}

/// Refuses a chart that asks for charts that are not in it.
pub(super) fn check(chart: &Chart) -> Result<(), HelmError> {
    let present: BTreeSet<&str> = chart.dependencies.iter().map(|below| below.name()).collect();
    let wanted = chart.metadata.dependencies.iter().map(|dependency| dependency.name.as_str());
    let missing: Vec<&str> = wanted.filter(|name| !present.contains(name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(HelmError::MissingDependencies(missing.join(", "))) }
}

/// A chart with the charts that the values of a release switch on.
pub(super) fn prepare(chart: &Arc<Chart>, given: &Map, warnings: &mut Warnings) -> Result<Prepared, HelmError> {
    let mut prepared = Prepared::new(chart, chart.name());
    let mut shared = Shared::default();
    enable(&mut prepared, given, "", &mut shared, warnings)?;
    import(&prepared, &mut shared, warnings)?;
    Ok(prepared)
}

/// What Helm does to a chart's list of what it asks for. A chart that is there under several names has one such list, so
/// that what is done for the first of them is seen by the others.
#[derive(Default)]
struct Shared {
    /// Charts whose list names aliases by now: under its first name only a chart finds what it has an alias for.
    renamed: HashSet<*const Chart>,
    /// What was taken from a chart below by now, which is not taken again.
    imported: HashSet<(*const Chart, String)>,
}

fn enable(
    chart: &mut Prepared,
    given: &Map,
    path: &str,
    shared: &mut Shared,
    warnings: &mut Warnings,
) -> Result<(), HelmError> {
    if chart.requirements.is_empty() {
        return Ok(());
    }
    let first = shared.renamed.insert(Arc::as_ptr(&chart.chart));
    let asked = |below: &Prepared, dependency: &Dependency| {
        let name = if first { dependency.name.as_str() } else { dependency.effective_name() };
        below.name == name && fits(&dependency.version, &below.chart.metadata.version)
    };
    let (declared, mut kept): (Vec<_>, Vec<_>) = std::mem::take(&mut chart.dependencies)
        .into_iter()
        .partition(|below| chart.requirements.iter().any(|dependency| asked(below, dependency)));
    for dependency in &chart.requirements {
        if let Some(below) = declared.iter().find(|below| asked(below, dependency)) {
            kept.push(below.again(dependency.effective_name()));
        }
    }
    chart.dependencies = kept;
    let values = coalesce(chart, given, Nulls::TakeAway, &mut Vec::new())?;
    let mut disabled = BTreeSet::new();
    for dependency in &chart.requirements {
        if !enabled(dependency, &values, path, warnings) {
            disabled.insert(dependency.effective_name().to_owned());
        }
    }
    chart.dependencies.retain(|below| !disabled.contains(&below.name));
    chart.requirements.retain(|dependency| !disabled.contains(dependency.effective_name()));
    for below in &mut chart.dependencies {
        let path = format!("{path}{}.", below.name);
        enable(below, &values, &path, shared, warnings)?;
    }
    Ok(())
}

/// Tags first, then the first condition that has a truth for value.
fn enabled(dependency: &Dependency, values: &Map, path: &str, warnings: &mut Warnings) -> bool {
    let mut enabled = by_tags(dependency, values, warnings);
    for condition in dependency.condition.trim().split(',').filter(|condition| !condition.is_empty()) {
        match value_at(values, &format!("{path}{condition}")) {
            Some(Value::Bool(truth)) => {
                enabled = truth;
                break;
            }
            Some(_) => warnings.push(format!(
                "Warning: Condition path '{condition}' for chart {} returned non-bool value",
                dependency.effective_name()
            )),
            None => {}
        }
    }
    enabled
}

fn by_tags(dependency: &Dependency, values: &Map, warnings: &mut Warnings) -> bool {
    let Some(tags) = table_at(values, "tags") else { return true };
    let mut truths = Vec::new();
    for tag in &dependency.tags {
        match tags.get(tag.as_bytes()) {
            Some(Value::Bool(truth)) => truths.push(truth),
            Some(_) => warnings.push(format!(
                "Warning: Tag '{tag}' for chart {} returned non-bool value",
                dependency.effective_name()
            )),
            None => {}
        }
    }
    truths.is_empty() || truths.contains(&true)
}

/// Gives the values that a chart takes from the charts in it to it, the innermost first.
fn import(chart: &Prepared, shared: &mut Shared, warnings: &mut Warnings) -> Result<(), HelmError> {
    for below in &chart.dependencies {
        import(below, shared, warnings)?;
    }
    if chart.requirements.is_empty() {
        return Ok(());
    }
    let values = coalesce(chart, &Map::default(), Nulls::Keep, warnings)?;
    let mut imported = Map::default();
    for dependency in &chart.requirements {
        if !shared.imported.insert((Arc::as_ptr(&chart.chart), dependency.effective_name().to_owned())) {
            continue;
        }
        for wanted in &dependency.import_values {
            let Some((child, parent)) = paths(wanted) else { continue };
            match table_at(&values, &format!("{}.{child}", dependency.effective_name())) {
                Some(table) => {
                    let table = at_path(&parent, table);
                    tables(&imported, &table, "", Nulls::Keep, warnings);
                }
                None => warnings.push(format!(
                    "Warning: ImportValues missing table from chart {}: \"{child}\" is not a table",
                    dependency.effective_name()
                )),
            }
        }
    }
    let values = copy_map(&values);
    tables(&values, &std::mem::take(&mut imported), "", Nulls::Keep, warnings);
    *chart.merged.borrow_mut() = Some(values);
    Ok(())
}

/// Where in the chart below, and where in the chart above.
fn paths(wanted: &Json) -> Option<(String, String)> {
    match wanted {
        Json::String(name) => Some((format!("exports.{name}"), ".".to_owned())),
        Json::Object(map) => {
            let text = |name: &str| match map.get(name) {
                Some(Json::String(text)) => text.clone(),
                Some(other) => describe::plain(&from_json(other, FromJson::Floats)),
                None => "<nil>".to_owned(),
            };
            Some((text("child"), text("parent")))
        }
        _ => None,
    }
}

fn at_path(path: &str, table: Map) -> Map {
    if path == "." {
        return table;
    }
    path.split('.').rev().fold(table, |inner, name| std::iter::once((Text::from(name), Value::Map(inner))).collect())
}
