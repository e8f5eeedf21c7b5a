use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the real git, without the configuration of the machine. Panics where it fails.
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = git_command(directory, arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn git_command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(directory).args(arguments).stdin(Stdio::null());
    for (key, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_AUTHOR_NAME", "Git"),
        ("GIT_AUTHOR_EMAIL", "git@example.com"),
        ("GIT_COMMITTER_NAME", "Git"),
        ("GIT_COMMITTER_EMAIL", "git@example.com"),
    ] {
        command.env(key, value);
    }
    command
}

/// Whether the real git is there; says so where it is not.
pub(crate) fn has_git() -> bool {
    let found = Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: no git program");
    }
    found
}

/// A repository of the real git with a file `a.yaml` in its first commit, and a directory for it.
pub(crate) fn real_repository(arguments: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut init = vec!["init", "-q", "-b", "main"];
    init.extend(arguments);
    git(directory.path(), &init);
    std::fs::write(directory.path().join("a.yaml"), "a: 1\n").unwrap();
    git(directory.path(), &["add", "."]);
    git(directory.path(), &["commit", "-q", "-m", "First"]);
    directory
}
