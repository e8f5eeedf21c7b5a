//! Connections to a server: what it has, and getting it.

use std::any::Any;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gix::protocol::transport::client::blocking_io::http;
use gix::remote::Direction;
use gix::remote::fetch::{Shallow, Tags};

use super::error::classify;
use super::refs::Advertised;
use super::watch::{Counter, watched};
use super::{FetchError, FetchOptions};
use crate::access::{Caller, Login, said};
use crate::failure::Failure;
use crate::location::RemoteUrl;

/// What is asked of a server.
pub(super) struct Server<'a> {
    pub(super) repository: &'a gix::Repository,
    pub(super) url: &'a RemoteUrl,
    pub(super) caller: &'a Caller,
    pub(super) options: &'a FetchOptions,
    /// Where an ssh program writes what goes wrong.
    pub(super) log: Option<&'a Path>,
}

/// How much history comes along.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Only the commits themselves.
    Tip,
    /// As much as the repository in the cache has: all, or up to where it was cut.
    Same,
    /// All, also of what was cut before.
    All,
}

impl Server<'_> {
    /// The refs that the server has: all branches and tags, `HEAD`, and another one by its full name.
    pub(super) fn refs(&self, other: Option<&str>) -> Result<Advertised, FetchError> {
        let all = ["HEAD", "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"];
        let mut specs = all.map(str::to_owned).to_vec();
        specs.extend(other.map(Into::into));
        self.connected(&specs, self.options.refs_deadline, |connection, counter, _| {
            let (map, _) = connection.ref_map(counter, Default::default())?;
            Ok(Advertised::new(&map.remote_refs))
        })
    }

    /// Gets the objects of refs or commits, named as the server names them, and all that they need.
    pub(super) fn fetch(&self, specs: &[String], depth: Depth) -> Result<(), FetchError> {
        let shallow = match depth {
            Depth::Tip => Shallow::DepthAtRemote(NonZeroU32::MIN),
            Depth::Same => Shallow::NoChange,
            Depth::All if self.repository.is_shallow().unwrap_or(false) => Shallow::undo(),
            Depth::All => Shallow::NoChange,
        };
        self.connected(specs, self.options.deadline, move |connection, mut counter, end| {
            let prepared = connection.prepare_fetch(&mut counter, Default::default())?;
            let prepared = prepared.with_write_packed_refs_only(true);
            let outcome = prepared.with_shallow(shallow).receive(counter, end)?;
            if let gix::remote::fetch::Status::Change { write_pack_bundle, .. } = outcome.status {
                // The refs that hold these objects are written while the lock is held, so nothing collects them.
                if let Some(keep) = write_pack_bundle.keep_path {
                    std::fs::remove_file(keep).ok();
                }
            }
            Ok(())
        })
    }

    fn connected<T: Send + 'static>(
        &self,
        specs: &[String],
        deadline: Duration,
        work: impl FnOnce(Connection<'_, '_>, Counter, &AtomicBool) -> Result<T, gix::Error> + Send + 'static,
    ) -> Result<T, FetchError> {
        let login = self.caller.credentials().map(|credentials| credentials.login()).transpose();
        let login = login.map_err(|source| FetchError::Access { url: self.url.to_string(), source })?;
        let in_clear = self.url.is_clear_text();
        if in_clear && !self.caller.clear_text && matches!(login, Some(Login::Bearer(_))) {
            return Err(FetchError::ClearText { url: self.url.to_string() });
        }
        let (url, caller, specs) = (self.url.clone(), self.caller.clone(), specs.to_vec());
        let log = self.log.map(Path::to_path_buf);
        let repository = self.repository.clone().into_sync();
        watched(&self.url.to_string(), self.options, deadline, move |counter, end| {
            let refused = AtomicBool::new(false);
            let failed = |error: gix::Error| {
                let mut failure = redacted(error, login.as_ref());
                // The library passes on little of it.
                if let Some(words) = log.as_deref().and_then(said) {
                    failure = Failure::new(format!("{}: {words}", failure.text()));
                }
                let key = caller.ssh.as_ref().filter(|_| url.is_ssh()).and_then(|ssh| ssh.key.as_ref());
                let shown = login.is_some() || key.is_some();
                classify(&url, failure, &caller, shown, refused.load(Ordering::SeqCst))
            };
            let repository = repository.to_thread_local();
            let specs = specs.iter().map(String::as_str);
            let remote = repository.remote_at_without_url_rewrite(url.url.clone()).map_err(failed)?;
            let remote = remote.with_fetch_tags(Tags::None).with_refspecs(specs, Direction::Fetch).map_err(failed)?;
            let (header, mut given) = match &login {
                Some(Login::Basic(user, password)) if !in_clear || !caller.clear_text => {
                    (None, Some((user.clone(), password.clone())))
                }
                Some(login) => (Some(format!("Authorization: {}", login.authorization())), None),
                None => (None, None),
            };
            let mut connection = remote.connect(Direction::Fetch).map_err(failed)?;
            if !url.is_ssh() {
                connection = connection.with_transport_options(transport(&caller, header));
            }
            let connection = connection.with_credentials(|action| {
                use gix::credentials::helper::Action;
                let Action::Get(context) = action else { return Ok(None) };
                // Who was refused once is not sent again.
                let Some((username, password)) = given.take() else {
                    refused.store(true, Ordering::SeqCst);
                    return Ok(None);
                };
                let identity = gix::sec::identity::Account { username, password, oauth_refresh_token: None };
                Ok(Some(gix::credentials::protocol::Outcome { identity, next: context.into() }))
            });
            work(connection, counter, end).map_err(failed)
        })
    }
}

/// How HTTP is spoken with a server: with the caller's certificates and proxy, and a header that says who asks. The library
/// shows such a header to no other server that this one sends on to.
fn transport(caller: &Caller, header: Option<String>) -> Box<dyn Any> {
    let (tls, proxy) = (caller.tls.clone(), caller.proxy.clone());
    let configure: Box<http::reqwest::ConfigureClientFn> = Box::new(move |client| {
        let client = match &proxy {
            Some(proxy) => client.proxy(proxy.of_client().map_err(gix::Error::from_error)?),
            None => client,
        };
        tls.of_client(client).map_err(gix::Error::from_error)
    });
    let backend = http::reqwest::Options { configure_client: Some(configure), configure_request: None };
    Box::new(http::Options {
        extra_headers: header.into_iter().collect(),
        backend: Some(Arc::new(Mutex::new(backend))),
        ..http::Options::default()
    })
}

/// What failed, without a password that a text of a library or server may repeat.
fn redacted(error: gix::Error, login: Option<&Login>) -> Failure {
    let failure = Failure::from(error);
    match login.map(Login::secret) {
        Some(secret) if !secret.is_empty() => Failure::new(failure.text().replace(secret, gitops_core::secret::MARKER)),
        _ => failure,
    }
}

type Connection<'a, 'auth> =
    gix::remote::Connection<'a, 'auth, 'a, Box<dyn gix::protocol::transport::client::blocking_io::Transport + Send>>;
