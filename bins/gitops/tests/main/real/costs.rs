//! What a sync costs, by the API server's own notes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CREATE_NAMESPACE, RealBench, bench};

const OBJECTS: usize = 1_000;

fn maps(value: &str) -> String {
    let one = |number: usize| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m{number:04}\ndata:\n  value: \"{value}\"\n")
    };
    (0..OBJECTS).map(one).collect::<Vec<_>>().join("---\n")
}

/// Calls that the program made to objects of its namespace since a place in the notes: writes, dry runs and single reads, by
/// object; and how many listings.
fn calls(bench: &RealBench, since: usize) -> (BTreeMap<String, [usize; 3]>, usize) {
    let mut objects: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut lists = 0;
    for call in bench.plane.audit().unwrap().iter().skip(since) {
        let text = |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if !text("/userAgent").starts_with("gitops/") || text("/objectRef/namespace") != bench.namespace {
            continue;
        }
        let column = match text("/verb") {
            "list" | "watch" => {
                lists += 1;
                continue;
            }
            "get" => 2,
            _ if text("/requestURI").contains("dryRun=All") => 1,
            _ => 0,
        };
        let name = format!("{}/{}", text("/objectRef/resource"), text("/objectRef/name"));
        objects.entry(name).or_default()[column] += 1;
    }
    (objects, lists)
}

#[test]
fn each_changed_object_is_written_once_and_the_others_not_at_all() {
    let first = maps("1");
    let Some(mut bench) = bench([("app/maps.yaml", first.as_str())]) else { return };
    let file = bench.application(CREATE_NAMESPACE);
    let noted = |bench: &RealBench| bench.plane.audit().unwrap().len();

    let before = noted(&bench);
    bench.run(["sync", &file]).exits(0);
    let (objects, _) = calls(&bench, before);
    assert!(objects.len() >= OBJECTS, "{}", objects.len());
    let most =
        |of: &BTreeMap<String, [usize; 3]>, column: usize| of.values().map(|counts| counts[column]).max().unwrap_or(0);
    assert!(most(&objects, 0) <= 1 && most(&objects, 1) <= 1, "{:?}", objects.iter().next());

    let before = noted(&bench);
    bench.run(["sync", &file]).exits(0).says("nothing to do");
    let (objects, lists) = calls(&bench, before);
    assert!(objects.keys().all(|name| !name.starts_with("configmaps/m")), "{objects:?}");
    assert!(lists <= 12, "{lists} listings");

    let changed = first.replacen("value: \"1\"", "value: \"2\"", 10);
    bench.commit([("app/maps.yaml", changed.as_str())]);
    let before = noted(&bench);
    bench.run(["sync", &file]).exits(0);
    let (objects, _) = calls(&bench, before);
    let maps: Vec<_> = objects.iter().filter(|(name, _)| name.starts_with("configmaps/m")).collect();
    assert_eq!(maps.len(), 10, "{maps:?}");
    assert!(maps.iter().all(|(_, counts)| **counts == [1, 0, 0]), "{maps:?}");
}
