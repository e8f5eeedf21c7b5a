//! Where output goes: a full disk and a reader that leaves are no reason to panic or to stop halfway.

use std::fs::File;
use std::io::Read as _;
use std::process::Stdio;

use crate::workbench::{CONFIG, CREATE_NAMESPACE, Workbench};

/// Runs with standard output, or standard error, on a device that is always full. Gives the exit code and what the other
/// stream holds.
#[cfg(target_os = "linux")]
fn on_a_full_device(bench: &Workbench, arguments: &[&str], errors_too: bool) -> (i32, String) {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let mut command = bench.command();
    command.args(arguments).stdout(full());
    if errors_too {
        command.stderr(full());
    }
    let output = command.output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_does_not_get_out_is_an_error() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    let (code, errors) = on_a_full_device(&bench, &["sync", &file], false);
    assert_eq!(code, 2, "{errors}");
    assert!(errors.contains("error: standard output: ") && !errors.contains("panicked"), "{errors}");
    bench.run(["sync", "web"]).exits(0).says("nothing to do");
    for arguments in [
        &["app", "get", "web", "-o", "json"][..],
        &["app", "get", "web"],
        &["app", "list"],
        &["app", "manifests", "web"],
        &["app", "history", "web", "-o", "name"],
        &["plan", "web", "-o", "html"],
        &["render", "web"],
        &["history", "-o", "wide"],
        &["completion", "bash"],
    ] {
        let (code, errors) = on_a_full_device(&bench, arguments, false);
        assert_eq!(code, 2, "{arguments:?}: {errors}");
        assert!(errors.starts_with("error: standard output: "), "{arguments:?}: {errors}");
        assert_eq!(on_a_full_device(&bench, arguments, true).0, 2, "{arguments:?}");
    }
    bench.run(["plan", "web", "--out", "/dev/full"]).exits(2).says("/dev/full");
    bench.run(["diff", "web", "--out", "/dev/full", "-o", "html"]).exits(2).says("/dev/full");
}

#[test]
fn a_reader_that_leaves_ends_a_listing_without_words_and_lets_a_sync_finish() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    for arguments in [&["sync", file.as_str()][..], &["completion", "zsh"]] {
        let mut command = bench.command();
        let mut run = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(run.stdout.take());
        let mut errors = String::new();
        run.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(2), "{arguments:?}");
        assert_eq!(errors, "", "{arguments:?}");
    }
    assert!(bench.live("v1", "ConfigMap", "colours").is_some());
    bench.run(["sync", "web"]).exits(0).says("nothing to do");
}

#[test]
fn what_is_kept_holds_plain_lines_only() {
    let bench = Workbench::with([("app/config.yaml", CONFIG)]);
    let file = bench.application("app", CREATE_NAMESPACE);
    let run = bench.run(["sync", &file]).exits(0);
    assert!(!run.stdout.contains(['\x1b', '\r']), "{run:?}");
    assert_eq!(run.stderr, "");
    let coloured = bench.run(["--color", "always", "app", "get", "web"]).exits(0);
    assert!(coloured.stdout.contains("\x1b["), "{coloured:?}");
}
