//! Commits, tags and histories that real programs signed.

use std::path::Path;
use std::process::Command;

use gitops_core::Timestamp;
use gitops_core::api::{AppProject, ApplicationSource};
use gitops_core::{Object, Value};
use gitops_git::{FetchOptions, RepositoryCache};
use gitops_policy::Project;
use serde_json::json;
use tempfile::TempDir;

use super::{Demand, GPG_KEYS, IntegrityError, KeptRing, SSH_SIGNERS};
use crate::resolve::resolve_one;

/// A repository and keys to sign with.
pub(crate) struct Signing {
    folder: TempDir,
}

impl Signing {
    /// None where a program is missing.
    pub(crate) fn new() -> Option<Self> {
        let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !has("git") || !has("ssh-keygen") {
            println!("skipped: no git or ssh-keygen program");
            return None;
        }
        let signing = Self { folder: tempfile::tempdir().unwrap() };
        signing.run("git", &["init", "-q", "-b", "main", "repository"]);
        for name in ["ann", "bob"] {
            signing.run("ssh-keygen", &["-q", "-N", "", "-t", "ed25519", "-C", name, "-f", name]);
        }
        Some(signing)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_CONFIG_SYSTEM", "/dev/null").env("GNUPGHOME", self.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs git as somebody who signs with a key by that name, where it is told to sign.
    pub(crate) fn git_in(&self, repository: &Path, key: &str, arguments: &[&str]) -> String {
        let (key, repository) = (format!("user.signingKey={}", self.path().join(key).display()), repository.display());
        let repository = repository.to_string();
        let configured = ["-C", &repository, "-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
        let signing = ["-c", "gpg.format=ssh", "-c", &key];
        self.run("git", &[&configured[..], &signing, arguments].concat())
    }

    fn git(&self, key: &str, arguments: &[&str]) -> String {
        self.git_in(&self.path().join("repository"), key, arguments)
    }

    /// Commits, signed where a key is named; the commit's id.
    fn commit(&self, key: Option<&str>, message: &str) -> String {
        let sign = if key.is_some() { "-S" } else { "--no-gpg-sign" };
        self.git(key.unwrap_or_default(), &["commit", "-q", "--allow-empty", sign, "-m", message]);
        self.git("", &["rev-parse", "HEAD"])
    }

    pub(crate) fn fingerprint(&self, key: &str) -> String {
        self.run("ssh-keygen", &["-l", "-f", &format!("{key}.pub")]).split(' ').nth(1).unwrap().to_owned()
    }

    /// The ConfigMap that knows these keys.
    pub(crate) fn signers(&self, keys: &[&str]) -> Value {
        let public = |key: &&str| std::fs::read_to_string(self.path().join(format!("{key}.pub"))).unwrap();
        let lines: String = keys.iter().map(|key| format!("{key}@example.com {}", public(key))).collect();
        config_map(SSH_SIGNERS, json!({"ssh_allowed_signers": lines}))
    }

    /// What is wrong with a revision where both keys are known and these may sign.
    fn problems(&self, revision: &str, mode: &str, keys: &[&str]) -> Vec<String> {
        let keys: Vec<_> = keys.iter().map(|key| self.fingerprint(key)).collect();
        self.verify(revision, mode, &json!(keys), &[self.signers(&["ann", "bob"])]).map_or_else(unverified, |()| vec![])
    }

    fn verify(&self, revision: &str, mode: &str, keys: &Value, maps: &[Value]) -> Result<(), IntegrityError> {
        let policy = json!({"repos": [{"url": "*"}], "gpg": {"mode": mode, "keys": keys}});
        let spec = json!({"sourceIntegrity": {"git": {"policies": [policy]}}});
        let project = json!({"metadata": {"name": "shop", "namespace": "argocd"}, "spec": spec});
        let project = Project::new(serde_json::from_value::<AppProject>(project).unwrap());
        let maps: Vec<_> = maps.iter().map(|map| Some(Object::from_value(map.clone()).unwrap())).collect();
        let demand = Demand { project, ring: KeptRing::default().of(&maps), now: Timestamp::now() };
        let source = ApplicationSource::new(self.path().join("repository").display().to_string());
        let (cache, fetch) = (RepositoryCache::new(self.path().join("cache")), FetchOptions::new());
        let found = resolve_one(&source, revision, &cache, &fetch).unwrap();
        demand.verify(&[found], &cache, &fetch)
    }
}

pub(crate) fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "argocd"}, "data": data})
}

fn unverified(error: IntegrityError) -> Vec<String> {
    let IntegrityError::Unverified(problems) = error else { panic!("{error}") };
    problems
}

#[test]
fn a_commit_is_signed_by_a_key_of_the_list_or_refused_in_argo_cd_s_words() {
    let Some(signing) = Signing::new() else { return };
    let begin = signing.commit(None, "Begin");
    let who = "by 'Ann <ann@example.com>'";
    let problems = signing.problems("main", "head", &["ann"]);
    assert_eq!(problems, [format!("GIT/GPG: Failed verifying revision {begin} {who}: unsigned (key_id=)")]);
    let next = signing.commit(Some("ann"), "Next");
    assert_eq!(signing.problems("main", "head", &["ann"]), [""; 0]);
    assert_eq!(signing.problems("main", "head", &["bob", "ann"]), [""; 0]);
    let (ann, bob) = (signing.fingerprint("ann"), signing.fingerprint("bob"));
    for (keys, maps, words) in [
        (&bob, signing.signers(&["ann", "bob"]), "signed with unallowed key"),
        (&ann, signing.signers(&["bob"]), "signed with key not in keyring"),
    ] {
        let problems = unverified(signing.verify("main", "head", &json!([keys]), &[maps]).unwrap_err());
        let expected = format!("GIT/GPG: Failed verifying revision {next} {who}: {words} (key_id={ann})");
        assert_eq!(problems, [expected]);
    }
    let broken = config_map(GPG_KEYS, json!({"4AEE18F83AFDEB23": "no key"}));
    let problems = unverified(signing.verify("main", "head", &json!([ann]), &[broken]).unwrap_err());
    assert!(problems[1].contains("`4AEE18F83AFDEB23` in the ConfigMap `argocd-gpg-keys-cm`"), "{problems:?}");
    assert_eq!(signing.problems("main", "none", &[]), [""; 0]);
    // Somebody changes what was signed.
    let object = signing.git("", &["cat-file", "commit", "HEAD"]).replace("Next", "Other");
    std::fs::write(signing.path().join("object"), object + "\n").unwrap();
    let file = signing.path().join("object").display().to_string();
    let forged = signing.git("", &["hash-object", "-t", "commit", "-w", &file]);
    assert!(signing.problems(&forged, "head", &["ann"])[0].contains("bad signature (key_id=SHA256:"));
}

#[test]
fn a_tag_answers_for_its_commit() {
    let Some(signing) = Signing::new() else { return };
    signing.commit(None, "Begin");
    signing.git("ann", &["tag", "-s", "-m", "Release", "v1.0.0"]);
    signing.git("", &["tag", "-a", "-m", "Release", "v2.0.0"]);
    signing.git("", &["tag", "light"]);
    assert_eq!(signing.problems("v1.0.0", "head", &["ann"]), [""; 0]);
    assert_eq!(signing.problems("1.x", "head", &["ann"]), [""; 0]);
    let unsigned = signing.problems("v2.0.0", "head", &["ann"]);
    let words = "GIT/GPG: Failed verifying revision v2.0.0 by 'Ann \"<ann@example.com>\"': unsigned (key_id=)";
    assert_eq!(unsigned, [words]);
    assert!(signing.problems("light", "head", &["ann"])[0].contains("unsigned"));
    assert!(signing.problems("v1.0.0", "head", &["bob"])[0].contains("revision v1.0.0 by"));
    // Its commit has to be signed as well where the history has to.
    assert_eq!(signing.problems("v1.0.0", "strict", &["ann"]).len(), 1);
    signing.commit(Some("ann"), "Signed");
    signing.git("", &["tag", "-a", "-m", "Release", "v3.0.0"]);
    assert_eq!(signing.problems("v3.0.0", "head", &["ann"]).len(), 1);
}

#[test]
fn a_history_is_signed_back_to_its_seals() {
    let Some(signing) = Signing::new() else { return };
    let begin = signing.commit(None, "Begin");
    signing.commit(Some("bob"), "By another");
    signing.commit(Some("bob"), "By another again");
    signing.commit(Some("ann"), "Next");
    let problems = signing.problems("main", "strict", &["ann"]);
    assert!(
        problems.len() == 2 && problems[0].contains("unallowed key") && problems[1].contains(&begin),
        "{problems:?}"
    );
    signing.git("", &["branch", "side", &begin]);
    signing.commit(None, "Not signed\n\nArgocd-gpg-seal: nobody says so");
    assert_eq!(signing.problems("main", "strict", &["ann"]).len(), 3);
    signing.commit(Some("ann"), "Seal\n\nArgocd-gpg-seal: looked at all of it");
    signing.commit(Some("ann"), "After");
    assert_eq!(signing.problems("main", "strict", &["ann"]), [""; 0]);
    // A way around the seal to what it answers for.
    signing.git("", &["checkout", "-q", "side"]);
    signing.commit(Some("ann"), "Aside");
    signing.git("", &["checkout", "-q", "main"]);
    signing.git("ann", &["merge", "-q", "--no-ff", "-S", "-m", "Merge", "side"]);
    assert_eq!(signing.problems("main", "strict", &["ann"]), [""; 0]);
    signing.commit(None, "Not signed");
    assert_eq!(signing.problems("main", "strict", &["ann"]).len(), 1);
}

#[test]
fn keys_of_openpgp_come_from_argo_cd_s_config_map() {
    let Some(signing) = Signing::new() else { return };
    let gpg = |arguments: &[&str]| {
        let always = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
        signing.run("gpg", &[&always[..], arguments].concat())
    };
    if Command::new("gpg").arg("--version").output().is_err() {
        println!("skipped: no gpg program");
        return;
    }
    gpg(&["--quick-generate-key", "ann@example.com", "ed25519", "sign", "never"]);
    let listed = gpg(&["--with-colons", "--list-keys"]);
    let fingerprint =
        listed.lines().find(|line| line.starts_with("fpr:")).unwrap().split(':').nth(9).unwrap().to_owned();
    let id = fingerprint[24..].to_owned();
    let repository = signing.path().join("repository").display().to_string();
    let configured = ["-C", &repository, "-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
    let key = format!("user.signingKey={id}");
    signing
        .run("git", &[&configured[..], &["-c", &key, "commit", "-q", "--allow-empty", "-S", "-m", "Begin"]].concat());
    signing.run("git", &[&configured[..], &["-c", &key, "tag", "-s", "-m", "Release", "v1"]].concat());
    let keys = config_map(GPG_KEYS, json!({ id.as_str(): gpg(&["--armor", "--export"]) }));
    for revision in ["main", "v1"] {
        for listed in [&id, &fingerprint] {
            signing.verify(revision, "head", &json!([listed]), std::slice::from_ref(&keys)).unwrap();
        }
        let problems = unverified(signing.verify(revision, "head", &json!([id]), &[]).unwrap_err());
        assert!(problems[0].ends_with(&format!("signed with key not in keyring (key_id={id})")), "{problems:?}");
    }
    let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", signing.path()).status();
}
