use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::access::{Access, AccessError, Caller, Credentials};
use crate::location::RemoteUrl;

/// Who is told the address of a server.
pub type OnAsk = Arc<dyn Fn(&str) + Send + Sync>;

/// How a repository is fetched.
#[derive(Clone)]
#[non_exhaustive]
pub struct FetchOptions {
    /// The only revision that is needed. Then no more than its commit is fetched where the server allows it, without
    /// the history before it; where it does not, everything is. None fetches all branches and tags with their history.
    pub revision: Option<String>,
    /// Take what the cache has, without asking the server. Fails where the cache has nothing.
    pub offline: bool,
    /// An answer that the server gave to this process serves, where it was asked for at this moment or later. None means now:
    /// the server is asked, once for all who do so at the same time.
    pub since: Option<Instant>,
    /// Who to be for the server; credentials in the URL come second. For ssh, the user's own agent and keys serve.
    pub credentials: Option<Credentials>,
    /// Who to be for which server, asked for each; it comes before the credentials here and in URLs.
    pub access: Option<Arc<dyn Access>>,
    /// The ssh program with its arguments, in the place of `ssh`.
    pub ssh_command: Option<String>,
    /// The longest time for a fetch.
    pub deadline: Duration,
    /// The longest time until a server has said which refs it has.
    pub refs_deadline: Duration,
    /// The longest time to wait for another process that fetches the same repository.
    pub lock_deadline: Duration,
    /// Bytes that the server may send.
    pub max_bytes: u64,
    /// Set from outside to end the fetch early.
    pub interrupt: Arc<AtomicBool>,
    /// Called with the address of each server before it is asked for its refs.
    pub on_ask: Option<OnAsk>,
    /// Called a few times a second with the bytes received so far.
    pub on_progress: Option<Arc<dyn Fn(u64) + Send + Sync>>,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            revision: None,
            offline: false,
            since: None,
            credentials: None,
            access: None,
            ssh_command: None,
            deadline: Duration::from_secs(600),
            refs_deadline: Duration::from_secs(600),
            lock_deadline: Duration::from_secs(120),
            max_bytes: 8 << 30,
            interrupt: Arc::default(),
            on_ask: None,
            on_progress: None,
        }
    }
}

impl FetchOptions {
    /// Everything is fetched, as nobody, within ten minutes for each question and 8 GiB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Who to be for the server of an address.
    pub(super) fn caller(&self, url: &RemoteUrl) -> Result<Caller, AccessError> {
        let caller = match &self.access {
            Some(access) => access.caller(&url.to_string())?,
            None => Caller::anybody(),
        };
        let in_url = || Some(Credentials::new(url.user.clone().unwrap_or_default(), url.password.clone()?));
        if caller.credentials().is_some() {
            return Ok(caller);
        }
        Ok(match self.credentials.clone().or_else(in_url) {
            Some(credentials) => caller.showing(credentials),
            None => caller,
        })
    }

    /// Fetches only what this revision needs.
    #[must_use]
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = Some(revision.into());
        self
    }

    /// Takes the ssh program from `GIT_SSH_COMMAND` or `GIT_SSH`, as git does.
    #[must_use]
    pub fn ssh_from_environment(mut self) -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        self.ssh_command = set("GIT_SSH_COMMAND").or_else(|| set("GIT_SSH"));
        self
    }
}

impl fmt::Debug for FetchOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FetchOptions")
            .field("revision", &self.revision)
            .field("offline", &self.offline)
            .field("credentials", &self.credentials)
            .field("deadline", &self.deadline)
            .field("refs_deadline", &self.refs_deadline)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}
