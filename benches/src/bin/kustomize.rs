//! Kustomize builds beside the real kustomize, in one run: `cargo run --release -p gitops-benches --bin kustomize -- NAME`
//! writes `benches/runs/kustomize-NAME.json`. The peer is built where a Go toolchain is, and left out where none is; the
//! kustomizations of public repositories are read where the recorded results are. Linux only.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use gitops_benches::peer::{self, Run, peak};
use gitops_benches::{Failure, keep, machine, peak_memory};
use gitops_core::secret::Purpose;
use gitops_core::{Reveal, Value};
use gitops_git::FolderTree;
use gitops_render::{BuildOutcome, Inputs, Limits, LoadRestrictor};
use serde_json::json;

/// How often each set is built, all of them in turn, so that a slow minute of the machine falls on all.
const TURNS: usize = 5;
/// Deployments, and as many ConfigMaps, of the generated sets.
const SIZES: [usize; 4] = [4_000, 8_000, 16_000, 32_000];
/// Sizes that kustomize builds in a bearable time.
const PEER_SIZES: [usize; 3] = [250, 500, 1_000];

fn main() -> Result<(), Failure> {
    let name = env::args().nth(1).ok_or("which run is this? `kustomize NAME`, for example `kustomize 2026-11-23`")?;
    if name == "work" {
        return work();
    }
    let place = tempfile::tempdir()?;
    keep("kustomize", &name, &measured(place.path())?)
}

fn measured(place: &Path) -> Result<Value, Failure> {
    let peer = peer::build("kustomize", place)?;
    let ours = env::current_exe()?;
    let mut run = json!({ "machine": machine()?, "generated": {}, "generated_peer": {} });
    if let Some(cases) = real_cases()? {
        let (mut our_runs, mut peer_runs) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            our_runs.push(Run::of(&ours, &["work"], &cases)?);
            if let Some(peer) = &peer {
                peer_runs.push(Run::of(peer, &[], &cases)?);
            }
        }
        compare("real set", &our_runs, &peer_runs);
        run["real"]["ours"] = our_runs.iter().map(Run::json).collect();
        run["real"]["kustomize"] = peer_runs.iter().map(Run::json).collect();
    } else {
        println!("skipped: there are no recorded kustomizations");
    }
    let mut runs: BTreeMap<usize, Vec<Run>> = BTreeMap::new();
    for turn in 1..=TURNS {
        println!("turn {turn} of {TURNS}");
        for size in SIZES {
            let case = line(&generated(place, size)?, "");
            runs.entry(size).or_default().push(Run::of(&ours, &["work"], &[case])?);
        }
    }
    let mut before = None;
    for (size, runs) in runs {
        let fastest = fastest(&runs, 0);
        let times = before.map(|before| format!(", {:.2} times those of half", fastest / before)).unwrap_or_default();
        println!("{size} Deployments and ConfigMaps: {fastest:.0} ms{times}, {} kB", peak(&runs));
        before = Some(fastest);
        run["generated"][size.to_string()] = runs.iter().map(Run::json).collect();
    }
    for size in PEER_SIZES {
        let case = line(&generated(place, size)?, "");
        let our_runs = [Run::of(&ours, &["work"], std::slice::from_ref(&case))?];
        if let Some(peer) = &peer {
            let peer_runs = [Run::of(peer, &[], &[case])?];
            compare(&format!("{size} Deployments and ConfigMaps"), &our_runs, &peer_runs);
            run["generated_peer"][size.to_string()] = peer_runs.iter().map(Run::json).collect();
        }
        run["generated"][size.to_string()] = our_runs.iter().map(Run::json).collect();
    }
    Ok(run)
}

/// The lowest time of a build among the runs, in milliseconds.
fn fastest(runs: &[Run], build: usize) -> f64 {
    let times = runs.iter().filter_map(|run| run.times(build, run.done.len()).next());
    times.fold(f64::MAX, f64::min)
}

/// Prints the ratios over the builds that both finished, and what differs in size.
fn compare(what: &str, ours: &[Run], theirs: &[Run]) {
    let ([our_run, ..], [their_run, ..]) = (ours, theirs) else { return };
    let sizes = our_run.done.iter().zip(&their_run.done).map(|(ours, theirs)| (ours.size, theirs.size));
    let both: Vec<usize> =
        sizes.enumerate().filter(|(_, (ours, theirs))| ours == theirs && *ours >= 0).map(|(at, _)| at).collect();
    let sum = |runs: &[Run]| both.iter().map(|build| fastest(runs, *build)).sum::<f64>();
    println!(
        "{what}: {} of {} builds are of equal size; {:.1} ms, kustomize {:.1} ms: {:.1} times faster; peak {:.0} %",
        both.len(),
        our_run.done.len(),
        sum(ours),
        sum(theirs),
        sum(theirs) / sum(ours),
        100.0 * peak(ours) as f64 / peak(theirs) as f64
    );
}

/// The same work as the peer's: folders in, times and sizes out.
fn work() -> Result<(), Failure> {
    for line in std::io::stdin().lines() {
        let line = line?;
        let (folder, restrictor) = line.split_once('\t').unwrap_or((&line, ""));
        let start = Instant::now();
        let size = build(Path::new(folder), restrictor).map_or(-1, |text| i64::try_from(text.len()).unwrap_or(-1));
        println!("{}\t{size}", start.elapsed().as_nanos());
    }
    println!("{}", peak_memory()?);
    Ok(())
}

fn build(folder: &Path, restrictor: &str) -> Result<String, Failure> {
    let (tree, path) = FolderTree::around(folder)?;
    let mut inputs = Inputs::new("bench");
    if restrictor == "LoadRestrictionsNone" {
        inputs.load_restrictor = LoadRestrictor::Repository;
    }
    match gitops_render::build(Arc::new(tree), &path, &inputs, &Limits::default())? {
        BuildOutcome::Done(built) => {
            let reveal = Reveal::granted(Purpose::RenderedOutput);
            Ok(gitops_yaml::write_documents(built.resources.iter().map(|resource| resource.reveal(&reveal))))
        }
        BuildOutcome::Needs(needs) => Err(format!("needs {needs:?}").into()),
    }
}

/// A case as the processes read it.
fn line(folder: &Path, restrictor: &str) -> String {
    format!("{}\t{restrictor}", folder.display())
}

/// The kustomizations of public repositories with their load restrictors.
fn real_cases() -> Result<Option<Vec<String>>, Failure> {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/kustomize/real");
    if !real.is_dir() {
        return Ok(None);
    }
    let mut cases = BTreeSet::new();
    for entry in fs::read_dir(real)? {
        let folder = entry?.path();
        let Ok(text) = fs::read(folder.join("cases.json")) else { continue };
        let all: Value = serde_json::from_slice(&text)?;
        for case in all["cases"].as_array().into_iter().flatten() {
            let flags: Vec<_> = case["flags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let restrictor = if flags.join(" ").contains("LoadRestrictionsNone") { "LoadRestrictionsNone" } else { "" };
            let directory = folder.join("tree").join(case["dir"].as_str().unwrap_or_default());
            cases.insert(line(&directory, restrictor));
        }
    }
    Ok(Some(cases.into_iter().collect()))
}

/// A kustomization of as many Deployments as ConfigMaps, each Deployment naming one, 1,000 of both a file.
fn generated(place: &Path, count: usize) -> Result<PathBuf, Failure> {
    let folder = place.join(format!("generated-{count}"));
    fs::create_dir_all(&folder)?;
    let mut kustomization =
        "namePrefix: prod-\nnamespace: shop\nlabels:\n- pairs:\n    team: shop\n  includeSelectors: true\n\
                             images:\n- name: nginx\n  newTag: \"1.27\"\nresources:\n"
            .to_owned();
    for first in (0..count).step_by(1_000) {
        let mut text = String::new();
        for number in first..count.min(first + 1_000) {
            write!(text, "{}", pair(number))?;
        }
        writeln!(kustomization, "- {first}.yaml")?;
        fs::write(folder.join(format!("{first}.yaml")), text)?;
    }
    fs::write(folder.join("kustomization.yaml"), kustomization)?;
    Ok(folder)
}

fn pair(number: usize) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{number}\nspec:\n  replicas: 2\n  selector:\n    \
         matchLabels:\n      app: web-{number}\n  template:\n    metadata:\n      labels:\n        app: web-{number}\n    spec:\n      \
         containers:\n      - name: web\n        image: nginx\n        envFrom:\n        - configMapRef:\n            name: \
         settings-{number}\n        ports:\n        - containerPort: 80\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \
         settings-{number}\ndata:\n  colour: blue\n  number: \"{number}\"\n"
    )
}
