//! Charts as a person names them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use gitops_core::need::ChartNeed;
use gitops_core::tree::{ArchiveLimits, Tree, TreePath, unpack};
use gitops_core::{Answer, Need};
use gitops_fetch::{Fetcher, LockFile, Session, WebCredentials, WebOptions};
use gitops_git::{FetchOptions, FolderTree};
use gitops_render::Limits;
use gitops_render::helm::{Chart, ChartFile};

use crate::arguments::{AccessArguments, ChartSourceArguments, GlobalArguments};
use crate::context::keep_out_of_git;
use crate::failure::Failure;
use crate::output::progress::Progress;

/// Bytes of a packed chart.
const MAX_ARCHIVE_BYTES: u64 = 64 << 20;
/// Every version, pre-releases too.
const ANY: &str = ">0.0.0-0";

/// Who gets charts, and from where.
pub(in crate::commands) struct Charts {
    fetcher: Fetcher,
    source: ChartSourceArguments,
}

/// A chart that was found.
pub(in crate::commands) enum Found {
    /// In a folder of a tree.
    Folder(Arc<dyn Tree>, TreePath),
    /// An archive.
    Archive(Vec<u8>),
}

impl Charts {
    /// Gets a chart that is named so.
    pub(in crate::commands) fn new(
        global: &GlobalArguments,
        source: &ChartSourceArguments,
        chart: &str,
    ) -> Result<Self, Failure> {
        let address = source.repo.as_deref().unwrap_or(chart);
        Ok(Self { fetcher: fetcher(global, &source.access, &[address])?, source: source.clone() })
    }

    pub(in crate::commands) fn session(&self, lock: LockFile) -> Session<'_> {
        Session::new(&self.fetcher, lock)
    }

    /// The chart: a folder, an archive, the URL of one, `oci://HOST/PATH`, or a name of the repository.
    pub(in crate::commands) fn get(&self, chart: &str, session: &mut Session<'_>) -> Result<Found, Failure> {
        let path = Path::new(chart);
        if let Some(repository) = &self.source.repo {
            return self.fetched(repository, chart, session);
        }
        if path.is_dir() {
            return Ok(Found::Folder(Arc::new(FolderTree::open(path)?), TreePath::root()));
        }
        if path.is_file() {
            return fs::read(path).map(Found::Archive).map_err(|error| Failure::new(format!("{chart}: {error}")));
        }
        if let Some((registry, name)) = chart.strip_prefix("oci://").and_then(|rest| rest.rsplit_once('/')) {
            let (name, version) = oci_name(name);
            let charts = Self { fetcher: self.fetcher.clone(), source: self.source.clone() };
            return match version {
                Some(version) => Self { source: ChartSourceArguments { version, ..charts.source }, ..charts }.fetched(
                    &format!("oci://{registry}"),
                    name,
                    session,
                ),
                None => charts.fetched(&format!("oci://{registry}"), name, session),
            };
        }
        if chart.starts_with("http://") || chart.starts_with("https://") {
            let need = Need::File { url: chart.to_owned() };
            let _progress = Progress::new(format!("getting {need}"));
            session.provide(std::slice::from_ref(&need))?;
            return match session.provided().get(&need) {
                Some(Answer::File(bytes)) => Ok(Found::Archive(bytes.to_vec())),
                _ => Err(Failure::new(format!("{need}: no such file"))),
            };
        }
        Err(Failure::new(format!("`{chart}` is no folder and no file")).hint(
            "name the folder of a chart, its archive, `oci://HOST/PATH`, or a chart of a repository with --repo URL",
        ))
    }

    fn fetched(&self, repository: &str, name: &str, session: &mut Session<'_>) -> Result<Found, Failure> {
        let source = &self.source;
        let mut need = ChartNeed::new(repository, name);
        need.version.clone_from(&source.version);
        if need.version.is_empty() && source.devel {
            need.version = ANY.into();
        }
        need.pass_credentials = source.access.pass_credentials;
        archive_of(&self.fetcher, &Need::Chart(need), session).map(Found::Archive)
    }
}

/// The archive of a chart that is fetched where it is not kept already.
pub(super) fn archive_of(fetcher: &Fetcher, need: &Need, session: &mut Session<'_>) -> Result<Vec<u8>, Failure> {
    let _progress = Progress::new(format!("getting {need}"));
    session.provide(std::slice::from_ref(need)).map_err(|error| {
        Failure::from(error)
            .hint_where("with the status 401", "say who you are with --username and --password")
            .hint_where("is not in `gitops.lock`", "get it once without --locked, and commit the file")
    })?;
    match session.provided().get(need) {
        Some(Answer::Chart { digest, .. }) => {
            let bytes = fetcher.stored(digest);
            let unkept =
                || Failure::new(format!("{need}: the archive cannot be kept")).hint("make --data-dir writable");
            bytes.map(|bytes| bytes.to_vec()).ok_or_else(unkept)
        }
        _ => Err(Failure::new(format!("`{need}` is no chart"))),
    }
}

/// Who gets charts, as someone that is known under these addresses.
pub(super) fn fetcher(
    global: &GlobalArguments,
    access: &AccessArguments,
    addresses: &[&str],
) -> Result<Fetcher, Failure> {
    let read = |path: &Path| fs::read(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())));
    let mut options = WebOptions::default();
    options.max_bytes = MAX_ARCHIVE_BYTES;
    options.plain_http = access.plain_http;
    options.tls.insecure = access.insecure_skip_tls_verify;
    if let Some(file) = &access.ca_file {
        options.tls.authorities = read(file)?;
    }
    if let (Some(certificate), Some(key)) = (&access.cert_file, &access.key_file) {
        options.tls.identity = [read(certificate)?, b"\n".to_vec(), read(key)?].concat();
    }
    if let (Some(user), Some(password)) = (&access.username, &access.password) {
        let credentials = |address: &&str| WebCredentials::basic(*address, user, password);
        options.credentials = addresses.iter().map(credentials).collect();
    }
    if global.data_dir.is_dir() {
        keep_out_of_git(&global.data_dir)?;
    }
    let fetcher = Fetcher::new(&global.data_dir).with_options(FetchOptions::new().ssh_from_environment());
    Ok(fetcher.with_web(options))
}

/// The name, and the tag or digest that may stand behind it.
fn oci_name(text: &str) -> (&str, Option<String>) {
    if let Some((name, digest)) = text.split_once('@') {
        return (name, Some(digest.to_owned()));
    }
    match text.split_once(':') {
        Some((name, tag)) => (name, Some(tag.to_owned())),
        None => (text, None),
    }
}

impl Found {
    /// The chart itself.
    pub(in crate::commands) fn chart(&self) -> Result<Chart, Failure> {
        match self {
            Self::Folder(tree, path) => Ok(Chart::read(&**tree, path, &Limits::default())?),
            Self::Archive(bytes) => Ok(Chart::in_archive(bytes, &ArchiveLimits::default())?),
        }
    }

    /// Its files, without those that are ignored.
    pub(super) fn files(&self) -> Result<Vec<ChartFile>, Failure> {
        match self {
            Self::Folder(tree, path) => Ok(Chart::files_in(&**tree, path, &Limits::default())?),
            Self::Archive(bytes) => {
                let tree = unpack(bytes, &ArchiveLimits::default())?;
                let mut files = Vec::new();
                collect(&tree, &TreePath::root(), &mut files)?;
                Ok(files)
            }
        }
    }
}

fn collect(tree: &dyn Tree, folder: &TreePath, files: &mut Vec<ChartFile>) -> Result<(), Failure> {
    for entry in tree.list(folder)?.unwrap_or_default() {
        let path = folder.child(&entry.name);
        match tree.read(&path)? {
            Some(blob) => files.push(ChartFile::new(path.as_str(), blob.bytes)),
            None => collect(tree, &path, files)?,
        }
    }
    Ok(())
}
