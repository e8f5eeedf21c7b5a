//! Charts beside the real Helm, in one run: `cargo run --release -p gitops-benches --bin helm -- NAME` writes
//! `benches/runs/helm-NAME.json`. The peer is built where a Go toolchain is, and left out where none is; the charts are read
//! where the recorded results are. Linux only.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use gitops_benches::{Failure, machine, peak_memory};
use gitops_controller::keys::KeptKeys;
use gitops_core::TreePath;
use gitops_git::FolderTree;
use gitops_render::Limits;
use gitops_render::helm::{ChartCache, KubeVersion, OutputOptions, Release, ValueSources, render, write};
use gitops_template::{Fixed, Functions};
use serde_json::{Value, json};

/// How often each chart is rendered by one process; the first round has everything to read.
const ROUNDS: usize = 3;
/// How often the processes take turns, so that a slow minute of the machine falls on all of them.
const TURNS: usize = 3;
/// The chart of which a median is told.
const POPULAR: &str = "ingress-nginx";

fn main() -> Result<(), Failure> {
    let name = env::args().nth(1).ok_or("which run is this? `helm NAME`, for example `helm 2026-11-23`")?;
    match (&*name, env::args().nth(2), env::args().nth(3)) {
        ("work", Some(threads), None) => return work(threads.parse()?, ChartCache::default()),
        ("work", Some(threads), Some(bytes)) => return work(threads.parse()?, ChartCache::new(bytes.parse()?)),
        _ => {}
    }
    let place = env::temp_dir().join(format!("gitops-bench-{}", std::process::id()));
    let result = measured(&place);
    fs::remove_dir_all(&place)?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("runs").join(format!("helm-{name}.json"));
    fs::write(&file, format!("{:#}\n", result?))?;
    println!("{}", file.display());
    Ok(())
}

/// A chart's folder, and a file of values or nothing.
type Case = (PathBuf, PathBuf);

fn measured(place: &Path) -> Result<Value, Failure> {
    let cases = cases()?;
    let names: Vec<String> = cases.iter().map(|(folder, file)| named(folder, file)).collect();
    let ours = env::current_exe()?;
    let mut run = json!({ "machine": machine()?, "cases": names, "rounds": ROUNDS });
    let all: Vec<Case> = std::iter::repeat_n(&cases, ROUNDS).flatten().cloned().collect();
    let peer = peer(place)?;
    let (mut keeping, mut reading, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut alone, mut beside) = (f64::MAX, f64::MAX);
    for turn in 1..=TURNS {
        println!("turn {turn} of {TURNS}");
        keeping.push(rendered(&ours, &["work", "1"], &all)?);
        let start = Instant::now();
        reading.push(rendered(&ours, &["work", "1", "0"], &all)?);
        alone = alone.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        rendered(&ours, &["work", "2", "0"], &all)?;
        beside = beside.min(start.elapsed().as_secs_f64());
        if let Some(peer) = &peer {
            theirs.push(rendered(peer, &[], &all)?);
        }
    }
    run["two_threads_speedup"] = json!(alone / beside);
    println!("two threads: {:.2} times as fast as one", alone / beside);
    for (what, runs) in [("charts kept, as usual", &keeping), ("each chart read anew", &reading)] {
        println!("{what}:");
        compare(runs, &theirs, &names);
    }
    for (what, runs) in [("ours", &keeping), ("ours_each_read_anew", &reading), ("helm", &theirs)] {
        run[what] = runs.iter().map(Run::json).collect();
    }
    Ok(run)
}

/// What a process said of its renders: nanoseconds and bytes, one by one, and its peak of memory.
struct Run {
    renders: Vec<(u64, i64)>,
    peak: u64,
}

impl Run {
    fn json(&self) -> Value {
        let (times, sizes): (Vec<_>, Vec<_>) = self.renders.iter().copied().unzip();
        json!({ "ns": times, "bytes": sizes, "peak_kb": self.peak })
    }

    /// The times of one case in milliseconds, round by round.
    fn times(&self, case: usize, cases: usize) -> impl Iterator<Item = f64> {
        self.renders.iter().skip(case).step_by(cases).map(|(time, _)| *time as f64 / 1e6)
    }
}

/// The lowest first time of a case among the runs, and the median of all its later ones.
fn times(runs: &[Run], case: usize, cases: usize) -> (f64, f64) {
    let first = runs.iter().filter_map(|run| run.times(case, cases).next()).fold(f64::MAX, f64::min);
    let mut again: Vec<f64> = runs.iter().flat_map(|run| run.times(case, cases).skip(1)).collect();
    again.sort_by(f64::total_cmp);
    (first, again.get(again.len() / 2).copied().unwrap_or_default())
}

/// Prints the ratios over the charts that both render to equal sizes.
fn compare(ours: &[Run], theirs: &[Run], names: &[String]) {
    let count = names.len();
    let size = |runs: &[Run], case: usize| runs.first().and_then(|run| run.renders.get(case)).map(|(_, size)| *size);
    let peak = |runs: &[Run]| runs.iter().map(|run| run.peak).max().unwrap_or_default();
    if theirs.is_empty() {
        println!("peak: {} kB", peak(ours));
        return;
    }
    let agreed = (0..count).filter(|case| size(ours, *case) == size(theirs, *case));
    let (failing, equal): (Vec<usize>, Vec<usize>) = agreed.partition(|case| size(ours, *case) == Some(-1));
    println!("{} of {count} charts are of equal size, {} fail in both", equal.len(), failing.len());
    let sum = |runs: &[Run]| {
        let all = equal.iter().map(|case| times(runs, *case, count));
        all.fold((0.0, 0.0), |(first, again), case| (first + case.0, again + case.1))
    };
    let (ours_sum, theirs_sum) = (sum(ours), sum(theirs));
    for (what, ours, theirs) in [("at first", ours_sum.0, theirs_sum.0), ("again", ours_sum.1, theirs_sum.1)] {
        println!("{what}: {ours:.1} ms, helm {theirs:.1} ms: {:.1} times faster", theirs / ours);
    }
    let (mine, its) = (peak(ours), peak(theirs));
    println!("peak: {mine} kB, helm {its} kB: {:.0} %", 100.0 * mine as f64 / its as f64);
    if let Some(case) = names.iter().position(|name| name.starts_with(&format!("{POPULAR} "))) {
        let ((first, again), (_, its)) = (times(ours, case, count), times(theirs, case, count));
        println!("{POPULAR}: {first:.2} ms at first, {again:.2} ms at the median; helm {its:.2} ms");
    }
}

/// Runs a program that renders what it is told, case by case.
fn rendered(program: &Path, arguments: &[&str], cases: &[Case]) -> Result<Run, Failure> {
    let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().ok_or("no input")?;
    let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let mut text = String::new();
    for (folder, file) in cases {
        writeln!(text, "{}\t{}", folder.display(), file.display())?;
    }
    let feeder = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let (mut renders, mut peak) = (Vec::new(), 0);
    for line in lines {
        let line = line?;
        match line.split_once('\t') {
            Some((time, size)) => renders.push((time.parse()?, size.parse()?)),
            None => peak = line.trim().parse()?,
        }
    }
    feeder.join().map_err(|_| "the cases could not be handed over")??;
    if !child.wait()?.success() || renders.len() != cases.len() {
        return Err(format!("{} ended after {} renders", program.display(), renders.len()).into());
    }
    Ok(Run { renders, peak })
}

/// The same work as the peer's, on so many threads: folders in, times and sizes out.
fn work(threads: usize, cache: ChartCache) -> Result<(), Failure> {
    let lines: Vec<String> = std::io::stdin().lines().collect::<Result<_, _>>()?;
    let functions = Functions::helm();
    let keys = Arc::new(KeptKeys::default());
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (lines, functions, cache, keys, sender) = (&lines, &functions, &cache, &keys, sender.clone());
            scope.spawn(move || {
                for (number, line) in lines.iter().enumerate().skip(thread).step_by(threads) {
                    let (folder, file) = line.split_once('\t').unwrap_or((line, ""));
                    let start = Instant::now();
                    let size = size(folder, file, functions, cache, keys).unwrap_or(-1);
                    let _ = sender.send((number, start.elapsed().as_nanos(), size));
                }
            });
        }
    });
    drop(sender);
    let mut all: Vec<_> = receiver.into_iter().collect();
    all.sort_unstable();
    for (_, time, size) in all {
        println!("{time}\t{size}");
    }
    println!("{}", peak_memory()?);
    Ok(())
}

fn size(
    folder: &str,
    file: &str,
    functions: &Functions,
    cache: &ChartCache,
    keys: &Arc<KeptKeys>,
) -> Result<i64, Failure> {
    let chart = cache.read(&FolderTree::open(Path::new(folder))?, &TreePath::root(), &Limits::default())?;
    let mut sources = ValueSources::default();
    if !file.is_empty() {
        sources.files.push((file.to_owned(), fs::read(file)?));
    }
    let values = sources.merge(&mut |_| Err("no file is set".to_owned()))?;
    let release = Release::new("rel", "ns", KubeVersion::parse("1.34.0")?);
    let host = Fixed::new(1_700_000_000, 1).with_keys(Arc::new(keys.of("", None)));
    let rendered = render(&chart, &values, &release, functions, &host)?;
    let mut options = OutputOptions::default();
    options.include_crds = true;
    Ok(i64::try_from(write(&rendered, &options)?.len())?)
}

/// Builds the peer, where there is a Go toolchain.
fn peer(place: &Path) -> Result<Option<PathBuf>, Failure> {
    fs::create_dir_all(place)?;
    if Command::new("go").arg("version").output().is_err() {
        println!("skipped: no Go toolchain, so no Helm beside this one");
        return Ok(None);
    }
    let program = place.join("helm");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/helm");
    let built = Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(source).status()?;
    if built.success() { Ok(Some(program)) } else { Err("the peer could not be built".into()) }
}

/// The charts of public repositories, each with at most one file of values and no other flag that changes anything.
fn cases() -> Result<Vec<Case>, Failure> {
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/helm/charts").canonicalize()?;
    let mut cases = Vec::new();
    let mut folders: Vec<PathBuf> =
        fs::read_dir(charts)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    folders.sort();
    for folder in folders {
        let Ok(text) = fs::read(folder.join("cases.json")) else { continue };
        let all: Value = serde_json::from_slice(&text)?;
        for case in all["cases"].as_array().into_iter().flatten() {
            let texts = |field: &str| {
                let texts = case[field].as_array().into_iter().flatten().filter_map(Value::as_str);
                texts.map(str::to_owned).collect::<Vec<_>>()
            };
            let usual = ["--kube-version", "1.34.0", "--include-crds"];
            let values = texts("values");
            if values.len() <= 1 && texts("flags").iter().all(|flag| usual.contains(&flag.as_str())) {
                let file = values.first().map(|file| folder.join(file)).unwrap_or_default();
                cases.push((folder.join("tree"), file));
            }
        }
    }
    Ok(cases)
}

fn named(folder: &Path, file: &Path) -> String {
    let chart = folder.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let values = file.file_stem().unwrap_or_default().to_string_lossy();
    format!("{chart} {}", if values.is_empty() { "default" } else { &values })
}
