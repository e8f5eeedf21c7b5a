use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::Proxy;
use super::tunnel::Tunnel;

/// Where files are kept that reach no disk.
const IN_MEMORY: &str = "/dev/shm";

/// The port of ssh.
pub(crate) const SSH: u16 = 22;

/// So many bytes of what a program says are read.
const LONGEST_LOG: u64 = 4_096;

/// What is shown to hosts, and which ones are known. Nothing of the user's own (configuration, agent, keys) is used beside.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SshOptions {
    /// The private key, as OpenSSH writes it; none shows none.
    pub key: Option<Arc<str>>,
    /// The known hosts, as OpenSSH writes them.
    pub known_hosts: Arc<str>,
    /// Whether hosts need not be known: then anybody on the way can be the host.
    pub any_host: bool,
}

/// The arguments of an ssh program, and the files that they name for as long as this lives. Only this user can read them.
pub(crate) struct SshArguments {
    pub(crate) text: String,
    /// Where the program writes what goes wrong.
    pub(crate) log: PathBuf,
    _files: Vec<NamedTempFile>,
    _tunnel: Option<Tunnel>,
}

/// Through whom a host is reached.
pub(crate) struct Through<'a> {
    pub(crate) proxy: &'a Proxy,
    pub(crate) host: &'a str,
    pub(crate) port: u16,
}

impl SshOptions {
    /// Writes the files that the program reads, in memory where the machine has such a place, and opens the way through a proxy.
    pub(crate) fn arguments(&self, through: Option<&Through<'_>>) -> io::Result<SshArguments> {
        let mut text = String::from("-F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none");
        let said = written("")?;
        let log = said.path().to_path_buf();
        text.push_str(&format!(" -o LogLevel=ERROR -E {}", plain(&log)?));
        let mut files = vec![said];
        match &self.key {
            Some(key) => {
                let file = written(&format!("{}\n", key.trim_end()))?;
                text.push_str(&format!(" -i {}", plain(file.path())?));
                files.push(file);
            }
            None => text.push_str(" -o PubkeyAuthentication=no"),
        }
        text.push_str(" -o GlobalKnownHostsFile=/dev/null");
        if self.any_host {
            text.push_str(" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null");
        } else {
            let file = written(&self.known_hosts)?;
            text.push_str(&format!(" -o StrictHostKeyChecking=yes -o UserKnownHostsFile={}", plain(file.path())?));
            files.push(file);
        }
        let tunnel = through.map(|Through { proxy, host, port }| Tunnel::open(proxy, host, *port)).transpose()?;
        if let (Some(tunnel), Some(through)) = (&tunnel, through) {
            // The first value of an option counts, so the address itself says neither host nor port any more.
            text.push_str(&format!(" -o HostName=127.0.0.1 -o Port={} -o CheckHostIP=no", tunnel.port()));
            text.push_str(&format!(" -o HostKeyAlias={}", through.known_as()?));
        }
        Ok(SshArguments { text, log, _files: files, _tunnel: tunnel })
    }
}

impl Through<'_> {
    /// What the host is called among the known ones.
    fn known_as(&self) -> io::Result<String> {
        let host = self.host.trim_matches(['[', ']']);
        if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte)) {
            return Err(io::Error::other("the name of the host is none that is asked through a proxy"));
        }
        Ok(if self.port == SSH { host.into() } else { format!("'[{host}]:{}'", self.port) })
    }
}

/// What a program wrote of what went wrong, on one line; none where it wrote nothing.
pub(crate) fn said(log: &Path) -> Option<String> {
    let mut text = Vec::new();
    File::open(log).ok()?.take(LONGEST_LOG).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(str::trim).filter(|line| !line.trim_matches('@').is_empty());
    Some(lines.collect::<Vec<_>>().join(" ")).filter(|words| !words.is_empty())
}

/// A file of this text, which its user alone may read.
fn written(text: &str) -> io::Result<NamedTempFile> {
    let in_memory = Path::new(IN_MEMORY);
    let place = if in_memory.is_dir() { PathBuf::from(in_memory) } else { std::env::temp_dir() };
    let mut builder = tempfile::Builder::new();
    builder.prefix("gitops-ssh-");
    let mut file = builder.tempfile_in(&place).or_else(|_| builder.tempfile_in(std::env::temp_dir()))?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    Ok(file)
}

/// A path that no shell reads as anything else.
fn plain(path: &Path) -> io::Result<&str> {
    let plain = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    let refused = || io::Error::other(format!("`{}` is no place for the keys of ssh", path.display()));
    path.to_str().filter(plain).ok_or_else(refused)
}

impl fmt::Debug for SshOptions {
    /// Without the key.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SshOptions").field("any_host", &self.any_host).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(arguments: &'a str, option: &str) -> &'a Path {
        let words = arguments.split_once(option).map(|(_, rest)| rest.split(' ').next().unwrap());
        Path::new(words.unwrap())
    }

    #[test]
    fn keys_and_hosts_are_files_of_the_user_alone_for_as_long_as_they_are_needed() {
        let options = SshOptions {
            key: Some("-----BEGIN KEY-----\n\n".into()),
            known_hosts: "host.example ssh-ed25519 AAAA\n".into(),
            any_host: false,
        };
        let arguments = options.arguments(None).unwrap();
        let (key, hosts) = (named(&arguments.text, "-i ").to_owned(), named(&arguments.text, "UserKnownHostsFile="));
        assert_eq!(std::fs::read_to_string(&key).unwrap(), "-----BEGIN KEY-----\n");
        assert_eq!(std::fs::read_to_string(hosts).unwrap(), &*options.known_hosts);
        assert!(arguments.text.contains("StrictHostKeyChecking=yes"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        }
        drop(arguments);
        assert!(!key.exists());
        assert!(!format!("{options:?}").contains("BEGIN"));
    }

    #[test]
    fn what_a_program_says_is_one_line() {
        let place = tempfile::tempdir().unwrap();
        let log = place.path().join("log");
        assert_eq!(said(&log), None);
        std::fs::write(&log, "@@@@@@\r\n@ CHANGED @\r\n\nHost key verification failed.\r\n").unwrap();
        assert_eq!(said(&log).unwrap(), "@ CHANGED @ Host key verification failed.");
    }

    #[test]
    fn without_a_key_none_is_shown_and_only_who_says_so_trusts_any_host() {
        let mut options = SshOptions::default();
        assert!(options.arguments(None).unwrap().text.contains("PubkeyAuthentication=no"));
        options.any_host = true;
        assert!(
            options
                .arguments(None)
                .unwrap()
                .text
                .ends_with("-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null")
        );
    }
}
