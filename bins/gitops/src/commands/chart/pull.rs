use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gitops_fetch::{LOCK_FILE, LockFile, LockMode};

use super::source::{Charts, Found};
use crate::arguments::{GlobalArguments, PullArguments};
use crate::failure::Failure;
use crate::output::stream::print_line;

pub(super) fn run(arguments: &PullArguments, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    let PullArguments { chart, source, destination, untar, untardir, locked } = arguments;
    if source.repo.is_none() && Path::new(chart).exists() {
        return Err(Failure::new(format!("`{chart}` is here already")).hint("`gitops chart show` prints what it is"));
    }
    let charts = Charts::new(global, source, chart)?;
    let mut session = charts.session(if *locked { LockFile::read(Path::new(LOCK_FILE))? } else { LockFile::default() });
    if *locked {
        session = session.with_mode(LockMode::Locked);
    }
    let found = charts.get(chart, &mut session)?;
    let metadata = found.chart()?.metadata;
    let failed = |path: &Path| {
        let name = path.display().to_string();
        move |error: std::io::Error| Failure::new(format!("{name}: {error}"))
    };
    if *untar {
        let below: PathBuf = destination.join(untardir).components().collect();
        let folder = below.join(&metadata.name);
        if folder.exists() {
            return Err(Failure::new(format!(
                "a file or folder with the name `{}` is there already",
                folder.display()
            )));
        }
        // Paths of archives were found to stay inside when they were unpacked.
        for file in found.files()? {
            let path = folder.join(&file.name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed(parent))?;
            }
            fs::write(&path, &file.data).map_err(failed(&path))?;
        }
        print_line!("{} {} in {}", metadata.name, metadata.version, folder.display())?;
    } else if let Found::Archive(bytes) = &found {
        fs::create_dir_all(destination).map_err(failed(destination))?;
        let file = destination.join(format!("{}-{}.tgz", metadata.name, metadata.version));
        fs::write(&file, bytes).map_err(failed(&file))?;
        print_line!("{}", file.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
