use std::fs;
use std::path::Path;

use gitops_core::Timestamp;
use gitops_signatures::{KeyError, Keyring, Verdict};
use jiff::SignedDuration;

use crate::{DOCUMENT, damaged, has, run};

/// A folder of GnuPG's, whose agent ends with it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Option<Self> {
        if !has("gpg", "--version") {
            return None;
        }
        let home = Self(tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap());
        fs::write(home.path().join("gpg.conf"), "batch\npinentry-mode loopback\npassphrase ''\ntrust-model always\n")
            .unwrap();
        Some(home)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn gpg(&self, arguments: &[&str]) -> String {
        run(self.path(), "gpg", arguments)
    }

    /// Makes a key for a name; its fingerprint.
    fn key(&self, name: &str, algorithm: &str, usage: &str, expires: &str) -> String {
        self.gpg(&["--quick-generate-key", name, algorithm, usage, expires]);
        self.fingerprints(name).remove(0)
    }

    /// The fingerprints of a key and its subkeys.
    fn fingerprints(&self, name: &str) -> Vec<String> {
        let listed = self.gpg(&["--with-colons", "--list-keys", name]);
        let fingerprints = listed.lines().filter(|line| line.starts_with("fpr:"));
        fingerprints.filter_map(|line| line.split(':').nth(9)).map(str::to_owned).collect()
    }

    fn export(&self, name: &str) -> String {
        self.gpg(&["--armor", "--export", name])
    }

    fn ring(&self, name: &str) -> Keyring {
        let mut ring = Keyring::default();
        ring.add_openpgp(&self.export(name)).unwrap();
        ring
    }

    fn sign(&self, name: &str, options: &[&str]) -> String {
        fs::write(self.path().join("document"), DOCUMENT).unwrap();
        let sign = ["--yes", "--armor", "--detach-sign", "--output", "document.asc", "--local-user", name];
        self.gpg(&[options, &sign, &["document"]].concat());
        fs::read_to_string(self.path().join("document.asc")).unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let mut end = std::process::Command::new("gpgconf");
        let _ = end.args(["--kill", "all"]).env("GNUPGHOME", self.path()).status();
    }
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn in_days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

#[test]
fn signatures_of_every_kind_of_key_are_verified() {
    let Some(home) = Home::new() else { return };
    for algorithm in ["ed25519", "rsa2048", "nistp256", "nistp384", "nistp521"] {
        let name = format!("{algorithm}@example.com");
        let fingerprint = home.key(&name, algorithm, "sign", "never");
        let signature = home.sign(&name, &[]);
        let unknown = Keyring::default().check(&signature, DOCUMENT);
        assert_eq!((unknown.verdict(now()), unknown.key.as_str()), (Verdict::MissingKey, &fingerprint[24..]));
        let ring = home.ring(&name);
        let found = ring.check(&signature, DOCUMENT);
        assert_eq!((found.verdict(now()), found.key.as_str()), (Verdict::Good, &fingerprint[24..]), "{algorithm}");
        assert!(found.is_by(&fingerprint) && found.is_by(&fingerprint[24..].to_lowercase()));
        assert!(!found.is_by(&fingerprint[32..]) && !found.is_by(""));
        assert_eq!(ring.check(&signature, b"another").verdict(now()), Verdict::Bad, "{algorithm}");
    }
}

#[test]
fn weak_digests_prove_nothing() {
    let Some(home) = Home::new() else { return };
    home.key("a@example.com", "rsa2048", "sign", "never");
    let ring = home.ring("a@example.com");
    assert_eq!(
        ring.check(&home.sign("a@example.com", &["--digest-algo", "SHA512"]), DOCUMENT).verdict(now()),
        Verdict::Good
    );
    assert_eq!(
        ring.check(&home.sign("a@example.com", &["--digest-algo", "SHA1"]), DOCUMENT).verdict(now()),
        Verdict::Bad
    );
}

#[test]
fn damage_is_seen_and_never_a_crash() {
    let Some(home) = Home::new() else { return };
    home.key("a@example.com", "ed25519", "sign", "never");
    let (ring, signature, key) =
        (home.ring("a@example.com"), home.sign("a@example.com", &[]), home.export("a@example.com"));
    for other in damaged(&signature) {
        let found = ring.check(&other, DOCUMENT);
        // What is not signed of a signature, such as its checksum, may be another.
        let is_same =
            found.verdict(now()) != Verdict::Good || ring.check(&other, b"another").verdict(now()) == Verdict::Bad;
        assert!(is_same, "{other}");
    }
    for other in damaged(&key) {
        let mut ring = Keyring::default();
        let _ = ring.add_openpgp(&other);
        assert_ne!(ring.check(&signature, b"another").verdict(now()), Verdict::Good);
    }
    for length in 0..signature.len() {
        assert_ne!(ring.check(&signature[..length], b"another").verdict(now()), Verdict::Good);
    }
    let twice = format!("{signature}{signature}");
    assert_eq!(ring.check(&twice, DOCUMENT).verdict(now()), Verdict::Bad);
    assert_eq!(Keyring::default().add_openpgp("no key"), Err(KeyError::NoKey));
}

#[test]
fn subkeys_sign_for_themselves() {
    let Some(home) = Home::new() else { return };
    let primary = home.key("a@example.com", "ed25519", "cert", "never");
    home.gpg(&["--quick-add-key", &primary, "ed25519", "sign", "never"]);
    home.gpg(&["--quick-add-key", &primary, "cv25519", "encr", "never"]);
    let subkey = home.fingerprints("a@example.com").remove(1);
    let signature = home.sign("a@example.com", &[]);
    let found = home.ring("a@example.com").check(&signature, DOCUMENT);
    assert_eq!((found.verdict(now()), found.key.as_str()), (Verdict::Good, &subkey[24..]));
    assert!(found.is_by(&subkey) && !found.is_by(&primary));
}

#[test]
fn keys_and_signatures_have_their_time() {
    let Some(home) = Home::new() else { return };
    home.key("a@example.com", "ed25519", "sign", "10d");
    let signature = home.sign("a@example.com", &["--default-sig-expire", "3d"]);
    let lasting = home.sign("a@example.com", &[]);
    let before = home.ring("a@example.com");
    let verdict = |ring: &Keyring, signature: &str, days| ring.check(signature, DOCUMENT).verdict(in_days(days));
    assert_eq!(verdict(&before, &signature, 0), Verdict::Good);
    assert_eq!(verdict(&before, &signature, 4), Verdict::ExpiredSignature);
    assert_eq!(verdict(&before, &lasting, 9), Verdict::Good);
    assert_eq!(verdict(&before, &lasting, 11), Verdict::ExpiredKey);
    // Somebody gives the key more time.
    let fingerprint = home.fingerprints("a@example.com").remove(0);
    home.gpg(&[
        "--faked-system-time",
        &format!("{}!", in_days(1).as_second()),
        "--quick-set-expire",
        &fingerprint,
        "30d",
    ]);
    assert_eq!(verdict(&home.ring("a@example.com"), &lasting, 11), Verdict::Good);
}

#[test]
fn revoked_keys_sign_nothing() {
    let Some(home) = Home::new() else { return };
    let fingerprint = home.key("a@example.com", "ed25519", "sign", "never");
    let signature = home.sign("a@example.com", &[]);
    assert_eq!(home.ring("a@example.com").check(&signature, DOCUMENT).verdict(now()), Verdict::Good);
    let prepared = home.path().join("openpgp-revocs.d").join(format!("{fingerprint}.rev"));
    let revocation = fs::read_to_string(prepared).unwrap().replace(":-----BEGIN", "-----BEGIN");
    fs::write(home.path().join("revocation"), revocation).unwrap();
    home.gpg(&["--import", "revocation"]);
    assert_eq!(home.ring("a@example.com").check(&signature, DOCUMENT).verdict(now()), Verdict::RevokedKey);
}
