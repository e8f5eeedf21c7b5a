//! Calls that go wrong, processes that are killed, servers that go away: afterwards a sync comes to its end, nothing is left
//! behind, and nothing of others is touched.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use gitops_fixtures::testbed::{self, Assets, ControlPlane, Fault, Proxy};

use super::{CREATE_NAMESPACE, RealBench, bench, deployment};

const HOOK: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations:\n    argocd.argoproj.io/hook: PreSync\nspec:\n  \
    template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: main\n        image: busybox\n";
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: NAME\ndata:\n  sky: blue\n";

fn files(count: usize, replicas: u32) -> Vec<(String, String)> {
    let mut files =
        vec![("app/hook.yaml".to_owned(), HOOK.to_owned()), ("app/web.yaml".to_owned(), deployment("web", replicas))];
    files.extend(
        (0..count).map(|number| (format!("app/c{number}.yaml"), CONFIG.replace("NAME", &format!("c{number}")))),
    );
    files
}

fn fresh(count: usize) -> Option<RealBench> {
    let files = files(count, 1);
    let bench = bench(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))?;
    bench.kubectl(&["create", "namespace", &bench.namespace]);
    bench.kubectl(&["create", "configmap", "foreign"]);
    Some(bench)
}

/// What is there is what Git says, and what was there before.
fn converged(bench: &RealBench, count: usize) {
    let names = bench.kubectl(&["get", "configmaps", "-o", "jsonpath={.items[*].metadata.name}"]);
    let names: BTreeSet<&str> = names.split_whitespace().collect();
    let wanted: Vec<String> =
        (0..count).map(|number| format!("c{number}")).chain(["foreign".into(), "kube-root-ca.crt".into()]).collect();
    assert_eq!(names, wanted.iter().map(String::as_str).collect::<BTreeSet<_>>());
    assert!(bench.get("deployment", "web").is_some());
    let foreign = bench.changes().into_iter().filter(|(verb, _, name)| verb == "delete" && name == "foreign").count();
    assert_eq!(foreign, 0);
}

fn through_a_proxy(
    bench: RealBench,
    decide: impl Fn(u64, &str) -> Fault + Send + Sync + 'static,
) -> (RealBench, Proxy) {
    let proxy = Proxy::start(bench.plane, decide).unwrap();
    let file = bench.bench.path().join("kubeconfig");
    proxy.write_kubeconfig(bench.plane, &file).unwrap();
    (bench.through(file), proxy)
}

#[test]
fn every_nth_call_goes_wrong() {
    let faults = [Fault::Refuse, Fault::Delay(Duration::from_millis(300)), Fault::Truncate, Fault::Reset];
    for (fault, every) in faults.into_iter().flat_map(|fault| [(fault, 3), (fault, 7)]) {
        let Some(bench) = fresh(6) else { return };
        let plain = bench.plane.kubeconfig();
        let (mut bench, proxy) =
            through_a_proxy(bench, move |call, _| if call % every == 0 { fault } else { Fault::None });
        let file = bench.application(CREATE_NAMESPACE);
        // A first attempt may fail where not even the second try of a read came through.
        for _ in 0..4 {
            if bench.run(["sync", &file]).code == 0 {
                break;
            }
        }
        assert!(proxy.faults() > 0, "nothing went wrong");
        bench = bench.through(plain);
        bench.run(["sync", &file]).exits(0);
        converged(&bench, 6);
        bench.commit([("app/c5.yaml", "")]);
        bench.run(["sync", &file]).exits(0);
        converged(&bench, 5);
    }
}

/// Between two calls at which a process is killed. `FAULT_STEP=1` has it killed at every call.
fn step() -> u64 {
    std::env::var("FAULT_STEP").ok().map_or(4, |text| text.parse().unwrap())
}

#[test]
fn a_process_that_is_killed_at_any_call_leaves_nothing_behind() {
    let step = step();
    for hang in [Fault::HangBefore, Fault::HangAfter] {
        let mut at = 1;
        loop {
            let Some(bench) = fresh(3) else { return };
            let plain = bench.plane.kubeconfig();
            let (bench, proxy) = through_a_proxy(bench, move |call, _| if call == at { hang } else { Fault::None });
            let file = bench.application(CREATE_NAMESPACE);
            let mut child =
                bench.command().args(["sync", &file]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let mut ended = false;
            while !ended && !proxy.wait_for_hanging(Duration::from_millis(50)) {
                ended = child.try_wait().unwrap().is_some();
            }
            if !ended {
                child.kill().unwrap();
            }
            child.wait().unwrap();
            // What it had sent is written when the next one begins, or the next one's plan is old.
            proxy.settle();
            let mut bench = bench.through(plain);
            bench.run(["sync", &file]).exits(0);
            converged(&bench, 3);
            let runs = bench.creations("jobs", "migrate");
            assert!((1..=2).contains(&runs), "the hook ran {runs} times");
            bench.run(["sync", &file]).exits(0).says("nothing to do");
            assert_eq!(bench.creations("jobs", "migrate"), runs, "a hook ran again whose success was recorded");
            bench.commit([("app/c2.yaml", "")]);
            bench.run(["sync", &file]).exits(0);
            converged(&bench, 2);
            if ended {
                assert!(at > 10, "the sync ended after {at} calls");
                break;
            }
            at += step;
        }
    }
}

#[test]
fn a_sync_survives_a_restart_of_the_api_server() {
    let Some(shared) = testbed::shared().filter(|plane| plane.assets().has_controllers()) else { return };
    // One of its own, which lives as long as the process: nobody else is to see it restart.
    let plane: &'static ControlPlane =
        Box::leak(Box::new(ControlPlane::start(Assets::clone(shared.assets())).unwrap()));
    let files = files(60, 1);
    let bench = RealBench::new(plane, files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    bench.install();
    bench.kubectl(&["create", "namespace", &bench.namespace]);
    bench.kubectl(&["create", "configmap", "foreign"]);
    let plain = plane.kubeconfig();
    // The calls come late, so that the restart is in the middle of them.
    let (bench, proxy) = through_a_proxy(bench, |_, _| Fault::Delay(Duration::from_millis(40)));
    let file = bench.application(CREATE_NAMESPACE);
    let mut child = bench.command().args(["sync", &file]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while proxy.calls() < 40 {
        assert!(child.try_wait().unwrap().is_none(), "the sync ended before the restart");
        std::thread::sleep(Duration::from_millis(2));
    }
    plane.stop_api_server().unwrap();
    plane.start_api_server().unwrap();
    assert!(child.wait().unwrap().success(), "the sync that saw the restart failed");
    let bench = bench.through(plain);
    converged(&bench, 60);
    bench.run(["sync", &file]).exits(0).says("nothing to do");
}
