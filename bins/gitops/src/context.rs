//! The engine as the command line sets it up: the repository cache, the audit trail and, where no other cluster is asked
//! for, the embedded cluster under one folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gitops_controller::applications::Defined;
use gitops_controller::audit::{Action, FileJournal, Record};
use gitops_controller::{AbsentProject, Applications, Conduct, Engine, address};
use gitops_core::Cluster;
use gitops_core::api::Application;
use gitops_core::decode::{self, Severity};
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_git::RepositoryCache;
use gitops_kube::{ConnectError, Connection, KubeCluster};
use gitops_lua::LuaChecks;
use gitops_merge::schema::Kinds;

use crate::arguments::GlobalArguments;
use crate::failure::Failure;
use crate::output::stream::error_line;
use crate::sandbox;

/// Everything that a command calls on.
pub(crate) struct Context {
    pub engine: Engine,
    pub user: String,
    pub notice: Option<String>,
}

impl Context {
    /// Opens or makes what lies under the data folder.
    pub(crate) async fn open(global: &GlobalArguments) -> Result<Self, Failure> {
        let folder = &global.data_dir;
        // What the embedded cluster's stand-in controllers do is done when a call ends; a cluster's own take their time. And
        // whoever has the embedded cluster has it for themselves.
        let (cluster, conduct, absent, notice) = match (&global.kubeconfig, &global.context) {
            (None, None) => {
                let cluster = embedded(global)?;
                let notice = cluster.info().await?.notice;
                (cluster, Conduct::default(), AbsentProject::Limitless, notice)
            }
            (file, context) => {
                let cluster = kubernetes(file.as_deref(), context.as_deref()).await?;
                (cluster, Conduct::on_a_cluster(|name| std::env::var(name).ok()), AbsentProject::Refuses, None)
            }
        };
        std::fs::create_dir_all(folder)?;
        keep_out_of_git(folder)?;
        let journal = Arc::new(FileJournal::new(folder.join("audit.jsonl")));
        let repositories = RepositoryCache::new(folder.join("repositories"));
        let kinds = Arc::new(Kinds::builtin()?);
        let mut engine = Engine::new(cluster, repositories, kinds, journal).with_folder(folder);
        engine.conduct = conduct.with_checks(Arc::new(LuaChecks::maker(Arc::clone(&engine.clock))));
        engine.projects.absent = absent;
        engine.jsonnet = Some(sandbox::jsonnet()?);
        Ok(Self { engine, user: user(), notice })
    }

    /// The Applications of the cluster.
    pub(crate) fn applications(&self) -> Applications<'_> {
        Applications::of(self.engine.cluster.as_ref())
    }

    /// The Applications that an argument names: those of a file, as the cluster would hold them, or one by its name.
    /// Nothing is written.
    pub(crate) async fn named(
        &self,
        argument: &str,
        namespace: &str,
        strict: bool,
    ) -> Result<Vec<Application>, Failure> {
        let all = self.defined(argument, namespace, strict).await?;
        Ok(all.into_iter().map(|one| one.application).collect())
    }

    /// As [`Context::named`], with whether the cluster holds them so.
    pub(crate) async fn defined(&self, argument: &str, namespace: &str, strict: bool) -> Result<Vec<Defined>, Failure> {
        if !is_file(argument) {
            let hint =
                "`gitops app list` shows the applications; a file that defines one can be given in place of its name";
            let found = self.applications().get(namespace, argument).await;
            let application = found.map_err(|error| Failure::from(error).hint(hint))?;
            return Ok(vec![Defined { application, held: true }]);
        }
        let mut defined = Vec::new();
        for application in read_applications(Path::new(argument), strict)? {
            defined.push(seen(self.applications().preview(&application).await?, &application));
        }
        Ok(defined)
    }

    /// Notes something in the audit trail that is not a sync.
    pub(crate) fn record(&self, application: &Application, action: Action) -> Result<(), Failure> {
        let namespace = application.metadata.namespace().unwrap_or_default();
        self.engine.journal.append(&Record {
            time: self.engine.clock.now(),
            application: format!("{namespace}/{}", application.name()),
            action,
            initiator: self.user.clone(),
            commits: Vec::new(),
            digest: None,
            outcome: "Succeeded".into(),
            message: String::new(),
            changes: Vec::new(),
        })?;
        Ok(())
    }
}

/// Whether an argument names a file of Applications, and not one of them.
pub(crate) fn is_file(argument: &str) -> bool {
    let looks_like_file = argument.contains('/') || argument.ends_with(".yaml") || argument.ends_with(".yml");
    looks_like_file || Path::new(argument).is_file()
}

/// An Application of a file with the status that the cluster has of it.
pub(crate) fn seen(mut defined: Defined, definition: &Application) -> Defined {
    if defined.application.status.is_none() {
        defined.application.status.clone_from(&definition.status);
    }
    defined
}

fn embedded(global: &GlobalArguments) -> Result<Arc<dyn Cluster>, Failure> {
    let simulated = Options::new();
    let options = if global.no_simulation { simulated.without_controllers() } else { simulated };
    let hint = "choose another folder with --data-dir, or make this one writable";
    let cluster = EmbeddedCluster::open(&global.data_dir, &options).map_err(|error| Failure::from(error).hint(hint))?;
    Ok(Arc::new(cluster))
}

async fn kubernetes(file: Option<&Path>, context: Option<&str>) -> Result<Arc<dyn Cluster>, Failure> {
    let hint = "give a kubeconfig with --kubeconfig, and the name of one of its contexts with --context";
    let unusable = |error: ConnectError| Failure::from(error).hint(hint);
    let connection = Connection::from_kubeconfig(file, context).await.map_err(unusable)?;
    Ok(Arc::new(KubeCluster::connect(&connection).map_err(unusable)?))
}

/// The Applications that a file defines, their repositories' paths made independent of where the program was started.
pub(crate) fn read_applications(path: &Path, strict: bool) -> Result<Vec<Application>, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|error| {
        Failure::new(format!("{name}: {error}")).hint("give a file that defines an Application, or the name of one")
    })?;
    let mut applications = Vec::new();
    for decoded in decode::decode::<Application>(&name, &text)? {
        for unknown in &decoded.unknown_fields {
            let line = unknown.line.map(|line| format!(":{line}")).unwrap_or_default();
            let words = format!("{name}{line}: {}: unknown field", unknown.path);
            if strict {
                return Err(Failure::new(words));
            }
            error_line!("{} {words}", crate::output::paint::warning("warning:"));
        }
        for problem in decoded.problems.iter().filter(|problem| problem.severity == Severity::Warning) {
            error_line!("{} {problem}", crate::output::paint::warning("warning:"));
        }
        let mut application = decoded.checked()?;
        let base = path.canonicalize()?.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        address::anchor(&mut application, &base).map_err(|error| Failure::from(error).hint(ADDRESS_HINT))?;
        application.metadata.namespace.get_or_insert_with(|| gitops_controller::compare::CONTROL_NAMESPACE.into());
        applications.push(application);
    }
    if applications.is_empty() {
        return Err(Failure::new(format!("{name}: the file defines no Application")));
    }
    Ok(applications)
}

/// An address with a path made independent of where the program was started.
pub(crate) fn absolute_address(address: &str, base: &Path) -> Result<String, Failure> {
    address::absolute(address, base).map_err(|error| Failure::from(error).hint(ADDRESS_HINT))
}

const ADDRESS_HINT: &str = "give the path of a Git repository, or a file://, https:// or ssh address";

/// The data folder holds secrets and caches, and never belongs into a commit.
pub(crate) fn keep_out_of_git(folder: &Path) -> Result<(), Failure> {
    let file = folder.join(".gitignore");
    if !file.exists() {
        std::fs::write(file, "*\n")?;
    }
    Ok(())
}

/// Who runs the command: as the environment says, else as the system does.
fn user() -> String {
    let named = |key: &&str| std::env::var(key).ok().filter(|name| !name.is_empty());
    let name = ["USER", "LOGNAME", "USERNAME"].iter().find_map(named).or_else(|| whoami::username().ok());
    name.unwrap_or_else(|| "unknown".into())
}
