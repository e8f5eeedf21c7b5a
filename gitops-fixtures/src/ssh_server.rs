use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::testbed::guard::{Guarded, private_file};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often another port is tried where somebody else takes it first.
const ATTEMPTS: usize = 5;

/// An OpenSSH server on this machine, run by whoever runs the test: on a free port of loopback, with a host key, a configuration and
/// a key that may log in of its own. It ends with the test.
#[derive(Debug)]
pub struct SshServer {
    // Ends before its folder goes.
    _process: Guarded,
    place: TempDir,
    user: String,
    port: u16,
}

/// A SOCKS proxy on this machine.
#[derive(Debug)]
pub struct SocksProxy {
    process: Guarded,
    port: u16,
}

impl SocksProxy {
    /// Its address.
    pub fn url(&self) -> String {
        format!("socks5://127.0.0.1:{}", self.port)
    }

    /// Ends it.
    ///
    /// # Errors
    /// Where it cannot be waited for.
    pub fn stop(mut self) -> io::Result<()> {
        self.process.stop()
    }
}

impl SshServer {
    /// Starts one; none, which is said, where no server is installed.
    ///
    /// # Errors
    /// Where one is installed and does not start, with what it says; and where none is installed and the environment variable `CI` is
    /// `true`.
    pub fn start() -> io::Result<Option<Self>> {
        let Some(program) = installed() else {
            if std::env::var("CI").is_ok_and(|ci| ci == "true") {
                return Err(io::Error::other("no sshd program: install OpenSSH's server (openssh-server)"));
            }
            println!("skipped: no sshd program");
            return Ok(None);
        };
        let place = tempfile::tempdir()?;
        for name in ["host", "user", "other"] {
            output(
                Command::new("ssh-keygen").args(["-q", "-N", "", "-t", "ed25519", "-f"]).arg(place.path().join(name)),
            )?;
        }
        private_file(&place.path().join("authorized"), &fs::read_to_string(place.path().join("user.pub"))?)?;
        let user = output(Command::new("id").arg("-un"))?.trim().to_owned();
        let mut said = String::new();
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let (configuration, log) = (place.path().join("sshd_config"), place.path().join(format!("log-{port}")));
            private_file(&configuration, &configured(place.path(), port))?;
            let arguments = ["-D", "-e", "-f", &configuration.display().to_string()].map(str::to_owned);
            let process = Guarded::start(&program, &arguments, &log)?;
            if answers(port, &log) {
                return Ok(Some(Self { _process: process, place, user, port }));
            }
            said = fs::read_to_string(&log).unwrap_or_default();
        }
        Err(io::Error::other(format!("`{}` does not start: {said}", program.display())))
    }

    /// The address of a repository by its folder.
    pub fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, repository.display())
    }

    /// A SOCKS proxy on this machine (`ssh -D`), which asks for hosts from there; it ends with what is given.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn proxy(&self) -> io::Result<SocksProxy> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (log, known) = (self.place.path().join(format!("socks-{port}")), self.place.path().join("known"));
        fs::write(&known, self.known_host()?)?;
        let words = format!(
            "-F none -N -D 127.0.0.1:{port} -p {} -i {} -o BatchMode=yes -o IdentityAgent=none -o UserKnownHostsFile={} {}@127.0.0.1",
            self.port,
            self.place.path().join("user").display(),
            known.display(),
            self.user
        );
        let arguments: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let process = Guarded::start(Path::new("ssh"), &arguments, &log)?;
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other(fs::read_to_string(&log).unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(SocksProxy { process, port })
    }

    /// The private key that may log in.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn key(&self) -> io::Result<String> {
        fs::read_to_string(self.place.path().join("user"))
    }

    /// The server as a line of known hosts has it.
    ///
    /// # Errors
    /// Where its key cannot be read.
    pub fn known_host(&self) -> io::Result<String> {
        self.host_with("host")
    }

    /// The server with a key that it does not have.
    ///
    /// # Errors
    /// As [`SshServer::known_host`].
    pub fn wrong_host(&self) -> io::Result<String> {
        self.host_with("other")
    }

    fn host_with(&self, key: &str) -> io::Result<String> {
        let public = fs::read_to_string(self.place.path().join(format!("{key}.pub")))?;
        Ok(format!("[127.0.0.1]:{} {public}", self.port))
    }
}

/// The server's program, which asks to be called by its whole path.
fn installed() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let known = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&folders).chain(known).map(|folder| folder.join("sshd")).find(|program| program.is_file())
}

/// Keys alone are taken, and nothing of the machine's own configuration.
fn configured(place: &Path, port: u16) -> String {
    let place = place.display();
    format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {place}/host\nPidFile none\nAuthorizedKeysFile {place}/authorized\nStrictModes no\n\
         PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n\
         AllowTcpForwarding local\nX11Forwarding no\n"
    )
}

/// Waits until a server answers, or says that it does not.
fn answers(port: u16, log: &Path) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let is_up = fs::read_to_string(log).is_ok_and(|said| said.contains("listening on"));
        if is_up && TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        let refuses =
            |said: String| ["Cannot bind", "Missing privilege", "fatal:"].iter().any(|words| said.contains(words));
        if fs::read_to_string(log).is_ok_and(refuses) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn output(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    match output.status.success() {
        true => String::from_utf8(output.stdout).map_err(io::Error::other),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}
