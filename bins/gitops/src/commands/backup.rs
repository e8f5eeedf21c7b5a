//! `gitops admin export` and `gitops admin import`.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use gitops_controller::backup::{self, ImportOptions, Imported, Outcome, Scope};
use gitops_yaml::{Options, Resolver};

use crate::arguments::{AdminExportArguments, AdminImportArguments, BackupScopeArguments};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::stream::{self, print_line};

/// Standard input or output.
const STREAM: &str = "-";

/// Prints everything that an installation keeps.
pub(super) async fn export(context: &Context, arguments: &AdminExportArguments) -> Result<ExitCode, Failure> {
    let objects = backup::export(context.engine.cluster.as_ref(), &scope(&arguments.scope)).await?;
    let text = gitops_yaml::write_documents(&objects);
    match arguments.out.as_str() {
        STREAM => stream::manifests(&text)?,
        path => write_privately(Path::new(path), &text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Brings back what was printed.
pub(super) async fn import(context: &Context, arguments: &AdminImportArguments) -> Result<ExitCode, Failure> {
    let text = match arguments.source.as_str() {
        STREAM => {
            let mut text = Vec::new();
            std::io::stdin().lock().read_to_end(&mut text)?;
            text
        }
        path => std::fs::read(path).map_err(|error| Failure::new(format!("{path}: {error}")))?,
    };
    let documents = gitops_yaml::read_documents(&text, &Options::new(Resolver::Sigs))?;
    let documents = documents.into_iter().map(|document| document.value).collect();
    let mut options = ImportOptions::default();
    options.dry_run = arguments.dry_run;
    options.prune = arguments.prune;
    options.stop_operation = arguments.stop_operation;
    let note = if arguments.dry_run { " (dry run)" } else { "" };
    let mut failed: Option<Failure> = None;
    let tell = |imported: &Imported| {
        let outcome = match imported.outcome {
            Outcome::Created => "created",
            Outcome::Updated => "updated",
            Outcome::Unchanged => "unchanged",
            Outcome::Pruned => "pruned",
        };
        if let Err(failure) = print_line!("{} {outcome}{note}", imported.object) {
            failed.get_or_insert(failure);
        }
    };
    backup::import(context.engine.cluster.as_ref(), &scope(&arguments.scope), documents, options, tell).await?;
    failed.map_or(Ok(ExitCode::SUCCESS), Err)
}

fn scope(arguments: &BackupScopeArguments) -> Scope {
    let mut scope = Scope::of(arguments.namespace.as_str());
    scope.application_namespaces = arguments.application_namespaces.iter().cloned().collect();
    scope.secrets = arguments.secrets;
    scope
}

/// Writes a file that only its owner can read: settings may say more than is meant for everybody.
fn write_privately(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}
