//! Keeps the raw samples of the last `cargo bench` beside a description of the machine:
//! `cargo run --release -p gitops-benches --bin record -- NAME` writes `benches/runs/NAME.json`. Linux only.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gitops_benches::{Failure, machine};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Failure> {
    let name = env::args().nth(1).ok_or("which run is this? `record NAME`, for example `record 2026-11-23`")?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let executable = env::current_exe()?;
    let beside = executable.parent().ok_or("this program lies nowhere")?;
    let criterion = beside.parent().ok_or("no target directory")?.join("criterion");
    let mut benches = BTreeMap::new();
    collect(&criterion, &mut benches)?;
    if benches.is_empty() {
        return Err(format!("no samples in {}; run `cargo bench -p gitops-benches` first", criterion.display()).into());
    }
    let memory = Command::new(beside.join("memory")).output().ok().filter(|done| done.status.success());
    let memory = memory.map(|done| String::from_utf8_lossy(&done.stdout).trim().to_owned());
    let run = json!({ "machine": machine()?, "benches": benches, "memory": memory });
    let file = here.join("runs").join(format!("{name}.json"));
    fs::write(&file, format!("{run:#}\n"))?;
    println!("{}", file.display());
    for (id, bench) in &benches {
        println!("{:>12.3} ms  {id}", bench["median_ns"].as_f64().unwrap_or_default() / 1e6);
    }
    println!("{}", memory.unwrap_or_else(|| "peak memory not measured: build the `memory` program too".into()));
    Ok(())
}

/// Every `new/sample.json` below a directory, by the bench's full name. A sample is (iterations, nanoseconds in all).
fn collect(directory: &Path, benches: &mut BTreeMap<String, Value>) -> Result<(), Failure> {
    let entries: Vec<PathBuf> =
        fs::read_dir(directory).map(|all| all.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
    for path in entries.iter().filter(|path| path.is_dir()) {
        let (sample, about) = (path.join("sample.json"), path.join("benchmark.json"));
        if path.ends_with("new") && sample.is_file() {
            let about: Value = serde_json::from_slice(&fs::read(about)?)?;
            let sample: Value = serde_json::from_slice(&fs::read(sample)?)?;
            benches.insert(about["full_id"].as_str().unwrap_or_default().to_owned(), bench(&about, &sample));
        } else {
            collect(path, benches)?;
        }
    }
    Ok(())
}

fn bench(about: &Value, sample: &Value) -> Value {
    let numbers =
        |key: &str| -> Vec<f64> { sample[key].as_array().into_iter().flatten().filter_map(Value::as_f64).collect() };
    let (iterations, times) = (numbers("iters"), numbers("times"));
    let mut each: Vec<f64> = iterations.iter().zip(&times).map(|(count, time)| time / count).collect();
    each.sort_by(f64::total_cmp);
    let mut kept = Map::new();
    kept.insert("median_ns".into(), json!(each.get(each.len() / 2)));
    kept.insert("elements".into(), about["throughput"]["Elements"].clone());
    kept.insert("iterations".into(), json!(iterations));
    kept.insert("total_ns".into(), json!(times));
    Value::Object(kept)
}
