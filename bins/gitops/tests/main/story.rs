//! `gitops demo`: the whole story in one run.

use std::fs;

use crate::workbench::Workbench;

#[test]
fn the_demo_runs_to_its_end() {
    let bench = Workbench::new();
    let run = bench.run(["demo", "manifests"]).exits(0);
    for words in
        ["replicas", "staging", "production", "Revert", "Degraded", "drifted: set by `kubectl-scale`", "the end"]
    {
        assert!(run.stdout.contains(words), "`{words}` is not in\n{}", run.stdout);
    }
    assert!(bench.path().join("manifests/.git").is_dir());
    // Told again from another repository, the story finds its Applications in the cluster and takes them over.
    let again = bench.run(["demo", "elsewhere"]).exits(0);
    assert!(again.stdout.contains("drifted: set by `kubectl-scale`") && again.stdout.contains("the end"), "{again:?}");
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let bench = Workbench::new();
    fs::create_dir(bench.path().join("mine")).unwrap();
    fs::write(bench.path().join("mine/notes.txt"), "mine").unwrap();
    bench.run(["demo", "mine"]).exits(2).says("mine");
    assert_eq!(fs::read_dir(bench.path().join("mine")).unwrap().count(), 1);
}
