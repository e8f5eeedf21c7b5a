//! The preview of an app of apps of 200 charts over two commits, in whole processes of the command line: `cargo build --release
//! --bin gitops`, then `cargo run --release -p gitops-benches --bin preview -- NAME` writes `benches/runs/preview-NAME.json`. The
//! first round has nothing remembered, the others are warm. Linux only.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use gitops_benches::{Failure, keep, machine};
use gitops_core::Value;
use gitops_fixtures::{TestRepository, app_of_apps};
use serde_json::json;

/// Charts, each of an Application.
const CHARTS: usize = 200;
/// Charts that the second commit changes.
const CHANGED: usize = 5;
/// Rounds with what was remembered, and as many without.
const ROUNDS: usize = 10;
/// Milliseconds that a warm round may take.
const TARGET: u128 = 2_000;

fn main() -> Result<(), Failure> {
    let name = env::args().nth(1).ok_or("which run is this? `preview NAME`, for example `preview 2026-11-26`")?;
    let program = env::current_exe()?.with_file_name("gitops");
    if !program.is_file() {
        return Err("build the command line first: cargo build --release --bin gitops".into());
    }
    let repository = repository()?;
    let cold = rounds(&program, repository.path(), &["--no-memo"], ROUNDS)?;
    let first = rounds(&program, repository.path(), &[], 1)?;
    let warm = rounds(&program, repository.path(), &[], ROUNDS)?;
    let median = middle(&warm);
    println!(
        "{CHARTS} charts, {CHANGED} changed: warm {} ms, without memory {} ms",
        median / 1_000_000,
        middle(&cold) / 1_000_000
    );
    let run = json!({
        "machine": machine()?,
        "charts": CHARTS,
        "changed": CHANGED,
        "ns": { "without_memory": cold, "first": first, "warm": warm },
    });
    keep("preview", &name, &run)?;
    if median / 1_000_000 > TARGET { Err(format!("more than {TARGET} ms").into()) } else { Ok(()) }
}

fn repository() -> Result<TestRepository, Failure> {
    let mut repository = TestRepository::new()?;
    let files = app_of_apps(CHARTS);
    repository.commit(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))?;
    let values = files.iter().filter(|(path, _)| path.ends_with("/values.yaml")).take(CHANGED);
    let changed: Vec<(&str, String)> =
        values.map(|(path, text)| (path.as_str(), text.replace("repository: nginx", "repository: caddy"))).collect();
    repository.commit(changed.iter().map(|(path, text)| (*path, text.as_str())))?;
    Ok(repository)
}

fn rounds(program: &Path, repository: &Path, more: &[&str], count: usize) -> Result<Vec<u128>, Failure> {
    let data = repository.join(".gitops");
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let mut command = Command::new(program);
        command.args(["preview", "HEAD~1..HEAD", "-o", "json", "--repository"]).arg(repository);
        command.arg("--data-dir").arg(&data).args(more).stderr(Stdio::inherit());
        let start = Instant::now();
        let output = command.output()?;
        times.push(start.elapsed().as_nanos());
        let shown: Value = serde_json::from_slice(&output.stdout)?;
        let empty = Vec::new();
        let applications = shown["applications"].as_array().unwrap_or(&empty);
        let changed = applications.iter().filter(|one| one["change"] == "changed").count();
        if (applications.len(), changed) != (CHARTS + 1, CHANGED) {
            return Err(format!("{} applications, {changed} changed", applications.len()).into());
        }
    }
    Ok(times)
}

fn middle(times: &[u128]) -> u128 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
