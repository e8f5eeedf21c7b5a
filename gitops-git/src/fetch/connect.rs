//! Connections to a server: what it has, and getting it.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::remote::Direction;
use gix::remote::fetch::{Shallow, Tags};

use super::error::classify;
use super::refs::Advertised;
use super::watch::{Counter, watched};
use super::{FetchError, FetchOptions};
use crate::failure::Failure;
use crate::location::RemoteUrl;

/// What is asked of a server.
pub(super) struct Server<'a> {
    pub(super) repository: &'a gix::Repository,
    pub(super) url: &'a RemoteUrl,
    pub(super) options: &'a FetchOptions,
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
        self.connected(&specs, |connection, counter, _| {
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
        self.connected(specs, move |connection, mut counter, end| {
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
        work: impl FnOnce(Connection<'_, '_>, Counter, &AtomicBool) -> Result<T, gix::Error> + Send + 'static,
    ) -> Result<T, FetchError> {
        let (url, specs, credentials) = (self.url.clone(), specs.to_vec(), self.credentials());
        let repository = self.repository.clone().into_sync();
        watched(&self.url.to_string(), self.options, move |counter, end| {
            let refused = AtomicBool::new(false);
            let failed = |error: gix::Error| {
                let failure = redacted(error, credentials.as_ref());
                classify(&url, failure, credentials.is_some(), refused.load(Ordering::SeqCst))
            };
            let repository = repository.to_thread_local();
            let specs = specs.iter().map(String::as_str);
            let remote = repository.remote_at_without_url_rewrite(url.url.clone()).map_err(failed)?;
            let remote = remote.with_fetch_tags(Tags::None).with_refspecs(specs, Direction::Fetch).map_err(failed)?;
            let mut given = credentials.clone();
            let connection = remote.connect(Direction::Fetch).map_err(failed)?.with_credentials(|action| {
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

    /// User and password: those of the options before those of the URL.
    fn credentials(&self) -> Option<(String, String)> {
        let given = self.options.credentials.as_ref().map(|given| (given.user.clone(), given.password.clone()));
        let in_url = || Some((self.url.user.clone().unwrap_or_default(), self.url.password.clone()?));
        given.or_else(in_url)
    }
}

/// What failed, without a password that a text of a library or server may repeat.
fn redacted(error: gix::Error, credentials: Option<&(String, String)>) -> Failure {
    let failure = Failure::from(error);
    match credentials {
        Some((_, password)) if !password.is_empty() => {
            Failure::new(failure.text().replace(password, gitops_core::secret::MARKER))
        }
        _ => failure,
    }
}

type Connection<'a, 'auth> =
    gix::remote::Connection<'a, 'auth, 'a, Box<dyn gix::protocol::transport::client::blocking_io::Transport + Send>>;
