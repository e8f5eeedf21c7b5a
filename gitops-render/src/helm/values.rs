//! Merging values as Helm 3.22 does: what is nearer to the user wins, tables are merged, nulls take away.
//!
//! Helm merges in place, and copies only the outside of tables of `global`: what a chart puts into an inner table of its
//! globals is seen by the chart that it is in, and by those that come after it. The maps here are shared in the same
//! way, so that the same is seen.

use gitops_template::{List, Map, Value};

use super::HelmError;
use super::dependencies::Prepared;
use super::describe;

/// Where values of every chart are found that several charts share.
const GLOBAL: &str = "global";

/// Whether nulls are kept, for a later merge, or carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    Keep,
    TakeAway,
}

/// What a merge has to say to a person.
pub(super) type Warnings = Vec<String>;

/// A copy that shares nothing with what it is of.
pub(super) fn copy(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(copy_map(map)),
        Value::List(list) => Value::List(List::of(list.element(), list.iter().map(copy).collect())),
        other => other.clone(),
    }
}

/// See [`copy`].
pub(super) fn copy_map(map: &Map) -> Map {
    map.entries().into_iter().map(|(key, value)| (key, copy(&value))).collect()
}

/// The values of a chart and of the charts in it: what the user gives over what they come with.
pub(super) fn coalesce(chart: &Prepared, given: &Map, nulls: Nulls, warnings: &mut Warnings) -> Result<Map, HelmError> {
    let values = copy_map(given);
    chart_and_below(chart, &values, "", nulls, warnings)?;
    Ok(values)
}

fn chart_and_below(
    chart: &Prepared,
    into: &Map,
    prefix: &str,
    nulls: Nulls,
    warnings: &mut Warnings,
) -> Result<(), HelmError> {
    defaults(chart, into, prefix, nulls, warnings);
    for below in &chart.dependencies {
        let name = below.name.as_bytes();
        let table = match into.get(name) {
            None => {
                let table = Map::default();
                into.set(below.name.as_str().into(), Value::Map(table.clone()));
                table
            }
            Some(Value::Map(table)) => table,
            Some(other) => {
                let shown = describe::of_wrong_type(&other);
                return Err(HelmError::Values(format!("type mismatch on {}: {shown}", below.name)));
            }
        };
        let prefix = joined(prefix, &chart.chart.metadata.name);
        globals(&table, into, &prefix, warnings);
        chart_and_below(below, &table, &prefix, nulls, warnings)?;
    }
    Ok(())
}

/// The default values of one chart below those that are there.
fn defaults(chart: &Prepared, into: &Map, prefix: &str, nulls: Nulls, warnings: &mut Warnings) {
    let prefix = joined(prefix, &chart.name);
    for (key, default) in chart.values().entries() {
        match into.get(&key) {
            None => into.set(key, default),
            Some(Value::Nil) if nulls == Nulls::TakeAway => {
                into.remove(&key);
            }
            Some(Value::Map(table)) => match &default {
                Value::Map(defaults) => {
                    let of_chart = chart.dependencies.iter().any(|below| below.name.as_bytes() == &*key);
                    let nulls = if of_chart { Nulls::Keep } else { nulls };
                    tables(&table, defaults, &joined(&prefix, &key.to_str()), nulls, warnings);
                }
                Value::Nil => {}
                _ => warnings.push(format!("warning: skipped value for {prefix}.{key}: Not a table.")),
            },
            Some(_) => {}
        }
    }
}

fn globals(into: &Map, from: &Map, prefix: &str, warnings: &mut Warnings) {
    let table = |of: &Map, which: &str, warnings: &mut Warnings| match of.get(GLOBAL.as_bytes()) {
        None => Some(Map::default()),
        Some(Value::Map(table)) => Some(table),
        Some(_) => {
            warnings.push(format!("warning: skipping globals because {which} {GLOBAL} is not a table."));
            None
        }
    };
    let Some(own) = table(into, "destination", warnings) else { return };
    let Some(above) = table(from, "source", warnings) else { return };
    for (key, value) in above.entries() {
        match (value, own.get(&key)) {
            (Value::Map(value), None) => own.set(key, Value::Map(value.entries().into_iter().collect())),
            (Value::Map(value), Some(Value::Map(known))) => {
                let outside: Map = value.entries().into_iter().collect();
                tables(&outside, &known, &joined(prefix, &key.to_str()), Nulls::Keep, warnings);
                own.set(key, Value::Map(outside));
            }
            (Value::Map(_), Some(_)) => {
                warnings.push(format!("Conflict: cannot merge map onto non-map for {:?}. Skipping.", key.to_str()));
            }
            (_, Some(Value::Map(_))) => warnings.push(format!("key {key} is table. Skipping")),
            (value, _) => own.set(key, value),
        }
    }
    into.set(GLOBAL.into(), Value::Map(own));
}

/// Puts what one table has and another lacks into the other. Values of the first may be shared from then on.
pub(super) fn tables(into: &Map, from: &Map, prefix: &str, nulls: Nulls, warnings: &mut Warnings) {
    let entries = from.entries();
    // Helm puts the nulls of one table into the other first, which those see that share it.
    for (key, value) in into.entries() {
        if value.is_nil() {
            from.set(key, Value::Nil);
        }
    }
    for (key, value) in entries {
        let Some(known) = into.get(&key) else {
            into.set(key, value);
            continue;
        };
        match (known, value) {
            (Value::Nil, Value::Nil) => {}
            (Value::Nil, _) if nulls == Nulls::Keep => {}
            (Value::Nil, _) => drop(into.remove(&key)),
            (Value::Map(known), Value::Map(value)) => {
                tables(&known, &value, &joined(prefix, &key.to_str()), nulls, warnings);
            }
            (Value::Map(_), Value::Nil) => {}
            (Value::Map(_), value) => {
                let (place, shown) = (joined(prefix, &key.to_str()), describe::plain(&value));
                warnings
                    .push(format!("warning: destination for {place} is a table. Ignoring non-table value ({shown})"));
            }
            (_, Value::Map(value)) => {
                let (place, shown) = (joined(prefix, &key.to_str()), describe::plain(&Value::Map(value)));
                warnings.push(format!("warning: cannot overwrite table with non table for {place} ({shown})"));
            }
            _ => {}
        }
    }
}

fn joined(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

/// The table at a path of names with dots.
pub(super) fn table_at(values: &Map, path: &str) -> Option<Map> {
    path.split('.').try_fold(values.clone(), |table, name| table.get(name.as_bytes())?.as_map().cloned())
}

/// The value at a path of names with dots that is no table.
pub(super) fn value_at(values: &Map, path: &str) -> Option<Value> {
    let (table, name) = match path.rsplit_once('.') {
        Some((above, name)) => (table_at(values, above)?, name),
        None => (values.clone(), path),
    };
    table.get(name.as_bytes()).filter(|value| value.as_map().is_none())
}
