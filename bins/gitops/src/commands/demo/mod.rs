//! `gitops demo DIR`: a repository whose history is a story, and a walk through it.

mod story;

use std::path::Path;
use std::process::ExitCode;

use gitops_controller::SyncRequest;
use gitops_core::api::Application;
use gitops_core::cluster::{Verb, Write};
use gitops_core::{Object, TreePath};
use gitops_git::{Change as FileChange, CommitDetails, Person, RepositoryWriter};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use self::story::{Change, Chapter, chapters};
use super::sync::explain;
use crate::arguments::DemoArguments;
use crate::context::{Context, read_applications};
use crate::failure::Failure;
use crate::output::stream::{self, print_line};
use crate::output::{paint, report, short_id, watch::Watcher};

const BRANCH: &str = "main";

/// How long the demo waits for a version that never becomes ready.
const PATIENCE: SignedDuration = SignedDuration::from_secs(20);

pub(super) async fn run(context: &Context, arguments: &DemoArguments) -> Result<ExitCode, Failure> {
    let directory = &arguments.directory;
    if directory.read_dir().is_ok_and(|mut entries| entries.next().is_some()) || directory.is_file() {
        let words = format!("{}: there is something already", directory.display());
        return Err(Failure::new(words).hint("choose an empty or a new folder"));
    }
    let writer = RepositoryWriter::init(directory, BRANCH)?;
    for (index, chapter) in chapters().into_iter().enumerate() {
        tell(context, &writer, directory, index, &chapter, arguments.write_only).await?;
    }
    if !arguments.write_only {
        drift(context, directory).await?;
    }
    let place = directory.display();
    print_line!("\n{}", paint::title("the end"))?;
    print_line!("  {}  look at the history", paint::hint(&format!("git -C {place} log --oneline")))?;
    print_line!(
        "  {}  sync what you change there",
        paint::hint(&format!("gitops sync {place}/applications/web-app.yaml"))
    )?;
    print_line!("  {}  see what was deployed", paint::hint("gitops app list"))?;
    Ok(ExitCode::SUCCESS)
}

async fn tell(
    context: &Context,
    writer: &RepositoryWriter,
    directory: &Path,
    index: usize,
    chapter: &Chapter,
    write_only: bool,
) -> Result<(), Failure> {
    print_line!("\n{}", paint::title(&format!("{}. {}", index + 1, chapter.title)))?;
    let author = Person::new("Demo", "demo@example.com");
    let commit = match &chapter.change {
        Change::Files { message, files } => {
            let details = CommitDetails::new(author, Timestamp::now(), *message);
            let change = |(path, text): &(&str, String)| {
                Ok::<_, Failure>(FileChange::write(TreePath::new(path)?, text.as_str()))
            };
            writer.commit(&files.iter().map(change).collect::<Result<Vec<_>, _>>()?, &details)?
        }
        Change::RevertLast => {
            let bad = writer.repository().resolve(BRANCH)?;
            writer.revert(bad.id, BRANCH, &CommitDetails::reverting(&bad, author, Timestamp::now()))?
        }
    };
    print_line!("{} {}", paint::faint(&format!("git commit {}", short_id(&commit.id.to_string()))), commit.title())?;
    if !write_only {
        for name in chapter.sync {
            let file = directory.join("applications").join(format!("{name}.yaml"));
            for application in read_applications(&file, false)? {
                sync(context, &application).await?;
            }
        }
    }
    Ok(())
}

async fn sync(context: &Context, application: &Application) -> Result<(), Failure> {
    let name = application.name();
    print_line!("{}", paint::faint(&format!("gitops sync applications/{name}.yaml")))?;
    let defined = context.applications().apply(application).await?;
    let mut request = SyncRequest::new(context.user.as_str());
    request.wait = PATIENCE;
    let mut watcher = Watcher::new(&defined, false);
    let done = context.engine.sync(&defined, &request, &mut |event| watcher.on(&event)).await;
    watcher.finish();
    let done = done.map_err(explain)?;
    let resources = context.engine.settle(&defined, &request.compare, PATIENCE).await?;
    stream::text(&report::resources(&resources, &done))?;
    Ok(())
}

/// Somebody changes a live object by hand; the drift is shown and reverted.
async fn drift(context: &Context, directory: &Path) -> Result<(), Failure> {
    print_line!("\n{}", paint::title("7. Somebody scales by hand: drift is shown and reverted"))?;
    let patch = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web-app", "namespace": "production"}, "spec": {"replicas": 10},
    });
    let patch = Object::from_value(patch)?;
    print_line!("{}", paint::faint("kubectl scale deployment web-app --replicas=10 -n production"))?;
    context.engine.cluster.write(Write::new(&patch, Verb::MergePatch, "kubectl-scale")).await?;
    for application in read_applications(&directory.join("applications").join("web-app.yaml"), false)? {
        sync(context, &application).await?;
    }
    Ok(())
}
