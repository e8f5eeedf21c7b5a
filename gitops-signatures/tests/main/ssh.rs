use std::fs;
use std::path::Path;

use gitops_core::Timestamp;
use gitops_signatures::{Keyring, Verdict};

use crate::{DOCUMENT, damaged, has, run};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// Makes a key, and gives out its public half and its fingerprint.
fn key(folder: &Path, name: &str, kind: &[&str]) -> (String, String) {
    run(folder, "ssh-keygen", &[&["-q", "-N", "", "-C", "somebody", "-f", name, "-t"], kind].concat());
    let public = format!("{name}.pub");
    let told = run(folder, "ssh-keygen", &["-l", "-f", &public]);
    let fingerprint = told.split(' ').nth(1).unwrap().to_owned();
    (fs::read_to_string(folder.join(public)).unwrap(), fingerprint)
}

fn sign(folder: &Path, name: &str, namespace: &str) -> String {
    fs::write(folder.join("document"), DOCUMENT).unwrap();
    let _ = fs::remove_file(folder.join("document.sig"));
    run(folder, "ssh-keygen", &["-q", "-Y", "sign", "-n", namespace, "-f", name, "document"]);
    fs::read_to_string(folder.join("document.sig")).unwrap()
}

#[test]
fn signatures_of_every_kind_of_key_are_verified() {
    if !has("ssh-keygen", "-?") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let kinds: [&[&str]; 5] = [
        &["ed25519"],
        &["ecdsa", "-b", "256"],
        &["ecdsa", "-b", "384"],
        &["ecdsa", "-b", "521"],
        &["rsa", "-b", "2048"],
    ];
    for (index, kind) in kinds.into_iter().enumerate() {
        let name = format!("key{index}");
        let (public, fingerprint) = key(folder.path(), &name, kind);
        let signature = sign(folder.path(), &name, "git");
        let mut ring = Keyring::default();
        let unknown = ring.check(&signature, DOCUMENT);
        assert_eq!(
            (unknown.verdict(NOW), unknown.key.as_str()),
            (Verdict::MissingKey, fingerprint.as_str()),
            "{kind:?}"
        );
        assert_eq!(ring.add_allowed_signers(&format!("somebody@example.com {public}")), []);
        let found = ring.check(&signature, DOCUMENT);
        assert_eq!((found.verdict(NOW), found.is_by(&fingerprint)), (Verdict::Good, true), "{kind:?}");
        assert!(!found.is_by("") && !found.is_by("SHA256:other") && !found.is_by("4AEE18F83AFDEB23"));
        assert_eq!(ring.check(&signature, b"another").verdict(NOW), Verdict::Bad, "{kind:?}");
        for other in damaged(&signature) {
            // A length that nobody goes by may be another.
            assert_ne!(ring.check(&other, b"another").verdict(NOW), Verdict::Good, "{other}");
        }
        let elsewhere = sign(folder.path(), &name, "file");
        assert_eq!(ring.check(&elsewhere, DOCUMENT).verdict(NOW), Verdict::Bad, "{kind:?}");
    }
}

#[test]
fn keys_have_their_time_and_may_be_revoked() {
    if !has("ssh-keygen", "-?") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (public, _) = key(folder.path(), "key", &["ed25519"]);
    let signature = sign(folder.path(), "key", "git");
    let verdict = |options: &str| {
        let mut ring = Keyring::default();
        assert_eq!(ring.add_allowed_signers(&format!("a@example.com {options} {public}")), []);
        ring.check(&signature, DOCUMENT).verdict(NOW)
    };
    // The moment is 2027-01-15T08:00:00Z.
    assert_eq!(verdict("namespaces=\"git\""), Verdict::Good);
    assert_eq!(verdict("namespaces=\"file\""), Verdict::MissingKey);
    assert_eq!(verdict("valid-before=\"20270115080001Z\""), Verdict::Good);
    assert_eq!(verdict("valid-before=\"20270115\""), Verdict::ExpiredKey);
    assert_eq!(verdict("valid-after=\"20270116\""), Verdict::Untrusted);
    let mut ring = Keyring::default();
    assert_eq!(ring.add_revoked_signers(&public), []);
    assert_eq!(ring.check(&signature, DOCUMENT).verdict(NOW), Verdict::RevokedKey);
    assert_eq!(ring.add_allowed_signers(&format!("a@example.com {public}")), []);
    assert_eq!(ring.check(&signature, DOCUMENT).verdict(NOW), Verdict::RevokedKey);
}

#[test]
fn a_name_in_the_signature_is_not_enough() {
    if !has("ssh-keygen", "-?") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (known, _) = key(folder.path(), "known", &["ed25519"]);
    key(folder.path(), "other", &["ed25519"]);
    let mut ring = Keyring::default();
    assert_eq!(ring.add_allowed_signers(&format!("a@example.com {known}")), []);
    assert_eq!(ring.check(&sign(folder.path(), "other", "git"), DOCUMENT).verdict(NOW), Verdict::MissingKey);
    for text in
        ["", "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----"]
    {
        assert_ne!(ring.check(text, DOCUMENT).verdict(NOW), Verdict::Good, "{text}");
    }
}
