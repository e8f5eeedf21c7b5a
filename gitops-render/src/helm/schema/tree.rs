//! The errors of a validation as Helm's validator shows them: as a tree that follows the schema, each error with its
//! place in the values.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;

use super::words;

/// An error with the steps that lead to it, through the schema and through the values.
struct Found<'e, 'v> {
    error: &'e ValidationError<'v>,
    steps: Vec<String>,
    place: Vec<String>,
}

/// A line of the tree and what is below it.
struct Node {
    line: String,
    below: Vec<Node>,
    /// Whether it stands for one schema that has several errors. At the top only those are shown.
    group: bool,
}

impl Node {
    fn new(line: String, below: Vec<Self>) -> Self {
        Self { line, below, group: false }
    }
}

/// The errors as text, a line each.
pub(super) fn written(errors: Vec<ValidationError<'_>>) -> String {
    let mut out = Vec::new();
    let mut top = nodes(&found(&errors, 0), 0, 0);
    while let [Node { group: true, below, .. }] = top.as_mut_slice() {
        top = std::mem::take(below);
    }
    top.iter().for_each(|node| write(node, 0, &mut out));
    out.join("\n")
}

fn write(node: &Node, depth: usize, out: &mut Vec<String>) {
    out.push(format!("{}- {}", "  ".repeat(depth), node.line));
    node.below.iter().for_each(|below| write(below, depth + 1, out));
}

/// Errors with their steps from `from` on.
fn found<'e, 'v>(errors: &'e [ValidationError<'v>], from: usize) -> Vec<Found<'e, 'v>> {
    let split = |pointer: &str| pointer.split('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
    errors
        .iter()
        .map(|error| Found {
            error,
            steps: split(error.evaluation_path().as_str()).into_iter().skip(from).collect(),
            place: split(error.instance_path().as_str()),
        })
        .collect()
}

/// Keywords at which Helm's validator stops: what a value has beside is not looked at.
const DECIDING: &[&str] = &["type", "const", "enum", "format"];

/// The nodes of one schema: `depth` steps lead to it, and `inside` steps to the value that it is for.
fn nodes(errors: &[Found<'_, '_>], depth: usize, inside: usize) -> Vec<Node> {
    for keyword in DECIDING {
        let decides =
            |steps: &[String]| steps.len() == depth + 1 && steps.get(depth).is_some_and(|step| step == keyword);
        if let Some(decided) = errors.iter().find(|found| decides(&found.steps)) {
            return vec![leaf(&[decided])];
        }
    }
    let mut out = Vec::new();
    let mut groups: Vec<(Vec<&str>, Vec<&Found<'_, '_>>)> = Vec::new();
    for error in errors {
        let key = key(error, depth, inside);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(error),
            None => groups.push((key, vec![error])),
        }
    }
    groups.sort_by_key(|(key, _)| rank(key.first().copied().unwrap_or_default()));
    for (key, group) in groups {
        let keyword = key.first().copied().unwrap_or_default();
        let owned: Vec<Found<'_, '_>> = group.iter().map(|found| found.again()).collect();
        match keyword {
            _ if group.iter().any(|found| found.steps.len() <= depth + 1) => out.extend(leaves(&group)),
            "allOf" => {
                let below = branches(&owned, depth + 1, inside);
                out.push(Node::new(line(&owned, inside, "'allOf' failed"), below));
            }
            "$ref" | "$dynamicRef" | "$recursiveRef" => {
                let below = nodes(&owned, depth + 1, inside);
                match <[Node; 1]>::try_from(below) {
                    Ok([one]) => out.push(one),
                    Err(below) => out.push(Node::new(line(&owned, inside, "validation failed"), below)),
                }
            }
            "dependentRequired" => out.extend(leaves(&group)),
            "properties" | "patternProperties" | "prefixItems" => out.extend(one(&owned, depth + 2, inside + 1)),
            "dependentSchemas" | "dependencies" => out.extend(one(&owned, depth + 2, inside)),
            "then" | "else" | "if" => out.extend(one(&owned, depth + 1, inside)),
            _ => {
                let indexed = keyword == "items" && key.get(1).is_some_and(|step| step.parse::<usize>().is_ok());
                out.extend(one(&owned, depth + 1 + usize::from(indexed), inside + 1));
            }
        }
    }
    out
}

/// Where Helm's validator looks at a keyword, among those of one schema.
fn rank(keyword: &str) -> usize {
    const ORDER: &[&str] = &[
        "$ref",
        "minProperties",
        "maxProperties",
        "required",
        "dependencies",
        "properties",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "dependentSchemas",
        "dependentRequired",
        "minItems",
        "maxItems",
        "uniqueItems",
        "prefixItems",
        "items",
        "additionalItems",
        "contains",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "not",
        "allOf",
        "anyOf",
        "oneOf",
        "if",
        "then",
        "else",
    ];
    ORDER.iter().position(|known| *known == keyword).unwrap_or(ORDER.len())
}

impl Found<'_, '_> {
    fn again(&self) -> Self {
        Found { error: self.error, steps: self.steps.clone(), place: self.place.clone() }
    }
}

/// What errors have in common that belong to one schema below, or to one keyword.
fn key<'f>(found: &'f Found<'_, '_>, depth: usize, inside: usize) -> Vec<&'f str> {
    let step = |at: usize| found.steps.get(depth + at).map(String::as_str);
    let value = found.place.get(inside).map(String::as_str);
    match step(0) {
        Some(keyword @ ("allOf" | "$ref" | "$dynamicRef" | "$recursiveRef" | "then" | "else" | "if")) => vec![keyword],
        Some(keyword @ ("dependentSchemas" | "dependencies")) => {
            [Some(keyword), step(1)].into_iter().flatten().collect()
        }
        Some(keyword) if found.steps.len() > depth + 1 => {
            [Some(keyword), step(1).filter(|_| keyword != "additionalProperties"), value]
                .into_iter()
                .flatten()
                .collect()
        }
        keyword => keyword.into_iter().collect(),
    }
}

/// The branches of a keyword, by their numbers.
fn branches(errors: &[Found<'_, '_>], depth: usize, inside: usize) -> Vec<Node> {
    let mut numbers: Vec<&str> = errors.iter().filter_map(|found| found.steps.get(depth)).map(String::as_str).collect();
    numbers.dedup();
    let branch = |number: &str| {
        let of = errors.iter().filter(|found| found.steps.get(depth).is_some_and(|step| step == number));
        one(&of.map(Found::again).collect::<Vec<_>>(), depth + 1, inside)
    };
    numbers.into_iter().flat_map(branch).collect()
}

/// One schema below as one node.
fn one(errors: &[Found<'_, '_>], depth: usize, inside: usize) -> Option<Node> {
    let mut below = nodes(errors, depth, inside);
    if below.len() > 1 {
        return Some(Node { line: line(errors, inside, "validation failed"), below, group: true });
    }
    below.pop()
}

fn line(errors: &[Found<'_, '_>], inside: usize, words: &str) -> String {
    let place = errors.first().map(|found| found.place.iter().take(inside)).into_iter().flatten();
    format!("at {}: {words}", words::quoted(&place.map(|step| format!("/{step}")).collect::<String>()))
}

/// The errors of one keyword.
fn leaves(group: &[&Found<'_, '_>]) -> Vec<Node> {
    let unexpected = |kind: &Kind| match kind {
        Kind::UnevaluatedProperties { unexpected } | Kind::UnevaluatedItems { unexpected } => Some(unexpected.clone()),
        _ => None,
    };
    let mut out = Vec::new();
    let mut rest = Vec::new();
    for found in group {
        match unexpected(found.error.kind()) {
            Some(names) => out.extend(names.iter().map(|name| {
                Node::new(
                    format!("at {}: false schema", words::quoted(&format!("{}/{name}", found.error.instance_path()))),
                    Vec::new(),
                )
            })),
            None => rest.push(*found),
        }
    }
    if !rest.is_empty() && rest.iter().all(|found| matches!(found.error.kind(), Kind::Required { .. })) {
        out.push(leaf(&rest));
    } else {
        out.extend(rest.iter().map(|found| leaf(&[found])));
    }
    out
}

/// The errors of one keyword that are one line.
fn leaf(group: &[&Found<'_, '_>]) -> Node {
    let Some(first) = group.first() else { return Node::new(String::new(), Vec::new()) };
    let errors: Vec<&ValidationError<'_>> = group.iter().map(|found| found.error).collect();
    let place = words::quoted(first.error.instance_path().as_str());
    let inside = first.place.len();
    let below = match first.error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            let whole = first.error.evaluation_path().as_str().split('/').count();
            context.iter().filter_map(|branch| one(&found(branch, whole), 0, inside)).collect()
        }
        Kind::PropertyNames { error } => {
            vec![Node::new(format!("at '': {}", words::of(&[&**error], &first.steps)), Vec::new())]
        }
        _ => Vec::new(),
    };
    Node::new(format!("at {place}: {}", words::of(&errors, &first.steps)), below)
}
