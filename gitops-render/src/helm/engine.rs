//! Executing every template of a chart and of the charts in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use gitops_template::{
    Functions, Host, Limits, Map, MapKind, Options, Render, TemplateSet, Text, Value, without_no_value,
};

use super::chart::{Chart, ChartFile};
use super::dependencies::Prepared;
use super::values::table_at;
use super::{HelmError, objects};

/// Go's name of the type that values have outside of tables.
const VALUES: MapKind = MapKind::Named("chartutil.Values");

/// A template to execute.
struct Renderable<'c> {
    path: String,
    base: Text,
    file: &'c ChartFile,
    context: Map,
}

/// What every chart of a release sees.
pub(super) struct Shared {
    pub(super) release: Value,
    pub(super) capabilities: Value,
}

/// What every template writes, by its path. Values are merged already.
pub(super) fn render(
    chart: &Prepared,
    values: Map,
    shared: &Shared,
    functions: &Functions,
    host: &dyn Host,
    limits: &Limits,
) -> Result<BTreeMap<String, Vec<u8>>, HelmError> {
    let mut renderables = Vec::new();
    collect(chart, Some(values), None, "", shared, &mut renderables);
    // Helm reads the deepest first, so that what a chart defines wins over what is defined in the charts in it.
    renderables.sort_by(|left, right| {
        let depth = |renderable: &Renderable<'_>| renderable.path.matches('/').count();
        depth(right).cmp(&depth(left)).then_with(|| right.path.cmp(&left.path))
    });
    let mut set = TemplateSet::new();
    for renderable in &renderables {
        set.add(&*renderable.file.templates(&renderable.path, functions).map_err(HelmError::Parse)?);
    }
    let mut options = Options::helm();
    options.limits = limits.clone();
    let mut render = Render::new(&set, functions, host, options);
    let mut rendered = BTreeMap::new();
    for renderable in renderables {
        if renderable.path.rsplit('/').next().is_some_and(|name| name.starts_with('_')) {
            continue;
        }
        let context = renderable.context;
        let template: Map = [
            (Text::from("Name"), Value::text(renderable.path.as_str())),
            (Text::from("BasePath"), Value::Text(renderable.base)),
        ]
        .into_iter()
        .collect();
        context.set("Template".into(), Value::Map(template.named(VALUES)));
        host.begin(&renderable.path);
        let out = render.execute(renderable.path.as_bytes(), Value::Map(context))?;
        rendered.insert(renderable.path, without_no_value(out));
    }
    Ok(rendered)
}

/// The templates of a chart and of those in it, each chart with its own part of the values; what its templates see.
fn collect<'c>(
    prepared: &'c Prepared,
    values: Option<Map>,
    above: Option<&Map>,
    parent: &str,
    shared: &Shared,
    into: &mut Vec<Renderable<'c>>,
) -> Map {
    let chart: &Arc<Chart> = &prepared.chart;
    let path = if parent.is_empty() { prepared.name.clone() } else { format!("{parent}/charts/{}", prepared.name) };
    let own = values.or_else(|| table_at(above?, &format!("Values.{}", prepared.name))).unwrap_or_default();
    let subcharts = Map::default();
    let context: Map = [
        ("Chart", objects::chart(chart, &prepared.name, above.is_none(), prepared.requirements())),
        ("Files", objects::FilesObject::of(chart)),
        ("Release", shared.release.clone()),
        ("Capabilities", shared.capabilities.clone()),
        ("Values", Value::Map(own.named(VALUES))),
        ("Subcharts", Value::Map(subcharts.clone())),
    ]
    .into_iter()
    .map(|(key, value)| (Text::from(key), value))
    .collect();
    for below in &prepared.dependencies {
        let seen = collect(below, None, Some(&context), &path, shared, into);
        subcharts.set(below.name.as_str().into(), Value::Map(seen));
    }
    let base = Text::from(format!("{path}/templates"));
    for file in &chart.templates {
        let partial = file.name.rsplit('/').next().is_some_and(|name| name.starts_with('_'));
        if partial || !chart.metadata.is_library() {
            into.push(Renderable {
                path: format!("{path}/{}", file.name),
                base: base.clone(),
                file,
                context: context.named(VALUES),
            });
        }
    }
    context
}
