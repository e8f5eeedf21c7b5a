use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A program beside a shell that ends it when nobody holds the shell's input any more. The kernel closes that when the
/// process that started both ends, however it ends, so nothing is left behind by a test that was killed.
#[derive(Debug)]
pub(crate) struct Guarded {
    guard: Child,
    input: Option<ChildStdin>,
}

const GUARD: &str = r#"
trap '' INT TERM HUP
log=$1
shift
"$@" >>"$log" 2>&1 </dev/null &
program=$!
echo $program >"$log.pid"
read -r _
kill -KILL $program 2>/dev/null
wait $program 2>/dev/null
"#;

const SWEEPER: &str = r#"
trap '' INT TERM HUP
read -r _
sleep 1
rm -rf "$1"
"#;

impl Guarded {
    /// Starts a program whose output goes to a file.
    pub(crate) fn start(program: &Path, arguments: &[String], log: &Path) -> io::Result<Self> {
        let mut guard = shell(GUARD);
        guard.arg(log).arg(program).args(arguments);
        Self::spawn(guard)
    }

    /// Removes a folder when the process that called this is gone.
    pub(crate) fn sweep(folder: &Path) -> io::Result<Self> {
        let mut guard = shell(SWEEPER);
        guard.arg(folder);
        Self::spawn(guard)
    }

    fn spawn(mut command: Command) -> io::Result<Self> {
        // Its own group, so that an interrupt of the terminal is not for it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut guard = command.spawn()?;
        let input = guard.stdin.take();
        Ok(Self { guard, input })
    }

    /// Ends the program and waits for it.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        drop(self.input.take());
        self.guard.wait().map(drop)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "guard"]);
    command
}

/// The process id that a guard wrote for its program.
pub(crate) fn process_id(log: &Path) -> Option<u32> {
    let file = PathBuf::from(format!("{}.pid", log.display()));
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// An empty file that only its owner reads.
pub(crate) fn private_file(path: &Path, content: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file: File = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())
}
