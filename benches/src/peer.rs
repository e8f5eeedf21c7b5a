//! Processes that work through cases one by one and say how long each took, so that this project and a peer are measured
//! in the same way. Each line of a process's input is a case; each line of its output is nanoseconds, a tab, and bytes (-1
//! where it failed), with a third column where more is to be said; the last line is its peak of memory in kB.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::Failure;

/// What a process said of one case.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// How long it took.
    pub nanoseconds: u64,
    /// Bytes of the result; -1 where there is none.
    pub size: i64,
    /// Whether the process said more than that.
    pub marked: bool,
}

/// What a process said of all its cases.
#[derive(Debug)]
pub struct Run {
    /// One by one, in their order.
    pub done: Vec<Done>,
    /// In kB.
    pub peak: u64,
}

impl Run {
    /// Runs a program over cases.
    ///
    /// # Errors
    /// Where it does not start, fails, or answers something else than a line a case.
    pub fn of(program: &Path, arguments: &[&str], cases: &[String]) -> Result<Self, Failure> {
        let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut input = child.stdin.take().ok_or("no input")?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let text = cases.join("\n") + "\n";
        let feeder = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let (mut done, mut peak) = (Vec::new(), 0);
        for line in lines {
            let line = line?;
            let mut columns = line.split('\t');
            match (columns.next(), columns.next()) {
                (Some(time), Some(size)) => {
                    let marked = columns.next().is_some();
                    done.push(Done { nanoseconds: time.parse()?, size: size.parse()?, marked });
                }
                _ => peak = line.trim().parse()?,
            }
        }
        feeder.join().map_err(|_| "the cases could not be handed over")??;
        if !child.wait()?.success() || done.len() != cases.len() {
            return Err(format!("{} ended after {} of {} cases", program.display(), done.len(), cases.len()).into());
        }
        Ok(Self { done, peak })
    }

    /// The raw samples.
    pub fn json(&self) -> Value {
        let times: Vec<_> = self.done.iter().map(|done| done.nanoseconds).collect();
        let sizes: Vec<_> = self.done.iter().map(|done| done.size).collect();
        json!({ "ns": times, "bytes": sizes, "peak_kb": self.peak })
    }

    /// The times of one of `cases` in milliseconds, round by round.
    pub fn times(&self, case: usize, cases: usize) -> impl Iterator<Item = f64> {
        self.done.iter().skip(case).step_by(cases).map(|done| done.nanoseconds as f64 / 1e6)
    }
}

/// The highest peak of some runs, in kB.
pub fn peak(runs: &[Run]) -> u64 {
    runs.iter().map(|run| run.peak).max().unwrap_or_default()
}

/// The middle of some numbers; 0 where there are none.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// Builds the peer of a name into a place, or says that there is no Go toolchain.
///
/// # Errors
/// Where it does not build.
pub fn build(name: &str, place: &Path) -> Result<Option<PathBuf>, Failure> {
    fs::create_dir_all(place)?;
    if Command::new("go").arg("version").output().is_err() {
        println!("skipped: no Go toolchain, so no {name} beside this one");
        return Ok(None);
    }
    let program = place.join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name);
    let built = Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(source).status()?;
    if built.success() { Ok(Some(program)) } else { Err(format!("the peer {name} could not be built").into()) }
}
