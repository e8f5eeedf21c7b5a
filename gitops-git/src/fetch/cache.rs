use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Instant;
use std::{fs, io};

use gitops_core::Digest;

use super::asked::Asked;
use super::connect::{Depth, Server};
use super::groups::Groups;
use super::lock::Lock;
use super::opened::Opened;
use super::refs::Advertised;
use super::{FetchError, FetchOptions};
use crate::access::{Caller, SSH, SshArguments, Through};
use crate::callers::folder_of_caller;
use crate::commit::CommitId;
use crate::failure::Failure;
use crate::location::{Location, RemoteUrl};
use crate::open::{Repository, isolated};
use crate::revision::{Target, target, unknown, with_prefix};

/// Packs of a repository, of which each fetch adds one. With more, it is fetched anew: each look for an object asks every
/// pack.
const MAX_PACKS: usize = 50;

/// A directory of bare repositories, one for each URL, shared by everything that fetches them.
///
/// Several processes may use it at once: each repository has a lock file, which a process that dies gives back. Refs are
/// replaced all at once after their objects are there, so a fetch that is killed leaves the last state whole, and what
/// it left behind is removed by the next. Readers need no lock.
#[derive(Debug, Clone)]
pub struct RepositoryCache {
    directory: PathBuf,
    /// Folders below which local repositories may lie; anywhere where none is said.
    local: Option<Vec<PathBuf>>,
    opened: Opened,
    asked: Asked,
    groups: Groups,
}

impl RepositoryCache {
    /// A cache in a directory, which is made when something is fetched.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let (opened, asked, groups) = (Opened::default(), Asked::default(), Groups::default());
        Self { directory: directory.into(), local: None, opened, asked, groups }
    }

    /// Opens local repositories only below these folders: who writes an address must not thereby read this machine's disk.
    #[must_use]
    pub fn with_local_below(mut self, folders: Vec<PathBuf>) -> Self {
        self.local =
            Some(folders.iter().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone())).collect());
        self
    }

    /// Opens a local repository where it lies, or fetches a remote one and opens it in the cache.
    ///
    /// A path or `file://` URL starts no program and needs no cache. `http(s)://` uses this process alone. `ssh://`
    /// starts the user's ssh program and nothing else.
    ///
    /// # Errors
    /// [`FetchError`]. Where a revision was asked for and the remote has none of that name, it names similar ones.
    pub fn open(&self, location: &str, options: &FetchOptions) -> Result<Repository, FetchError> {
        self.open_at(&Location::parse(location)?, options)
    }

    /// As [`RepositoryCache::open`], for a place that was read before.
    ///
    /// # Errors
    /// As [`RepositoryCache::open`].
    pub fn open_at(&self, location: &Location, options: &FetchOptions) -> Result<Repository, FetchError> {
        match location {
            Location::Local(path) => {
                self.allows(path)?;
                Ok(self.opened.open(path)?)
            }
            Location::Remote(url) => self.fetched(url, options),
        }
    }

    /// Links are followed before a folder is compared, so that none leads out of it.
    fn allows(&self, path: &Path) -> Result<(), FetchError> {
        let Some(folders) = &self.local else { return Ok(()) };
        let real = path.canonicalize().ok();
        match real.is_some_and(|real| folders.iter().any(|folder| real.starts_with(folder))) {
            true => Ok(()),
            false => Err(FetchError::LocalRefused { path: path.into() }),
        }
    }

    /// Where the repository of a URL is kept for a caller: its last name for people, a digest of the whole against mix-ups.
    ///
    /// Who asks decides what a server shows. So what one caller got lies in a place of its own, in which no other one looks:
    /// neither for objects nor for whether the server was asked before. Who may not show somebody's credentials cannot read what
    /// these got, whatever commit or address he names.
    fn place(&self, url: &RemoteUrl, caller: &Caller) -> PathBuf {
        let text = url.to_string();
        let text = text.trim_end_matches('/').trim_end_matches(".git");
        let name: String = text
            .rsplit(['/', ':'])
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_'))
            .take(40)
            .collect();
        let partition = caller.partition();
        let parts = [Some(text), Some(url.user.as_deref().unwrap_or_default()), partition.as_deref()];
        let digest = Digest::of_parts(parts.into_iter().flatten().map(str::as_bytes));
        let digest = digest.as_str().trim_start_matches("sha256:").get(..24).unwrap_or_default().to_owned();
        let group = caller.group().map(|group| folder_of_caller(&self.directory, &group));
        group.unwrap_or_else(|| self.directory.clone()).join(format!("{name}-{digest}.git"))
    }

    /// Removes what callers got whose [group](Caller::group) is not among these, but for what is being read or fetched; how many groups
    /// stay for that. What nobody in particular got stays too.
    ///
    /// # Errors
    /// Where the folder of the cache cannot be read, or something cannot be removed.
    pub fn sweep(&self, keep: &BTreeSet<String>) -> io::Result<usize> {
        let forget = |folder: &Path| {
            self.asked.forget(folder);
            self.opened.forget(folder);
        };
        self.groups.sweep(&self.directory, keep, forget)
    }

    fn fetched(&self, url: &RemoteUrl, options: &FetchOptions) -> Result<Repository, FetchError> {
        let caller = options.caller(url).map_err(|source| FetchError::Access { url: url.to_string(), source })?;
        let hold = caller.group().map(|group| self.groups.hold(&group));
        Ok(self.fetched_as(url, &caller, options)?.held(hold))
    }

    fn fetched_as(&self, url: &RemoteUrl, caller: &Caller, options: &FetchOptions) -> Result<Repository, FetchError> {
        let place = self.place(url, caller);
        if options.offline {
            let none = || FetchError::Offline { url: url.to_string() };
            return if place.exists() { Ok(Repository::open(&place)?) } else { Err(none()) };
        }
        let since = options.since.unwrap_or_else(Instant::now);
        let answers = self.asked.of(&place);
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.serve(options.revision.as_deref(), since) {
            return Ok(self.opened.open(&place)?);
        }
        if let Some(why) = answers.failure(since) {
            return Err(why);
        }
        let asked = Instant::now();
        if let Some(tell) = &options.on_ask {
            tell(&url.to_string());
        }
        let repository = self.ask(&place, url, caller, options);
        match &repository {
            Ok(_) => answers.note(options.revision.as_deref(), asked),
            Err(why) => answers.note_failure(why, Instant::now()),
        }
        repository
    }

    fn ask(
        &self,
        place: &Path,
        url: &RemoteUrl,
        caller: &Caller,
        options: &FetchOptions,
    ) -> Result<Repository, FetchError> {
        let folder = place.parent().unwrap_or(&self.directory);
        fs::create_dir_all(folder).map_err(cache_error(folder))?;
        let _lock = Lock::acquire(&place.with_extension("lock"), options.lock_deadline)?;
        prepare(place)?;
        let crowded = packs(place) > MAX_PACKS;
        let working = if crowded { place.with_extension("new") } else { place.to_path_buf() };
        if crowded {
            create(&working)?;
        }
        update(&working, url, caller, options)?;
        if crowded {
            // Who reads the old one finds the same objects at the same path.
            let old = place.with_extension("old");
            fs::rename(place, &old).map_err(cache_error(place))?;
            fs::rename(&working, place).map_err(cache_error(place))?;
            fs::remove_dir_all(&old).map_err(cache_error(&old))?;
        }
        Ok(self.opened.open(place)?)
    }
}

/// Brings a repository of the cache to the remote's state.
fn update(place: &Path, url: &RemoteUrl, caller: &Caller, options: &FetchOptions) -> Result<(), FetchError> {
    let (host, port) = url.host_and_port();
    let through = caller.proxy.as_ref().map(|proxy| Through { proxy, host, port: port.unwrap_or(SSH) });
    let ssh = caller.ssh.as_ref().filter(|_| url.is_ssh()).map(|ssh| ssh.arguments(through.as_ref()));
    let ssh = ssh.transpose().map_err(cache_error(place))?;
    let repository = open_with(place, options, ssh.as_ref())?;
    let log = ssh.as_ref().map(|ssh| ssh.log.as_path());
    let server = Server { repository: &repository, url, caller, options, log };
    let revision = options.revision.as_deref();
    let advertised = server.refs(revision.filter(|revision| revision.starts_with("refs/")))?;
    // First, as a new branch `a/b` cannot stand beside an old one `a`.
    let failed = |source| FetchError::Cache { path: place.into(), source };
    advertised.remove_others(&repository).map_err(failed)?;
    match revision {
        None => everything(&server, &advertised)?,
        Some(revision) => only(&server, &advertised, revision)?,
    }
    advertised.store(&repository).map_err(failed)
}

/// Fetches all branches and tags with their history.
fn everything(server: &Server<'_>, advertised: &Advertised) -> Result<(), FetchError> {
    use crate::revision::Refs as _;
    let names = |prefix| advertised.names(prefix).unwrap_or_default();
    if names("refs/").is_empty() && advertised.object("HEAD").is_none() {
        return Ok(());
    }
    let mut specs = vec!["+refs/heads/*:refs/heads/*".to_owned(), "+refs/tags/*:refs/tags/*".into()];
    if advertised.object("HEAD").is_some() {
        specs.push("HEAD".into());
    }
    server.fetch(&specs, Depth::All)
}

/// Fetches what one revision needs, if it is not there yet.
fn only(server: &Server<'_>, advertised: &Advertised, revision: &str) -> Result<(), FetchError> {
    let repository = server.repository;
    let no_revision = |source| FetchError::Revision { url: server.url.to_string(), source };
    let found = target(advertised, revision).map_err(no_revision)?;
    let (spec, wanted) = match &found {
        Target::Ref { name, id } => (name.clone(), *id),
        Target::Id(id) => (id.to_string(), *id),
        Target::Prefix(prefix) => {
            if with_prefix(repository, prefix).map_err(no_revision)?.is_none() {
                everything(server, advertised)?;
                let found = with_prefix(repository, prefix).map_err(no_revision)?;
                found.ok_or_else(|| no_revision(unknown(advertised, revision)))?;
            }
            return Ok(());
        }
    };
    // The object of an annotated tag is needed as well as its commit.
    let named = advertised.object(&spec).unwrap_or(wanted);
    if repository.has_object(wanted) && repository.has_object(named) {
        return Ok(());
    }
    let fresh = repository.is_shallow().unwrap_or(false)
        || repository.references().is_ok_and(|refs| refs.all().is_ok_and(|mut all| all.next().is_none()));
    let depth = if fresh { Depth::Tip } else { Depth::Same };
    match server.fetch(&[spec], depth) {
        Ok(()) if repository.has_object(wanted) && is_whole(repository, wanted) => return Ok(()),
        Ok(()) | Err(FetchError::Server { .. } | FetchError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    // The server gives no single commits, or no history cut short.
    everything(server, advertised)?;
    match repository.has_object(wanted) {
        true => Ok(()),
        false => Err(no_revision(crate::ResolveError::UnknownCommit { id: CommitId(wanted).to_string() })),
    }
}

/// Whether the parents of a commit are there, or known to be cut off.
fn is_whole(repository: &gix::Repository, commit: gix::ObjectId) -> bool {
    let parents = |commit: gix::Commit<'_>| commit.parent_ids().all(|parent| repository.has_object(parent));
    repository.is_shallow().unwrap_or(false) || repository.find_commit(commit).is_ok_and(parents)
}

/// Makes the repository where it is missing, and removes what a process that died left of it. The lock is held.
fn prepare(place: &Path) -> Result<(), FetchError> {
    let old = place.with_extension("old");
    if !place.exists() && old.exists() {
        fs::rename(&old, place).map_err(cache_error(place))?;
    }
    for leftover in ["new", "old", "init"].map(|extension| place.with_extension(extension)) {
        if leftover.exists() {
            fs::remove_dir_all(&leftover).map_err(cache_error(&leftover))?;
        }
    }
    if !place.join("HEAD").exists() {
        return create(place);
    }
    remove_leftovers(place, 0);
    Ok(())
}

/// Makes an empty repository, which is there whole or not at all.
fn create(place: &Path) -> Result<(), FetchError> {
    let fresh = place.with_extension("init");
    gix::ThreadSafeRepository::init_opts(&fresh, gix::create::Kind::Bare, Default::default(), isolated())
        .map_err(|error| FetchError::Cache { path: place.into(), source: error.into() })?;
    fs::rename(&fresh, place).map_err(cache_error(place))
}

fn packs(place: &Path) -> usize {
    let entries = fs::read_dir(place.join("objects/pack")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "pack")).count()
}

/// Lock files and unfinished packs: whoever made them is gone, as the lock is held.
fn remove_leftovers(directory: &Path, depth: usize) {
    // `objects/ab/` holds whole files only; refs may nest as deep as their names.
    if depth > 16 || directory.file_name().is_some_and(|name| name.len() == 2) {
        return;
    }
    let in_packs = directory.file_name().is_some_and(|name| name == "pack");
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_leftovers(&path, depth + 1);
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let unfinished = in_packs && !matches!(extension, "pack" | "idx" | "rev" | "keep");
        if extension == "lock" || unfinished {
            fs::remove_file(&path).ok();
        }
    }
}

fn open_with(place: &Path, options: &FetchOptions, ssh: Option<&SshArguments>) -> Result<gix::Repository, FetchError> {
    // A server that stops answering must not hold a fetch forever: ssh asks it for a sign of life.
    let default = "ssh -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=4";
    let mut program = options.ssh_command.as_deref().unwrap_or(default).to_owned();
    if let Some(arguments) = ssh {
        program = format!("{program} {}", arguments.text);
    }
    let overrides =
        [format!("core.sshCommand={program}"), "ssh.variant=ssh".into(), "gitoxide.userAgent=gitops".into()];
    let opened = gix::ThreadSafeRepository::open_opts(place, isolated().config_overrides(overrides));
    let opened = opened.map_err(|error| FetchError::Cache { path: place.into(), source: Failure::from(error) })?;
    Ok(opened.to_thread_local())
}

fn cache_error(path: &Path) -> impl Fn(std::io::Error) -> FetchError {
    let path = path.to_path_buf();
    move |source| FetchError::Cache { path: path.clone(), source: source.into() }
}
