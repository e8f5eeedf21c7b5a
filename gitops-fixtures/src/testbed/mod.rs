//! A real control plane on loopback: etcd, kube-apiserver and, where their programs are there, the controllers, the
//! scheduler and kwok, whose Pods run without containers. See `testbed/build` for the programs.
//!
//! Everything lives in a temporary folder and on free ports of 127.0.0.1, and ends with the process that started it.

mod assets;
pub(crate) mod guard;
mod proxy;
mod settings;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use thiserror::Error;

pub use assets::Assets;
use guard::Guarded;
pub use proxy::{Fault, Proxy};

/// How long a program may take to be ready.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why there is no control plane.
#[derive(Debug, Error)]
pub enum TestbedError {
    /// A file or process failed.
    #[error("the test bed cannot be started")]
    Io(#[from] io::Error),
    /// A program did not come up.
    #[error("`{program}` was not ready in time; its log ends with:\n{log}")]
    NotReady {
        /// The program.
        program: &'static str,
        /// The end of its log.
        log: String,
    },
    /// kubectl failed.
    #[error("kubectl {arguments}: {message}")]
    Kubectl {
        /// What it was asked.
        arguments: String,
        /// What it said.
        message: String,
    },
}

/// A running control plane.
#[derive(Debug)]
pub struct ControlPlane {
    assets: Assets,
    folder: PathBuf,
    ports: Ports,
    api_server: Mutex<Option<Guarded>>,
    others: Mutex<Vec<Guarded>>,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    etcd: u16,
    peer: u16,
    api: u16,
}

/// The control plane that the tests of one process share, or none where its programs are not there: the tests then say so
/// and end well, unless `CI` is `true`.
///
/// # Panics
/// Where it cannot be started, or its programs are missing and `CI` is `true`.
#[expect(clippy::panic, reason = "tests cannot go on without what they asked for")]
pub fn shared() -> Option<&'static ControlPlane> {
    static SHARED: OnceLock<Option<ControlPlane>> = OnceLock::new();
    SHARED
        .get_or_init(|| match Assets::find() {
            Ok(assets) => Some(ControlPlane::start(assets).unwrap_or_else(|error| panic!("{error:?}"))),
            Err(missing) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "no test bed: {missing}");
                None
            }
        })
        .as_ref()
        .or_else(|| {
            let _ = io::Write::write_all(&mut io::stderr(), b"skipped: no test bed (KUBEBUILDER_ASSETS)\n");
            None
        })
}

impl ControlPlane {
    /// Starts a control plane and waits until it is ready.
    ///
    /// # Errors
    /// Where a program does not come up.
    pub fn start(assets: Assets) -> Result<Self, TestbedError> {
        let plane = Self::without_controllers(assets)?;
        if plane.assets.has_controllers() {
            plane.start_controllers()?;
        }
        Ok(plane)
    }

    /// Starts etcd and the API server only: nothing writes but its clients.
    ///
    /// # Errors
    /// Where a program does not come up.
    pub fn without_controllers(assets: Assets) -> Result<Self, TestbedError> {
        let folder = tempfile::Builder::new().prefix("gitops-testbed-").tempdir()?.keep();
        let sweeper = Guarded::sweep(&folder)?;
        let plane = Self {
            assets,
            ports: Ports::free()?,
            folder,
            api_server: Mutex::new(None),
            others: Mutex::new(vec![sweeper]),
        };
        settings::write(&plane.folder)?;
        plane.run("etcd", &settings::etcd(&plane.folder, plane.ports))?;
        plane.start_api_server()?;
        Ok(plane)
    }

    fn start_controllers(&self) -> Result<(), TestbedError> {
        let stages = self.folder.join("stages.yaml");
        fs::write(&stages, settings::STAGES)?;
        let kubeconfig = self.kubeconfig().display().to_string();
        self.run("kube-controller-manager", &settings::controller_manager(&self.folder, &kubeconfig))?;
        self.run("kube-scheduler", &settings::scheduler(&kubeconfig))?;
        self.run("kwok", &settings::kwok(&kubeconfig, &stages))?;
        self.kubectl_with_input(&["create", "-f", "-"], settings::NODES)?;
        self.kubectl(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"])?;
        self.until("kube-controller-manager", || {
            self.kubectl(&["get", "serviceaccount", "default", "--namespace", "default"]).is_ok()
        })
    }

    fn run(&self, program: &'static str, arguments: &[String]) -> Result<(), TestbedError> {
        let guarded = Guarded::start(&self.assets.program(program), arguments, &self.log(program))?;
        self.others.lock().unwrap_or_else(PoisonError::into_inner).push(guarded);
        Ok(())
    }

    /// Starts the API server, or starts it again, and waits until it is ready.
    ///
    /// # Errors
    /// Where it does not come up.
    pub fn start_api_server(&self) -> Result<(), TestbedError> {
        let arguments = settings::api_server(&self.folder, self.ports);
        let log = self.log("kube-apiserver");
        let guarded = Guarded::start(&self.assets.program("kube-apiserver"), &arguments, &log)?;
        *self.api_server.lock().unwrap_or_else(PoisonError::into_inner) = Some(guarded);
        let certificate = settings::certificate(&self.folder);
        self.until("kube-apiserver", || certificate.is_file())?;
        settings::write_kubeconfig(&self.folder, self.ports.api)?;
        self.until("kube-apiserver", || self.kubectl(&["get", "--raw", "/readyz"]).is_ok())
    }

    /// Ends the API server at once, without notice to its clients.
    ///
    /// # Errors
    /// Where it cannot be ended.
    pub fn stop_api_server(&self) -> io::Result<()> {
        match self.api_server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(mut running) => running.stop(),
            None => Ok(()),
        }
    }

    /// The API server's process id.
    pub fn api_server_process(&self) -> Option<u32> {
        guard::process_id(&self.log("kube-apiserver"))
    }

    /// The kubeconfig of a cluster administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The port that the API server listens on.
    pub fn port(&self) -> u16 {
        self.ports.api
    }

    /// The programs.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// What the API server noted of every call so far, a JSON object of `audit.k8s.io/v1` each.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub fn audit(&self) -> io::Result<Vec<serde_json::Value>> {
        let text = fs::read_to_string(settings::audit_log(&self.folder))?;
        // The last line may be half written.
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Runs kubectl as a cluster administrator and gives its output.
    ///
    /// # Errors
    /// Where it fails.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, TestbedError> {
        finished(arguments, &self.kubectl_command().args(arguments).output()?)
    }

    /// Runs kubectl with something on its standard input.
    ///
    /// # Errors
    /// Where it fails.
    pub fn kubectl_with_input(&self, arguments: &[&str], input: &str) -> Result<String, TestbedError> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), input)?;
        finished(arguments, &self.kubectl_command().args(arguments).stdin(file.reopen()?).output()?)
    }

    /// kubectl as a cluster administrator.
    pub fn kubectl_command(&self) -> Command {
        let mut command = Command::new(self.assets.program("kubectl"));
        command.env("KUBECONFIG", self.kubeconfig()).env("HOME", &self.folder);
        command
    }

    fn log(&self, program: &str) -> PathBuf {
        self.folder.join(format!("{program}.log"))
    }

    fn until(&self, program: &'static str, ready: impl Fn() -> bool) -> Result<(), TestbedError> {
        let started = Instant::now();
        while !ready() {
            if started.elapsed() > PATIENCE {
                return Err(TestbedError::NotReady { program, log: end_of(&self.log(program)) });
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Ports {
    fn free() -> io::Result<Self> {
        // All three are held before one is given, so that they differ.
        let listeners = [(); 3].map(|()| TcpListener::bind(("127.0.0.1", 0)));
        let [etcd, peer, api] = listeners.map(|listener| listener.and_then(|bound| bound.local_addr()));
        Ok(Self { etcd: etcd?.port(), peer: peer?.port(), api: api?.port() })
    }
}

fn finished(arguments: &[&str], output: &Output) -> Result<String, TestbedError> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(TestbedError::Kubectl { arguments: arguments.join(" "), message })
}

fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
