//! Keys and signatures of the real programs: GnuPG and OpenSSH.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests start the programs whose signatures they verify, and a test that cannot go on fails"
)]

mod openpgp;
mod ssh;

use std::path::Path;
use std::process::{Command, Stdio};

/// A document as Git has them.
const DOCUMENT: &[u8] = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@example.com> 1 +0000\n\nBegin\n";

/// Whether a program is on this machine; says so where it is not.
fn has(program: &str, argument: &str) -> bool {
    let found = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        println!("skipped: no {program} program");
    }
    found
}

/// Runs a program in a folder; what it printed.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).env("GNUPGHOME", folder).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A text with every character changed in turn that armour is made of, a few at a time.
fn damaged(text: &str) -> impl Iterator<Item = String> + '_ {
    text.char_indices().filter(|(_, character)| character.is_ascii_alphanumeric()).step_by(7).map(|(at, character)| {
        let other = if character == 'A' { "B" } else { "A" };
        [&text[..at], other, &text[at + 1..]].concat()
    })
}
