//! The merge generator.

use std::collections::{BTreeMap, BTreeSet};

use gitops_core::Value as Json;
use serde_json::json;

use super::error::GenerateError;
use super::generator::{Generation, Level};
use super::parameters::{self, Parameters};

/// The first generator's sets of parameters, with those of the others laid over where the merge keys are equal.
pub(super) fn generate(
    merge: &Json,
    generation: &Generation<'_>,
    level: Level,
) -> Result<Vec<Parameters>, GenerateError> {
    let list = |field: &str| merge.get(field).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let generators = list("generators");
    if generators.len() < 2 {
        let found = generators.len();
        return Err(GenerateError::Field(format!("the merge generator takes two or more generators, and has {found}")));
    }
    let keys: BTreeSet<&str> = list("mergeKeys").iter().filter_map(Json::as_str).collect();
    let mut all = Vec::new();
    for (index, generator) in generators.iter().enumerate() {
        let failed = |source| GenerateError::Child { parent: "merge", number: index + 1, source: Box::new(source) };
        all.push(generation.child(generator, None, level).map_err(failed)?);
    }
    if keys.is_empty() {
        return Err(GenerateError::Field("mergeKeys: the merge generator needs at least one".into()));
    }
    let mut others = all.into_iter();
    let base = others.next().unwrap_or_default();
    let places = by_key(&keys, &base)?;
    for sets in others {
        for (key, index) in by_key(&keys, &sets)? {
            let under = places.get(&key).and_then(|place| base.get(*place));
            let Some((under, over)) = under.zip(sets.get(index)) else { continue };
            if generation.renderer.is_go() {
                parameters::lay_over(under, over);
            } else {
                over.entries().into_iter().for_each(|(key, value)| under.set(key, value));
            }
        }
    }
    Ok(base)
}

/// Where each set is, by what it has under the keys.
fn by_key(keys: &BTreeSet<&str>, sets: &[Parameters]) -> Result<BTreeMap<String, usize>, GenerateError> {
    let mut places = BTreeMap::new();
    for (index, set) in sets.iter().enumerate() {
        let value = |key: &str| set.get(key.as_bytes()).and_then(|value| gitops_template::to_json(&value).ok());
        let key = json!(keys.iter().map(|key| (*key, value(key))).collect::<BTreeMap<_, _>>()).to_string();
        if places.insert(key.clone(), index).is_some() {
            let message = format!("two sets of parameters of one generator have the same merge keys: {key}");
            return Err(GenerateError::Field(message));
        }
    }
    Ok(places)
}
