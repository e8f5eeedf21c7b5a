//! How many of kustomize's cases come out byte for byte.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use gitops_core::tree::MemoryTree;
use gitops_render::LoadRestrictor;

use crate::support::{inputs, message, render_with, shared, source, text, tree_of};

/// Cases that pass, of the two kinds: never fewer.
const PASSING: (usize, usize) = (132, 417);

#[test]
fn kustomize_cases_come_out_byte_for_byte() {
    let Some(root) = shared("conformance/kustomize") else { return };
    let verbose = std::env::var("RENDER_CASES").ok();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |id: &str, verdict: Result<(), String>| {
        if let Err(reason) = &verdict {
            let short: String = reason.lines().next().unwrap_or_default().chars().take(160).collect();
            if verbose.as_deref().is_some_and(|filter| id.contains(filter)) {
                println!("{id}: {short}");
            }
            *reasons.entry(short).or_default() += 1;
        }
        usize::from(verdict.is_ok())
    };
    let mut passed = (0, 0);
    let mut total = (0, 0);
    for folder in folders(&root.join("krusty")) {
        let case = json(&folder.join("case.json"));
        total.0 += 1;
        let tree = tree_of(&folder.join("input"));
        let verdict = check(&tree, case["run"].as_str().unwrap(), &folder.join("expected.yaml"), &case["flags"]);
        passed.0 += count(case["id"].as_str().unwrap(), verdict);
    }
    for folder in folders(&root.join("real")) {
        let tree = tree_of(&folder.join("tree"));
        let cases = json(&folder.join("cases.json"));
        for case in cases["cases"].as_array().unwrap() {
            total.1 += 1;
            let expected = folder.join(case["expected"].as_str().unwrap());
            let verdict = check(&tree, case["dir"].as_str().unwrap(), &expected, &case["flags"]);
            passed.1 += count(case["id"].as_str().unwrap(), verdict);
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in reasons.iter().take(if verbose.is_some() { 60 } else { 0 }) {
        println!("{count:4} {reason}");
    }
    println!("kustomize/krusty passed {} of {}, kustomize/real passed {} of {}", passed.0, total.0, passed.1, total.1);
    assert!(passed.0 >= PASSING.0 && passed.1 >= PASSING.1, "fewer cases pass than did");
}

fn folders(root: &Path) -> Vec<std::path::PathBuf> {
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn check(tree: &MemoryTree, path: &str, expected: &Path, flags: &serde_json::Value) -> Result<(), String> {
    let mut source = source(path);
    source.kustomize = Some(Box::default());
    let mut inputs = inputs();
    let mut flags = flags.as_array().unwrap().iter();
    if flags.any(|flag| flag == "--load-restrictor") && flags.next().unwrap() == "LoadRestrictionsNone" {
        inputs.load_restrictor = LoadRestrictor::Repository;
    }
    let rendered = catch_unwind(AssertUnwindSafe(|| render_with(tree.clone(), &source, &inputs)));
    let rendered = rendered.map_err(|_| "panicked".to_owned())?;
    let expected = std::fs::read_to_string(expected).ok();
    match (rendered, expected) {
        (Ok(rendered), Some(expected)) => compare(&text(&rendered), &expected),
        (Ok(_), None) => Err("expected an error".into()),
        (Err(_), None) => Ok(()),
        (Err(error), Some(_)) => {
            Err(message(&error).split_once(": ").map_or_else(String::new, |(_, rest)| rest.into()))
        }
    }
}

/// Whether the bytes are equal, and if not, the first value that is not.
fn compare(found: &str, expected: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (values(found), values(expected));
    let mut pairs = found.iter().zip(&expected);
    match pairs.find(|(found, expected)| found != expected) {
        Some((found, expected)) => Err(differing(found, expected, String::new())),
        None if found.len() != expected.len() => {
            Err(format!("expected {} objects, found {}", expected.len(), found.len()))
        }
        None => Err("equal values in other bytes".into()),
    }
}

fn values(text: &str) -> Vec<serde_json::Value> {
    let options = gitops_yaml::Options::new(gitops_yaml::Resolver::Sigs);
    gitops_yaml::read_documents(text.as_bytes(), &options).unwrap().into_iter().map(|document| document.value).collect()
}

/// The first place that differs.
fn differing(found: &serde_json::Value, expected: &serde_json::Value, path: String) -> String {
    use serde_json::Value::{Array, Null, Object};
    match (found, expected) {
        (Object(found), Object(expected)) => {
            let keys: std::collections::BTreeSet<_> = found.keys().chain(expected.keys()).collect();
            let key = keys.into_iter().find(|key| found.get(*key) != expected.get(*key)).unwrap();
            differing(found.get(key).unwrap_or(&Null), expected.get(key).unwrap_or(&Null), format!("{path}.{key}"))
        }
        (Array(found), Array(expected)) if found.len() == expected.len() => {
            let at = found.iter().zip(expected).position(|(found, expected)| found != expected).unwrap();
            differing(&found[at], &expected[at], format!("{path}[{at}]"))
        }
        _ => format!("{path}: expected {expected}, found {found}"),
    }
}
