//! A folder of files that define Applications, sets of them and their projects, in place of a cluster's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gitops_controller::{ApplicationSets, Applications, Projects, address};
use gitops_core::Cluster;
use gitops_core::api::{AppProject, Application, ApplicationSet};
use gitops_core::decode::{self, AnyKind};

use crate::failure::Failure;

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_millis(500);

/// The folder, with what is known of its files.
pub(crate) struct Folder {
    path: PathBuf,
    projects: Projects,
    seen: BTreeMap<PathBuf, SystemTime>,
}

impl Folder {
    /// A folder whose definitions are in the projects' namespace where they name none.
    pub(crate) fn new(path: PathBuf, projects: Projects) -> Self {
        Self { path, projects, seen: BTreeMap::new() }
    }

    /// Defines what every file has that is new or changed: projects first, without which Applications are refused.
    pub(crate) async fn define(&mut self, cluster: &dyn Cluster) -> Result<(), Failure> {
        let mut files = files(&self.path)?;
        files.retain(|(file, changed)| self.seen.get(file) != Some(changed));
        let mut defined = Definitions::default();
        let mut failed = None;
        files.retain(|(file, _)| match Definitions::read(file, &self.projects.namespace) {
            Ok(one) => {
                defined.projects.extend(one.projects);
                defined.applications.extend(one.applications);
                defined.sets.extend(one.sets);
                true
            }
            Err(failure) => {
                failed.get_or_insert(failure);
                false
            }
        });
        for project in &defined.projects {
            self.projects.apply(cluster, project).await?;
        }
        for application in &defined.applications {
            Applications::of(cluster).apply(application).await?;
        }
        for set in &defined.sets {
            ApplicationSets::of(cluster).apply(set).await?;
        }
        self.seen.extend(files);
        failed.map_or(Ok(()), Err)
    }

    /// Defines what changes, for as long as it is wanted. A file that cannot be used is told of once for each of its states.
    pub(crate) async fn follow(mut self, cluster: Arc<dyn Cluster>, mut tell: impl FnMut(&Failure)) {
        let mut told = String::new();
        loop {
            tokio::time::sleep(PERIOD).await;
            match self.define(cluster.as_ref()).await {
                Ok(()) => told.clear(),
                Err(failure) => {
                    let words = format!("{failure:?}");
                    if words != told {
                        tell(&failure);
                        told = words;
                    }
                }
            }
        }
    }
}

/// The YAML files of a folder, and when each was changed.
fn files(folder: &Path) -> Result<Vec<(PathBuf, SystemTime)>, Failure> {
    let failed = |source| Failure::Read { path: folder.into(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if yaml && path.is_file() {
            let changed = path.metadata().and_then(|metadata| metadata.modified()).map_err(failed)?;
            files.push((path, changed));
        }
    }
    files.sort();
    Ok(files)
}

/// What files define.
#[derive(Default)]
struct Definitions {
    projects: Vec<AppProject>,
    applications: Vec<Application>,
    sets: Vec<ApplicationSet>,
}

impl Definitions {
    /// What a file defines; documents of other kinds are errors.
    fn read(file: &Path, namespace: &str) -> Result<Self, Failure> {
        let failed = |source| Failure::Read { path: file.into(), source };
        let text = std::fs::read(file).map_err(failed)?;
        let base = file.canonicalize().map_err(failed)?;
        let base = base.parent().unwrap_or(file);
        let mut defined = Self::default();
        for decoded in decode::decode_any(&file.display().to_string(), &text)? {
            match decoded.checked()? {
                AnyKind::AppProject(project) => defined.projects.push(*project),
                AnyKind::Application(mut application) => {
                    address::anchor(&mut application, base)?;
                    application.metadata.namespace.get_or_insert_with(|| namespace.into());
                    defined.applications.push(*application);
                }
                AnyKind::ApplicationSet(mut set) => {
                    address::anchor_set(&mut set, base)?;
                    set.metadata.namespace.get_or_insert_with(|| namespace.into());
                    defined.sets.push(*set);
                }
                _ => return Err(Failure::Kind { path: file.into() }),
            }
        }
        Ok(defined)
    }
}
