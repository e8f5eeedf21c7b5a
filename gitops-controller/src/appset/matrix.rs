//! The matrix generator.

use gitops_core::Value as Json;
use gitops_template::Map;

use super::error::GenerateError;
use super::generator::{Generation, Level};
use super::parameters::{self, Parameters};

/// Every set of the first generator's parameters with every set of the second's, which may use the first's. Of what both
/// have the first's counts; without Go's templates both must say the same.
pub(super) fn generate(
    matrix: &Json,
    generation: &Generation<'_>,
    level: Level,
) -> Result<Vec<Parameters>, GenerateError> {
    let generators = matrix.get("generators").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let [first, second] = generators else {
        let found = generators.len();
        return Err(GenerateError::Field(format!("the matrix generator takes two generators, and has {found}")));
    };
    let failed = |number| move |source| GenerateError::Child { parent: "matrix", number, source: Box::new(source) };
    let of_second = |given: &Parameters| generation.child(second, Some(given), level).map_err(failed(2));
    // One without templates gives the same for all.
    let is_fixed = !serde_json::to_string(second).is_ok_and(|text| text.contains("{{"));
    let mut fixed: Option<Vec<Parameters>> = None;
    let mut sets = Vec::new();
    for one in generation.child(first, None, level).map_err(failed(1))? {
        let others = match &fixed {
            Some(others) => others.clone(),
            None => of_second(&one)?,
        };
        if is_fixed && fixed.is_none() {
            fixed = Some(others.clone());
        }
        for other in others {
            generation.admit(sets.len() + 1)?;
            sets.push(combine(&one, &other, generation.renderer.is_go())?);
        }
    }
    Ok(sets)
}

fn combine(one: &Parameters, other: &Parameters, go: bool) -> Result<Parameters, GenerateError> {
    if go {
        let joined = Map::default();
        parameters::lay_over(&joined, other);
        parameters::lay_over(&joined, one);
        return Ok(joined);
    }
    parameters::join_texts(one, other).map_err(|(key, one, other)| {
        let message = format!("both generators of the matrix give `{key}`, the first `{one}` and the second `{other}`");
        GenerateError::Field(message)
    })
}
