use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use gitops_core::tree::{ArchiveLimits, TreePath, pack};
use gitops_core::{Timestamp, Tree};
use gitops_fetch::{LOCK_FILE, LockFile, LockMode, Session};
use gitops_git::FolderTree;
use gitops_render::Limits;
use gitops_render::helm::{Chart, Metadata, Requirement, lock_text, requirements};
use serde_json::json;

use super::source::{Charts, archive_of, fetcher};
use crate::arguments::{
    AccessArguments, ChartSourceArguments, DependencyBuildArguments, DependencyListArguments, GlobalArguments,
    ListFormat,
};
use crate::failure::Failure;
use crate::output::stream::{self, print_line};
use crate::output::{self, table};

/// How dependencies are built.
struct Build<'a> {
    folder: &'a Path,
    access: &'a AccessArguments,
    /// Versions are looked for anew.
    update: bool,
    locked: bool,
}

pub(super) fn build(arguments: &DependencyBuildArguments, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    let DependencyBuildArguments { chart, update, locked, access } = arguments;
    let built = Build { folder: chart, access, update: *update, locked: *locked }.run(global)?;
    for (requirement, archive) in &built {
        let Requirement { name, version, repository, .. } = requirement;
        print_line!("{name} {version} from {repository} in {archive}")?;
    }
    if built.is_empty() {
        print_line!("no chart is to be got for {}", chart.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts the charts that a chart asks for into its folder, at their newest versions.
pub(in crate::commands) fn update(
    folder: &Path,
    access: &AccessArguments,
    global: &GlobalArguments,
) -> Result<(), Failure> {
    Build { folder, access, update: true, locked: false }.run(global).map(drop)
}

impl Build<'_> {
    fn run(&self, global: &GlobalArguments) -> Result<Vec<(Requirement, String)>, Failure> {
        let (tree, path) = FolderTree::around(self.folder)?;
        let chart = Chart::read(&tree, &path, &Limits::default())?;
        let named = if chart.metadata.api_version == "v1" { "requirements.lock" } else { "Chart.lock" };
        let lock = self.folder.join(named);
        let anew = self.update || !lock.exists();
        let wanted = if anew { Requirement::of(&chart.metadata) } else { requirements(&chart, &tree, &path)? };
        let addresses: Vec<&str> = wanted.iter().map(|one| one.repository.as_str()).collect();
        let fetcher = fetcher(global, self.access, &addresses)?;
        let pins = self.folder.join(LOCK_FILE);
        let mode = if self.locked { LockMode::Locked } else { LockMode::Add };
        let known = if self.update { LockFile::default() } else { LockFile::read(&pins)? };
        let mut session = Session::new(&fetcher, known.clone()).with_mode(mode);
        let mut archives = Vec::new();
        for requirement in &wanted {
            let bytes = if requirement.folder().is_some() {
                packed(&tree, &path, requirement)?
            } else {
                match requirement.need(self.access.pass_credentials).map_err(Failure::new)? {
                    Some(need) => archive_of(&fetcher, &need, &mut session)?,
                    None => continue,
                }
            };
            archives.push((requirement, bytes));
        }
        let built = self.write(&archives)?;
        if anew && !built.is_empty() {
            let found: Vec<Requirement> = Requirement::found(&wanted, built.iter().map(|(found, _)| found));
            let text = lock_text(&chart.metadata, &found, &Timestamp::now().to_string());
            fs::write(&lock, text).map_err(failed(&lock))?;
        }
        if !self.locked && *session.lock() != known {
            session.lock().write(&pins)?;
        }
        Ok(built)
    }

    /// Writes archives into `charts/`, and takes away those that they replace.
    fn write(&self, archives: &[(&Requirement, Vec<u8>)]) -> Result<Vec<(Requirement, String)>, Failure> {
        let charts = self.folder.join("charts");
        let mut built = Vec::new();
        for (requirement, bytes) in archives {
            let metadata = Chart::in_archive(bytes, &ArchiveLimits::default())?.metadata;
            fs::create_dir_all(&charts).map_err(failed(&charts))?;
            let file = format!("{}-{}.tgz", metadata.name, metadata.version);
            fs::write(charts.join(&file), bytes).map_err(failed(&charts.join(&file)))?;
            let mut found = (*requirement).clone();
            found.version.clone_from(&metadata.version);
            built.push((found, file));
        }
        let names: BTreeSet<&str> = built.iter().map(|(found, _)| found.name.as_str()).collect();
        let kept: BTreeSet<&str> = built.iter().map(|(_, file)| file.as_str()).collect();
        for entry in fs::read_dir(&charts).into_iter().flatten().flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if !file.ends_with(".tgz") || kept.contains(file.as_str()) {
                continue;
            }
            let of = fs::read(&path).ok().and_then(|bytes| Chart::in_archive(&bytes, &ArchiveLimits::default()).ok());
            if of.is_some_and(|chart| names.contains(chart.name())) {
                fs::remove_file(&path).map_err(failed(&path))?;
            }
        }
        Ok(built)
    }
}

/// The archive of a chart that lies in a folder beside.
fn packed(tree: &dyn Tree, path: &TreePath, requirement: &Requirement) -> Result<Vec<u8>, Failure> {
    let folder = path.join(requirement.folder().unwrap_or_default())?;
    let metadata = Chart::read(tree, &folder, &Limits::default())?.metadata;
    requirement.check(&metadata)?;
    let files = Chart::files_in(tree, &folder, &Limits::default())?;
    Ok(pack(&metadata.name, files.iter().map(|file| (file.name.as_str(), &*file.data)))?)
}

pub(super) fn list(arguments: &DependencyListArguments, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    let charts = Charts::new(global, &ChartSourceArguments::default(), &arguments.chart)?;
    let chart = charts.get(&arguments.chart, &mut charts.session(LockFile::default()))?.chart()?;
    let rows: Vec<(Requirement, &str)> = Requirement::of(&chart.metadata)
        .into_iter()
        .map(|requirement| {
            let status = status(&requirement, chart.dependencies.iter().map(|below| &below.metadata));
            (requirement, status)
        })
        .collect();
    if arguments.output == ListFormat::Json {
        let row = |(requirement, status): &(Requirement, &str)| {
            let Requirement { name, version, repository, .. } = requirement;
            json!({"name": name, "version": version, "repository": repository, "status": status})
        };
        output::json(&rows.iter().map(row).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |(requirement, status): (Requirement, &str)| {
        let Requirement { name, version, repository, .. } = requirement;
        vec![name, version, repository, status.to_owned()]
    };
    let text = table::render(&["NAME", "VERSION", "REPOSITORY", "STATUS"], rows.into_iter().map(row));
    stream::text(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a chart is there, in helm's words.
fn status<'m>(requirement: &Requirement, mut there: impl Iterator<Item = &'m Metadata> + Clone) -> &'static str {
    if !there.clone().any(|metadata| metadata.name == requirement.name) {
        return "missing";
    }
    let fits = there.any(|metadata| metadata.name == requirement.name && requirement.check(metadata).is_ok());
    if fits { "ok" } else { "wrong version" }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure + use<> {
    let name = path.display().to_string();
    move |error| Failure::new(format!("{name}: {error}"))
}
