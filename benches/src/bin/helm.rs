//! Charts beside the real Helm, in one run: `cargo run --release -p gitops-benches --bin helm -- NAME` writes
//! `benches/runs/helm-NAME.json`. The peer is built where a Go toolchain is, and left out where none is; the charts are read
//! where the recorded results are. Linux only.

use std::cell::Cell;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use gitops_benches::peer::{self, Run, median, peak};
use gitops_benches::{Failure, keep, machine, peak_memory};
use gitops_controller::keys::KeptKeys;
use gitops_core::TreePath;
use gitops_git::FolderTree;
use gitops_render::Limits;
use gitops_render::helm::{ChartCache, KubeVersion, OutputOptions, Release, ValueSources, render, write};
use gitops_template::{Fixed, Functions, Host, KeyMaker};
use mimalloc::MiMalloc;
use serde_json::{Value, json};

/// The allocator of `gitops`, whose work this is.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How often each chart is rendered by one process; the first round has everything to read.
const ROUNDS: usize = 3;
/// How often the processes take turns, so that a slow minute of the machine falls on all of them.
const TURNS: usize = 3;
/// The chart of which a median is told, and how often a process renders it for that.
const POPULAR: &str = "ingress-nginx ";
const POPULAR_ROUNDS: usize = 100;

fn main() -> Result<(), Failure> {
    let name = env::args().nth(1).ok_or("which run is this? `helm NAME`, for example `helm 2026-11-23`")?;
    match (&*name, env::args().nth(2), env::args().nth(3)) {
        ("work", Some(threads), None) => return work(threads.parse()?, ChartCache::default()),
        ("work", Some(threads), Some(bytes)) => return work(threads.parse()?, ChartCache::new(bytes.parse()?)),
        _ => {}
    }
    let place = tempfile::tempdir()?;
    keep("helm", &name, &measured(place.path())?)
}

fn measured(place: &Path) -> Result<Value, Failure> {
    let cases = cases()?;
    let names: Vec<String> = cases.iter().map(|case| named(case)).collect();
    let ours = env::current_exe()?;
    let mut run = json!({ "machine": machine()?, "cases": names, "rounds": ROUNDS });
    let rounds = |cases: &[String], count| std::iter::repeat_n(cases, count).flatten().cloned().collect::<Vec<_>>();
    let all = rounds(&cases, ROUNDS);
    let popular = cases.iter().find(|case| named(case).starts_with(POPULAR));
    let one = rounds(popular.map(std::slice::from_ref).unwrap_or_default(), POPULAR_ROUNDS);
    let peer = peer::build("helm", place)?;
    let (mut keeping, mut reading, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut popular, mut their_popular) = (Vec::new(), Vec::new());
    let (mut alone, mut beside) = (f64::MAX, f64::MAX);
    for turn in 1..=TURNS {
        println!("turn {turn} of {TURNS}");
        keeping.push(Run::of(&ours, &["work", "1"], &all)?);
        popular.push(Run::of(&ours, &["work", "1"], &one)?);
        let start = Instant::now();
        reading.push(Run::of(&ours, &["work", "1", "0"], &all)?);
        alone = alone.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        Run::of(&ours, &["work", "2", "0"], &all)?;
        beside = beside.min(start.elapsed().as_secs_f64());
        if let Some(peer) = &peer {
            theirs.push(Run::of(peer, &[], &all)?);
            their_popular.push(Run::of(peer, &[], &one)?);
        }
    }
    run["two_threads_speedup"] = json!(alone / beside);
    println!("two threads: {:.2} times as fast as one", alone / beside);
    for (what, runs) in [("charts kept, as usual", &keeping), ("each chart read anew", &reading)] {
        println!("{what}:");
        compare(runs, &theirs, names.len());
    }
    for (who, runs) in [("gitops", &popular), ("helm", &their_popular)].into_iter().filter(|(_, runs)| !runs.is_empty())
    {
        println!(
            "{POPULAR}by {who}: {:.2} ms at first, {:.2} ms at the median after",
            first(runs, 0, 1),
            again(runs, 0, 1)
        );
    }
    let raw = [
        ("ours", &keeping),
        ("ours_each_read_anew", &reading),
        ("helm", &theirs),
        ("ours_popular", &popular),
        ("helm_popular", &their_popular),
    ];
    for (what, runs) in raw {
        run[what] = runs.iter().map(Run::json).collect();
    }
    Ok(run)
}

/// The lowest first time of one of `cases` among the runs, in milliseconds.
fn first(runs: &[Run], case: usize, cases: usize) -> f64 {
    runs.iter().filter_map(|run| run.times(case, cases).next()).fold(f64::MAX, f64::min)
}

/// The median of the later times of one of `cases`, in milliseconds.
fn again(runs: &[Run], case: usize, cases: usize) -> f64 {
    median(runs.iter().flat_map(|run| run.times(case, cases).skip(1)))
}

/// Prints the ratios over the charts that both render to equal sizes. Charts that make private keys are told apart: how long
/// the search for a prime takes is chance, and says nothing of an engine.
fn compare(ours: &[Run], theirs: &[Run], count: usize) {
    let ([our_run, ..], [their_run, ..]) = (ours, theirs) else {
        println!("peak: {} kB", peak(ours));
        return;
    };
    let pairs: Vec<_> = our_run.done.iter().zip(&their_run.done).take(count).collect();
    let is_equal =
        |case: &usize| pairs.get(*case).is_some_and(|(ours, theirs)| ours.size == theirs.size && ours.size >= 0);
    let is_failing = |case: &usize| pairs.get(*case).is_some_and(|(ours, theirs)| ours.size < 0 && theirs.size < 0);
    let makes_keys = |case: &usize| pairs.get(*case).is_some_and(|(ours, _)| ours.marked);
    let (keyed, plain): (Vec<usize>, Vec<usize>) = (0..count).partition(makes_keys);
    let equal: Vec<usize> = plain.iter().copied().filter(is_equal).collect();
    let failing = plain.iter().filter(|case| is_failing(case)).count();
    println!(
        "{} of {} charts that make no keys are of equal size, {failing} fail in both; {} make keys",
        equal.len(),
        plain.len(),
        keyed.len()
    );
    let tell = |what: &str, time: fn(&[Run], usize, usize) -> f64| {
        let [ours, theirs] = [ours, theirs].map(|runs| equal.iter().map(|case| time(runs, *case, count)).sum::<f64>());
        println!("{what}: {ours:.1} ms, helm {theirs:.1} ms: {:.1} times faster", theirs / ours);
    };
    tell("at first", first);
    tell("again", again);
    let (mine, its) = (peak(ours), peak(theirs));
    println!("peak: {mine} kB, helm {its} kB: {:.0} %", 100.0 * mine as f64 / its as f64);
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
                    let host = Asked::new(Fixed::new(1_700_000_000, 1).with_keys(Arc::new(keys.of("", None))));
                    let size = size(folder, file, functions, cache, &host).unwrap_or(-1);
                    let _ = sender.send((number, start.elapsed().as_nanos(), size, host.asked.get()));
                }
            });
        }
    });
    drop(sender);
    let mut all: Vec<_> = receiver.into_iter().collect();
    all.sort_unstable();
    for (_, time, size, keys) in all {
        println!("{time}\t{size}{}", if keys { "\tkeys" } else { "" });
    }
    println!("{}", peak_memory()?);
    Ok(())
}

/// A host that knows whether it was asked for keys.
struct Asked {
    host: Fixed,
    asked: Cell<bool>,
}

impl Asked {
    fn new(host: Fixed) -> Self {
        Self { host, asked: Cell::new(false) }
    }
}

impl Host for Asked {
    fn now(&self) -> (i64, u32) {
        self.host.now()
    }

    fn random(&self, bytes: &mut [u8]) {
        self.host.random(bytes);
    }

    fn keys(&self) -> Option<&dyn KeyMaker> {
        self.asked.set(true);
        self.host.keys()
    }
}

fn size(folder: &str, file: &str, functions: &Functions, cache: &ChartCache, host: &Asked) -> Result<i64, Failure> {
    let chart = cache.read(&FolderTree::open(Path::new(folder))?, &TreePath::root(), &Limits::default())?;
    let mut sources = ValueSources::default();
    if !file.is_empty() {
        sources.files.push((file.to_owned(), fs::read(file)?));
    }
    let values = sources.merge(&mut |_| Err("no file is set".to_owned()))?;
    let release = Release::new("rel", "ns", KubeVersion::parse("1.34.0")?);
    let rendered = render(&chart, &values, &release, functions, host)?;
    let mut options = OutputOptions::default();
    options.include_crds = true;
    Ok(i64::try_from(write(&rendered, &options)?.len())?)
}

/// The charts of public repositories, each with at most one file of values and no other flag that changes anything: a folder,
/// a tab, and the file or nothing.
fn cases() -> Result<Vec<String>, Failure> {
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
                cases.push(format!("{}\t{}", folder.join("tree").display(), file.display()));
            }
        }
    }
    Ok(cases)
}

/// A chart and its values, for people.
fn named(case: &str) -> String {
    let (folder, file) = case.split_once('\t').unwrap_or((case, ""));
    let chart = Path::new(folder).parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let values = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    format!("{chart} {}", if values.is_empty() { "default" } else { &values })
}
