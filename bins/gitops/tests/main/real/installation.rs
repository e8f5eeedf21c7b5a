//! The chart of the operator on a real control plane, with the rights that it gives and no more.

use std::path::Path;
use std::time::{Duration, Instant};

use super::bench;

const NONE: [(&str, &str); 0] = [];

#[test]
fn the_chart_gives_its_rights_and_no_more() {
    let Some(bench) = bench(NONE) else { return };
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../install").display().to_string();
    let namespace = &bench.namespace;
    let rendered =
        bench.run(["template", "gitops", &chart, "--include-crds", "--namespace", namespace]).exits(0).stdout;
    bench.plane.kubectl(&["create", "namespace", namespace]).unwrap();
    let apply = ["apply", "--server-side", "--force-conflicts", "--namespace", namespace, "-f", "-"];
    bench.plane.kubectl_with_input(&apply, &rendered).unwrap();
    let account = format!("--as=system:serviceaccount:{namespace}:gitops-controller");
    let may =
        |arguments: &[&str]| bench.plane.kubectl(&[&["auth", "can-i", account.as_str()], arguments].concat()).is_ok();
    // Rights that are put together of others are there a moment later.
    let begun = Instant::now();
    while !may(&["create", "deployments", "--namespace", "default"]) {
        assert!(begun.elapsed() < Duration::from_secs(30), "the rights do not come");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(may(&["update", "leases", "--namespace", namespace]) && may(&["list", "applications"]));
    assert!(!may(&["create", "clusterroles"]) && !may(&["update", "leases", "--namespace", "default"]));
    let image = ["get", "--namespace", namespace, "deployment/gitops-controller", "-o"];
    let image = bench.plane.kubectl(&[&image[..], &["jsonpath={..image}"]].concat()).unwrap();
    assert_eq!(image, "gitops-controller");
    // The cluster's own are taken away; the namespace's stay with it.
    for kind in ["clusterrolebinding", "clusterrole"] {
        bench.plane.kubectl(&["delete", kind, "--selector", "app.kubernetes.io/part-of=gitops"]).unwrap();
    }
}
