//! A folder of files that define Applications, in place of a cluster's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gitops_controller::{Applications, address};
use gitops_core::Cluster;
use gitops_core::api::Application;
use gitops_core::decode;

use crate::failure::Failure;

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_millis(500);

/// The folder, with what is known of its files.
pub(crate) struct Folder {
    path: PathBuf,
    namespace: String,
    seen: BTreeMap<PathBuf, SystemTime>,
}

impl Folder {
    pub(crate) fn new(path: PathBuf, namespace: String) -> Self {
        Self { path, namespace, seen: BTreeMap::new() }
    }

    /// Defines the Applications of every file that is new or changed.
    pub(crate) async fn define(&mut self, cluster: &dyn Cluster) -> Result<(), Failure> {
        for (file, changed) in files(&self.path)? {
            if self.seen.get(&file) == Some(&changed) {
                continue;
            }
            for application in read(&file, &self.namespace)? {
                Applications::of(cluster).apply(&application).await?;
            }
            self.seen.insert(file, changed);
        }
        Ok(())
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

/// The Applications that a file defines; documents of other kinds are errors.
fn read(file: &Path, namespace: &str) -> Result<Vec<Application>, Failure> {
    let text = std::fs::read(file).map_err(|source| Failure::Read { path: file.into(), source })?;
    let base = file.canonicalize().map_err(|source| Failure::Read { path: file.into(), source })?;
    let base = base.parent().unwrap_or(file);
    let mut applications = Vec::new();
    for decoded in decode::decode::<Application>(&file.display().to_string(), &text)? {
        let mut application = decoded.checked()?;
        address::anchor(&mut application, base)?;
        application.metadata.namespace.get_or_insert_with(|| namespace.into());
        applications.push(application);
    }
    Ok(applications)
}
