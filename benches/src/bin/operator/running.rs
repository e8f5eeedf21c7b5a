//! Operators as processes, and what the API server tells meanwhile.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use gitops_benches::Failure;
use gitops_benches::process::{self, Time};
use gitops_fixtures::testbed::ControlPlane;
use serde_json::json;

/// How long all Applications may take.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// A program that was built beside this one.
fn program(name: &str) -> Result<PathBuf, Failure> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// A running operator, which ends with this.
pub(crate) struct Operator {
    process: Child,
    address: String,
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Operator {
    pub(crate) fn start(place: &Path, arguments: &[String]) -> Result<Self, Failure> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut command = Command::new(program("gitops-controller")?);
        command.arg("--data-dir").arg(place.join("data")).args(["--listen", &address]).args(arguments);
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(place.join("errors"))?)
            .spawn()?;
        Ok(Self { process, address })
    }

    fn metrics(&self) -> Result<String, Failure> {
        self.ask("GET /metrics", "", "")
    }

    /// Tells of a push to a repository that changed a file, as a Git server does.
    pub(crate) fn push(&self, address: &str, path: &str) -> Result<(), Failure> {
        let event = json!({"repository": address, "revision": "main", "defaultBranch": "main", "paths": [path]});
        let event = event.to_string();
        let answer = self.ask("POST /api/webhook", "X-Gitops-Event: push\r\n", &event)?;
        if answer.contains("1 pushed") { Ok(()) } else { Err(format!("the push is not taken: {answer}").into()) }
    }

    fn ask(&self, what: &str, headers: &str, body: &str) -> Result<String, Failure> {
        let mut stream = TcpStream::connect(&self.address)?;
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "{what} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    /// How many looks at Applications there were.
    pub(crate) fn looks(&self) -> Result<u64, Failure> {
        let text = self.metrics()?;
        let counts = text.lines().filter(|line| line.starts_with("argocd_app_reconcile_count"));
        Ok(counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    /// Waits until so many Applications are as their sources say.
    pub(crate) fn until_synced(&self, count: usize) -> Result<(), Failure> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let text = self.metrics().unwrap_or_default();
            let synced = |line: &&str| line.starts_with("argocd_app_info{") && line.contains("sync_status=\"Synced\"");
            if text.lines().filter(synced).count() == count {
                return Ok(());
            }
            sleep(Duration::from_millis(500));
        }
        Err(format!("not all of {count} Applications were synced in {PATIENCE:?}").into())
    }

    /// Waits until no look was made for half a second.
    pub(crate) fn until_idle(&self) -> Result<(), Failure> {
        let (start, mut before) = (Instant::now(), self.looks()?);
        while start.elapsed() < PATIENCE {
            sleep(Duration::from_millis(500));
            let now = self.looks()?;
            if now == before {
                return Ok(());
            }
            before = now;
        }
        Err(format!("looks went on for {PATIENCE:?}").into())
    }

    /// How many sources were rendered, those not counted whose result was known.
    pub(crate) fn renders(&self) -> Result<u64, Failure> {
        let text = self.metrics()?;
        let line = text.lines().find_map(|line| line.strip_prefix("gitops_renders_total "));
        Ok(line.ok_or("no count of renders")?.trim().parse()?)
    }

    /// Seconds of processors.
    pub(crate) fn cpu(&self) -> Result<f64, Failure> {
        process::seconds(&self.process.id().to_string(), Time::Own)
    }

    /// KiB of memory.
    pub(crate) fn memory(&self, which: &str) -> Result<u64, Failure> {
        process::memory(&self.process.id().to_string(), which)
    }
}

/// What the API server tells of a ConfigMap.
pub(crate) struct Watch {
    process: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Watch {
    pub(crate) fn start(plane: &ControlPlane, map: &str) -> Result<Self, Failure> {
        let mut command = plane.kubectl_command();
        command.args(["get", "configmap", map, "-n", "bench", "--watch", "-o", "jsonpath={.data.value}{\"\\n\"}"]);
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        let mut watch = Self { process, lines: BufReader::new(output) };
        // What it is before it changes.
        watch.lines.read_line(&mut String::new())?;
        Ok(watch)
    }

    pub(crate) fn until(&mut self, value: &str) -> Result<(), Failure> {
        let mut line = String::new();
        while line.trim() != value {
            line.clear();
            if self.lines.read_line(&mut line)? == 0 {
                return Err("the watch ended".into());
            }
        }
        Ok(())
    }
}
