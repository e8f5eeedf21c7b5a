//! The house rules that a machine can check: small files, known edges between crates, pure crates that stay pure,
//! documents that list every crate.

#![expect(clippy::unwrap_used, reason = "a check that cannot read the tree fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const MAX_LINES: usize = 500;
const MAX_MEDIAN: usize = 250;

/// Which of our crates each may depend on. A new edge is a decision: write it into ARCHITECTURE.md too.
const EDGES: &[(&str, &[&str])] = &[
    ("gitops-yaml", &[]),
    ("gitops-core", &["gitops-yaml"]),
    ("gitops-merge", &["gitops-core"]),
    ("gitops-template", &["gitops-yaml"]),
    ("gitops-render", &["gitops-core", "gitops-yaml", "gitops-template", "gitops-merge"]),
    ("gitops-diff", &["gitops-core", "gitops-merge"]),
    ("gitops-apply", &["gitops-core", "gitops-diff"]),
    ("gitops-git", &["gitops-core"]),
    ("gitops-identity", &["gitops-core"]),
    ("gitops-fetch", &["gitops-core", "gitops-git", "gitops-identity"]),
    ("gitops-embedded", &["gitops-core", "gitops-merge"]),
    ("gitops-kube", &["gitops-core"]),
    ("gitops-lua", &["gitops-core", "gitops-apply"]),
    ("gitops-policy", &["gitops-core", "gitops-apply"]),
    ("gitops-signatures", &["gitops-core"]),
    (
        "gitops-controller",
        &[
            "gitops-yaml",
            "gitops-core",
            "gitops-git",
            "gitops-fetch",
            "gitops-identity",
            "gitops-template",
            "gitops-render",
            "gitops-merge",
            "gitops-diff",
            "gitops-apply",
            "gitops-policy",
            "gitops-signatures",
        ],
    ),
    ("gitops-fixtures", &["gitops-core", "gitops-git"]),
    (
        "gitops-testkit",
        &[
            "gitops-core",
            "gitops-yaml",
            "gitops-merge",
            "gitops-render",
            "gitops-diff",
            "gitops-apply",
            "gitops-embedded",
            "gitops-template",
            "gitops-controller",
            "gitops-policy",
        ],
    ),
];

/// Crates whose results are functions of their arguments.
const PURE: &[&str] = &[
    "gitops-yaml",
    "gitops-core",
    "gitops-merge",
    "gitops-template",
    "gitops-render",
    "gitops-diff",
    "gitops-apply",
    "gitops-policy",
    "gitops-signatures",
];

/// What a pure crate never depends on, directly or not: runtimes, networks, processes, storage, directories.
const IMPURE_DEPENDENCIES: &[&str] =
    &["tokio", "mio", "socket2", "reqwest", "hyper", "rustls", "gix", "kube", "rusqlite", "tempfile", "walkdir"];

/// The one exception: the Jsonnet parser names insta, a test library, among its own dependencies, and calls none of it.
/// (impure crate, the only crate that may bring it)
const BROUGHT_BY: &[(&str, &str)] = &[("tempfile", "insta"), ("walkdir", "insta")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn packages() -> Vec<Value> {
    let text = cargo(&["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let mut metadata: Value = serde_json::from_str(&text).unwrap();
    metadata["packages"].take().as_array().unwrap().clone()
}

fn rust_files() -> Vec<PathBuf> {
    fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                walk(&path, files);
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&root(), &mut files);
    files.sort();
    files
}

/// Lines without the tests at the end of the file.
fn lines_of_code(path: &Path) -> usize {
    let text = fs::read_to_string(path).unwrap();
    text.lines().take_while(|line| *line != "#[cfg(test)]").count()
}

fn is_test(path: &Path) -> bool {
    let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    path.split('/').any(|part| ["tests", "benches", "fuzz", "examples"].contains(&part)) || path.ends_with("/tests.rs")
}

#[test]
fn files_are_small() {
    let files: Vec<_> = rust_files().into_iter().filter(|path| !is_test(path)).collect();
    let mut sizes: Vec<_> = files.iter().map(|path| (lines_of_code(path), path)).collect();
    sizes.sort();
    let large: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > MAX_LINES).collect();
    assert!(large.is_empty(), "files over {MAX_LINES} lines: {large:#?}");
    let (median, _) = sizes[sizes.len() / 2];
    assert!(median <= MAX_MEDIAN, "the median file has {median} lines");
}

#[test]
fn edges_between_crates_are_the_written_ones() {
    let allowed: BTreeMap<_, _> = EDGES.iter().copied().collect();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        // The binaries and the benches are adapters over everything.
        let Some(edges) = allowed.get(name) else {
            assert!(
                package["manifest_path"].as_str().unwrap().contains("/bins/") || name == "gitops-benches",
                "{name}"
            );
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let target = dependency["name"].as_str().unwrap();
            if target.starts_with("gitops-") && dependency["kind"].is_null() {
                assert!(edges.contains(&target), "new edge: {name} -> {target}");
            }
        }
    }
}

#[test]
fn pure_crates_have_no_way_out() {
    for package in PURE {
        let tree = cargo(&["tree", "--offline", "-p", package, "-e", "normal", "--prefix", "none", "-f", "{p}"]);
        let names: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        for impure in IMPURE_DEPENDENCIES.iter().filter(|impure| names.contains(*impure)) {
            let brought_by = BROUGHT_BY.iter().find(|(name, _)| name == impure);
            let (_, only) = brought_by.unwrap_or_else(|| panic!("{package} depends on {impure}"));
            assert_eq!(dependents(package, impure), BTreeSet::from([(*only).to_owned()]), "{package} and {impure}");
        }
        if names.contains("insta") {
            assert!(
                dependents(package, "insta").iter().all(|name| name.starts_with("jrsonnet")),
                "{package} and insta"
            );
        }
    }
}

/// The crates that name `dependency` themselves, among what `package` depends on.
fn dependents(package: &str, dependency: &str) -> BTreeSet<String> {
    let tree = ["tree", "--offline", "-p", package, "-e", "normal", "-i", dependency, "--depth", "1"];
    let tree = cargo(&[&tree[..], &["--prefix", "none", "-f", "{p}"]].concat());
    tree.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn json_maps_stay_sorted_and_numbers_native() {
    let tree = cargo(&["tree", "--offline", "--workspace", "-e", "features", "-i", "serde_json", "--prefix", "none"]);
    for feature in ["preserve_order", "arbitrary_precision"] {
        assert!(!tree.contains(&format!("serde_json feature \"{feature}\"")), "serde_json has `{feature}` switched on");
    }
}

#[test]
fn one_test_binary_a_crate() {
    for package in packages() {
        let targets = package["targets"].as_array().unwrap();
        let tests: Vec<_> = targets.iter().filter(|target| target["kind"][0] == "test").collect();
        assert!(tests.len() <= 1, "{} has {} test binaries", package["name"], tests.len());
    }
}

#[test]
fn the_architecture_lists_every_crate() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        assert!(text.contains(&format!("`{name}`")), "ARCHITECTURE.md does not name `{name}`");
    }
}

#[test]
fn every_crate_says_what_it_must_not_know() {
    for package in packages() {
        let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
        let library = manifest.with_file_name("src").join("lib.rs");
        if library.is_file() && package["name"] != "gitops-benches" {
            let text = fs::read_to_string(&library).unwrap();
            assert!(text.contains("must not know"), "{} does not say what it must not know", library.display());
        }
    }
}

#[test]
fn versions_stand_in_the_root_only() {
    for package in packages() {
        let manifest = fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        for line in manifest.lines() {
            let pinned = line.contains("version = \"")
                || line.split_once(" = \"").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
            assert!(!pinned, "{}: `{line}` belongs into the root's [workspace.dependencies]", package["name"]);
        }
    }
}

#[test]
fn the_tree_speaks_of_the_project_alone() {
    let tracked = Command::new("git").args(["ls-files"]).current_dir(root()).output().unwrap();
    for file in String::from_utf8(tracked.stdout).unwrap().lines() {
        if file.ends_with(".lock") || file.ends_with("tidy.rs") {
            continue;
        }
        let Ok(text) = fs::read_to_string(root().join(file)) else { continue };
        for word in ["/work/", "/root/", "artifactory"] {
            assert!(!text.contains(word), "{file} names a machine: `{word}`");
        }
    }
}
