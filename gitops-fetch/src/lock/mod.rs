//! What was got from elsewhere, pinned.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gitops_core::Need;
use thiserror::Error;

/// The name of a lock file, which lies beside where a build starts.
pub const LOCK_FILE: &str = "gitops.lock";

/// The first line of a lock file.
const VERSION: &str = "version 1";
/// Bytes of a lock file that is read.
const MAX_BYTES: u64 = 16 << 20;
/// The revision of a repository of which none was named.
const NO_REVISION: &str = "HEAD";
/// The version of a chart of which none was named.
const NO_VERSION: &str = "*";
/// The pin of a URL at which no file was.
const NO_FILE: &str = "none";

/// The pins of repositories and files, in a text that is stable and merges well: a line each, in the order of kind, address
/// and revision.
///
/// ```text
/// # What builds use from elsewhere. Written by gitops; commit it.
/// version 1
/// chart https://example.com/charts web ^1.2 1.4.0 sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
/// file https://example.com/web.yaml sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
/// repository https://github.com/org/repo v1.2.0 5ca3a8f1f3e5d5a0c9b4b64ab4fbc7d2c1c6a8d9
/// ```
///
/// `chart REPOSITORY NAME VERSION FOUND DIGEST` pins the range `VERSION`, `*` where none is named, to the version `FOUND`
/// and the SHA-256 of its archive. `file URL DIGEST` pins a file by the SHA-256 of its bytes; with `none` for the digest, no file was there and the URL
/// is a repository's. `repository ADDRESS REVISION COMMIT` pins what a branch, tag or `HEAD` names to a commit. Addresses
/// are without passwords. White space and `%` in a part are written as `%` and two hexadecimal digits. Lines that start
/// with `#` say nothing. To take something as it is now, delete its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockFile {
    pins: BTreeMap<Key, String>,
}

/// What a line is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Chart { repository: String, name: String, version: String },
    File { url: String },
    Repository { address: String, revision: String },
}

/// Why a lock file cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// A line is not one of a lock file.
    #[error("{file}:{line}: {message}")]
    Line {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The file cannot be read.
    #[error("{}: the lock file cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("{}: the lock file cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl LockFile {
    /// Reads the text of a lock file; `file` is what messages call it.
    ///
    /// # Errors
    /// Where a line is malformed, or of a later version.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let mut pins = BTreeMap::new();
        let mut version = false;
        for (index, line) in text.lines().enumerate() {
            let wrong = |message: &str| LockError::Line { file: file.into(), line: index + 1, message: message.into() };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if !version {
                if line != VERSION {
                    return Err(wrong("expected `version 1`; a later version of this program wrote the file"));
                }
                version = true;
                continue;
            }
            let parts: Vec<String> = line.split_whitespace().map(unescaped).collect();
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let (key, pin) = match parts.as_slice() {
                ["chart", repository, name, version, found, digest] if is_digest(digest) => {
                    let (repository, name, version) = ((*repository).into(), (*name).into(), (*version).into());
                    (Key::Chart { repository, name, version }, format!("{found} {digest}"))
                }
                ["file", url, NO_FILE] => (Key::File { url: (*url).into() }, String::new()),
                ["file", url, digest] if is_digest(digest) => (Key::File { url: (*url).into() }, (*digest).to_owned()),
                ["repository", address, revision, commit] if is_commit(commit) => {
                    let key = Key::Repository { address: (*address).into(), revision: (*revision).into() };
                    (key, (*commit).to_owned())
                }
                _ => {
                    return Err(wrong("expected `chart …`, `file URL DIGEST` or `repository ADDRESS REVISION COMMIT`"));
                }
            };
            if pins.insert(key, pin).is_some() {
                return Err(wrong("the line is there twice"));
            }
        }
        Ok(Self { pins })
    }

    /// Reads a lock file of the disk; one that is not there is empty.
    ///
    /// # Errors
    /// Where it cannot be read, or as [`LockFile::parse`].
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Read { path: path.into(), source };
        match fs::metadata(path) {
            Ok(meta) if meta.len() > MAX_BYTES => Err(failed(std::io::ErrorKind::FileTooLarge.into())),
            Ok(_) => Self::parse(&fs::read_to_string(path).map_err(failed)?, &path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes it to the disk, whole or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        let failed = |source| LockError::Write { path: path.into(), source };
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let mut file = builder.prefix(".gitops.lock-").tempfile_in(directory).map_err(failed)?;
        file.write_all(self.to_string().as_bytes()).map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// What something is pinned to: a commit, a digest, or an empty text where no file was.
    pub fn pin(&self, need: &Need) -> Option<&str> {
        self.pins.get(&Key::of(need)?).map(String::as_str)
    }

    /// Pins something.
    pub fn add(&mut self, need: &Need, pin: impl Into<String>) {
        if let Some(key) = Key::of(need) {
            self.pins.insert(key, pin.into());
        }
    }

    /// Whether nothing is pinned.
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }
}

impl Key {
    fn of(need: &Need) -> Option<Self> {
        match need {
            Need::File { url } => Some(Self::File { url: gitops_core::need::without_password(url).into_owned() }),
            Need::Repository(need) => Some(Self::Repository {
                address: gitops_core::need::without_password(&need.address).into_owned(),
                revision: if need.revision.is_empty() { NO_REVISION.into() } else { need.revision.clone() },
            }),
            Need::Chart(need) => Some(Self::Chart {
                repository: gitops_core::need::without_password(&need.repository).into_owned(),
                name: need.name.clone(),
                version: if need.version.is_empty() { NO_VERSION.into() } else { need.version.clone() },
            }),
            _ => None,
        }
    }
}

impl fmt::Display for LockFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "# What builds use from elsewhere. Written by gitops; commit it.\n{VERSION}")?;
        for (key, pin) in &self.pins {
            match key {
                Key::Chart { repository, name, version } => {
                    let (found, digest) = pin.split_once(' ').unwrap_or((pin, ""));
                    let parts = [repository, name, version, found].map(escaped).join(" ");
                    writeln!(out, "chart {parts} {digest}")?;
                }
                Key::File { url } if pin.is_empty() => writeln!(out, "file {} {NO_FILE}", escaped(url))?,
                Key::File { url } => writeln!(out, "file {} {pin}", escaped(url))?,
                Key::Repository { address, revision } => {
                    writeln!(out, "repository {} {} {pin}", escaped(address), escaped(revision))?;
                }
            }
        }
        Ok(())
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && is_hexadecimal(digits))
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && is_hexadecimal(text)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn escaped(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    use fmt::Write as _;
    let mut result = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_whitespace() || letter.is_control() || letter == '%' {
            let mut buffer = [0; 4];
            for byte in letter.encode_utf8(&mut buffer).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(result, "%{byte:02x}");
            }
        } else {
            result.push(letter);
        }
    }
    result
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
