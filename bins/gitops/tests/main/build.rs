//! `gitops build`: what it prints, and what it keeps its hands off.

use std::fs;
use std::process::Command;

use crate::workbench::{Run, Workbench, finish};

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n";

/// A repository with a base and an overlay.
fn bench() -> Workbench {
    let bench = Workbench::new();
    let write = |path: &str, text: &str| {
        let path = bench.path().join("repository").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    fs::create_dir_all(bench.path().join("repository/.git")).unwrap();
    write("base/kustomization.yaml", "resources:\n- web.yaml\n");
    write("base/web.yaml", DEPLOYMENT);
    write("prod/kustomization.yaml", "resources:\n- ../base\nnamePrefix: prod-\nreplicas:\n- name: web\n  count: 3\n");
    bench
}

fn built(bench: &Workbench, more: &[&str]) -> Run {
    bench.run(["build", "repository/prod"].iter().chain(more))
}

#[test]
fn a_build_is_printed_or_written() {
    let bench = bench();
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: prod-web\nspec:\n  replicas: 3\n";
    assert_eq!(built(&bench, &[]).exits(0).stdout, text);
    built(&bench, &["-o", "all.yaml"]).exits(0);
    assert_eq!(fs::read_to_string(bench.path().join("all.yaml")).unwrap(), text);
    fs::create_dir(bench.path().join("out")).unwrap();
    built(&bench, &["-o", "out", "-e", "A=b", "--as-current-user"]).exits(0);
    assert_eq!(fs::read_to_string(bench.path().join("out/apps_v1_deployment_prod-web.yaml")).unwrap(), text);
    built(&bench, &["-o", "nowhere/all.yaml"]).exits(2).says("nowhere/all.yaml");
    assert!(!bench.data().exists(), "a build needs no cluster");
}

#[test]
fn flags_that_start_programs_are_refused() {
    let bench = bench();
    for flag in ["--enable-alpha-plugins", "--enable-exec", "--enable-star", "--network"] {
        built(&bench, &[flag]).exits(2).says(flag);
    }
}

#[test]
fn what_lies_outside_is_refused() {
    let bench = bench();
    let place = bench.path().join("repository/prod/kustomization.yaml");
    fs::write(bench.path().join("outside.yaml"), DEPLOYMENT).unwrap();
    for (resource, words) in [
        ("../../outside.yaml", "kustomization.yaml:2"),
        ("../base/web.yaml", "kustomization.yaml:2"),
        ("/etc/passwd", "/etc/passwd"),
        ("link.yaml", "link.yaml"),
        ("../prod", "kustomization.yaml:2"),
    ] {
        fs::write(&place, format!("resources:\n- {resource}\n")).unwrap();
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink("/etc/hostname", bench.path().join("repository/prod/link.yaml"));
        let run = built(&bench, &[]).exits(2).says(words);
        assert!(run.stdout.is_empty(), "{run:?}");
    }
}

/// Looks at the system calls of a build: it starts no program and opens no file outside its repository.
#[cfg(target_os = "linux")]
#[test]
fn a_build_starts_nothing_and_opens_nothing_outside() {
    let bench = bench();
    if Command::new("strace").arg("-V").output().is_err() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no strace");
        println!("skipped: no strace");
        return;
    }
    let log = bench.path().join("calls");
    let mut traced = Command::new("strace");
    traced.args(["-f", "-e", "trace=open,openat,openat2,execve,execveat,socket,connect", "-o"]).arg(&log);
    traced.arg(env!("CARGO_BIN_EXE_gitops")).args(["build", "repository/prod"]);
    finish(traced.current_dir(bench.path())).exits(0);
    let calls = fs::read_to_string(log).unwrap();
    let root = bench.path().canonicalize().unwrap().join("repository");
    let root = root.to_str().unwrap();
    let programs = calls.lines().filter(|call| call.contains("exec")).count();
    assert_eq!(programs, 1, "the program itself and no other:\n{calls}");
    assert!(!calls.contains("socket(") && !calls.contains("connect("), "{calls}");
    // The dynamic linker, and what the runtime asks the kernel about itself.
    let of_the_system = ["/etc/ld.so", "/lib", "/usr/lib", "/proc/", "/sys/", "/dev/null"];
    let mut opened = 0;
    for call in calls.lines().filter(|call| call.contains("open") && !call.contains("ENOENT")) {
        let Some(path) = call.split('"').nth(1) else { continue };
        if path.starts_with(root) {
            opened += 1;
        } else {
            assert!(of_the_system.iter().any(|allowed| path.starts_with(allowed)), "{call}");
        }
    }
    assert!(opened >= 3, "the trace sees the build's own files:\n{calls}");
}
