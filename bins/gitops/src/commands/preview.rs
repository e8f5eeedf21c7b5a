use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use gitops_controller::Engine;
use gitops_controller::preview::{Preview, Previewer, local_key};
use gitops_core::tree::TreePath;
use gitops_fetch::{Fetcher, LockMode, MemoDirectory};
use gitops_git::{Repository, RepositoryCache};
use gitops_merge::schema::Kinds;

use crate::arguments::{GlobalArguments, PreviewArguments, PreviewFormat};
use crate::context::{keep_out_of_git, read_applications};
use crate::failure::Failure;
use crate::output::preview;
use crate::output::progress::Progress;
use crate::output::stream;
use crate::sandbox;

pub(super) fn run(arguments: &PreviewArguments, global: &GlobalArguments) -> Result<ExitCode, Failure> {
    let (base, head) = range(&arguments.range)?;
    let previewer = previewer(arguments, global, [base, head])?;
    let progress = Progress::new(format!("rendering {base} and {head}"));
    let preview = previewer.preview(base, head).map_err(|error| {
        Failure::from(error).hint_where("names no branch", "fetch it first, or look at `git log --oneline` for commits")
    })?;
    drop(progress);
    let colored = arguments.out.is_none();
    let text = match arguments.output {
        PreviewFormat::Text => preview::text(&preview, colored),
        PreviewFormat::Markdown => preview::markdown(&preview),
        PreviewFormat::Json => format!("{}\n", serde_json::to_string_pretty(&preview)?),
        PreviewFormat::Html => preview::html(&preview),
    };
    match &arguments.out {
        Some(path) => {
            std::fs::write(path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        }
        None => stream::text(&text)?,
    }
    Ok(code(&preview, arguments.exit_code))
}

fn code(preview: &Preview, asked: bool) -> ExitCode {
    if preview.fails() {
        ExitCode::from(2)
    } else if asked && preview.differs() {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    }
}

/// `BASE..HEAD`; of a missing end `HEAD`.
fn range(text: &str) -> Result<(&str, &str), Failure> {
    if text.contains("...") {
        return Err(Failure::new(format!("`{text}`: three dots are not supported"))
            .hint("give the two commits with two dots; `git merge-base` says where branches parted"));
    }
    let (base, head) = text.split_once("..").unwrap_or((text, "HEAD"));
    Ok((if base.is_empty() { "HEAD" } else { base }, if head.is_empty() { "HEAD" } else { head }))
}

fn previewer(arguments: &PreviewArguments, global: &GlobalArguments, ends: [&str; 2]) -> Result<Previewer, Failure> {
    let repository = Repository::discover(&arguments.repository)?;
    let mut addresses = arguments.addresses.clone();
    addresses.extend(["origin", "upstream"].iter().filter_map(|name| repository.remote_address(name)));
    let mut branches = arguments.branches.clone();
    let remote = |end: &str| end.strip_prefix("origin/").unwrap_or(end).to_owned();
    branches.extend(repository.branch().into_iter().chain(ends.map(remote)));
    let paths = arguments.paths.iter().map(|path| TreePath::new(path)).collect::<Result<Vec<_>, _>>()?;
    let mut previewer = Previewer::new(repository, Arc::new(Kinds::builtin()?));
    if !paths.is_empty() {
        previewer.paths = paths;
    }
    previewer.addresses = addresses;
    previewer.branches = branches;
    previewer.kube_version.clone_from(&arguments.kube_version);
    previewer.api_versions.clone_from(&arguments.api_versions);
    previewer.strict = arguments.strict;
    previewer.lock = if arguments.locked { LockMode::Locked } else { LockMode::Add };
    for file in &arguments.files {
        previewer.applications.extend(read_applications(file, arguments.strict)?);
    }
    let folder = &global.data_dir;
    previewer.repositories = Arc::new(RepositoryCache::new(folder.join("repositories")));
    let fetcher = Fetcher::new(folder).with_repositories(Arc::clone(&previewer.repositories));
    previewer.fetcher = Some(fetcher.with_options(previewer.fetch.clone()));
    previewer.jsonnet = Some(sandbox::jsonnet()?);
    if !arguments.no_memo {
        previewer.memo = Some((MemoDirectory::new(folder.join("memo")), key(folder)?));
        previewer.build = Engine::build();
    }
    Ok(previewer)
}

/// The key of remembered renders, which have the values of Secrets in them.
fn key(folder: &Path) -> Result<gitops_core::secret::DigestKey, Failure> {
    let hint = "choose another folder with --data-dir, or render without memory with --no-memo";
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display())).hint(hint);
    std::fs::create_dir_all(folder).map_err(failed)?;
    keep_out_of_git(folder)?;
    local_key(&folder.join("preview.key")).map_err(failed)
}
