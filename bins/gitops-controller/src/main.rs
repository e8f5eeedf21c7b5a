//! The operator as a program: parses, sets the library up, prints what it tells.

mod arguments;
mod clusters;
mod failure;
mod folder;
mod print;
mod replicas;
mod serve;
mod traces;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use gitops_controller::audit::FileJournal;
use gitops_controller::operator::{Operator, OperatorOptions, is_own, own_kinds};
use gitops_controller::sandbox::{Limits, SandboxedJsonnet, run_worker};
use gitops_controller::{Conduct, Engine, RenderBudget, RepositoryCredentials, limit_fetches};
use gitops_core::Cluster;
use gitops_embedded::{EmbeddedCluster, Options};
use gitops_git::RepositoryCache;
use gitops_kube::{CacheOptions, Connection, KubeCluster, WatchCache};
use gitops_lua::LuaChecks;
use gitops_merge::schema::Kinds;
use jiff::SignedDuration;
use mimalloc::MiMalloc;

use crate::arguments::Arguments;
use crate::clusters::Connections;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::serve::Answers;
use crate::traces::Traces;

/// On one's own machine, a push is seen at once.
const EMBEDDED_POLL: u32 = 2;

/// Bytes of the stack of each thread, of which only what is used takes memory: a sync is deep, and so are templates.
const STACK: usize = 8 << 20;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            print::error(&failure);
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    if arguments.jsonnet_worker {
        return run_worker(std::io::BufReader::new(std::io::stdin()), std::io::stdout()).map_err(Failure::Process);
    }
    let traces = Traces::begin(&arguments.traces, |name| std::env::var(name).ok())?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_stack_size(STACK).worker_threads(workers());
    let runtime = runtime.build().map_err(Failure::Process)?;
    // A worker does it, and not this thread: what wakes it, and what it wakes, is mostly on the same one then.
    let operating = runtime.spawn(operate(arguments));
    let ended = runtime.block_on(operating).unwrap_or_else(|ended| Err(Failure::Process(ended.into())));
    // Nothing is left that matters: what still waits for a server is not waited for.
    runtime.shutdown_background();
    if let Some(traces) = traces {
        traces.end();
    }
    ended
}

/// How many threads wait for answers and compare. Git and rendering have threads of their own; with one of these for each processor
/// half of the time would go into handing things from one to the next.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| processors.get().div_ceil(2))
}

async fn operate(arguments: Arguments) -> Result<(), Failure> {
    std::fs::create_dir_all(&arguments.data_dir).map_err(Failure::Data)?;
    let identity = replicas::identity(&arguments.replicas);
    let (cluster, connection) = cluster(&arguments, &identity).await?;
    let engine = engine(&arguments, Arc::clone(&cluster))?;
    let mut options = OperatorOptions::said(|name| std::env::var(name).ok());
    options.namespace = Some(arguments.namespace.clone());
    options.parallel = arguments.parallel;
    options.notices = arguments.embedded.is_none() && !arguments.observe_only;
    (options.observe_only, options.take_over) = (arguments.observe_only, arguments.take_over);
    if let Some(seconds) = arguments.poll.or(arguments.embedded.is_some().then_some(EMBEDDED_POLL)) {
        options.poll = SignedDuration::from_secs(seconds.into());
    }
    let (output, projects) = (arguments.output, engine.projects.clone());
    let mut operator = Operator::new(engine, options).with_observer(move |event| print::event(event, output));
    if let Some(connection) = &connection {
        operator = operator.with_direct(Arc::new(KubeCluster::connect(connection)?));
    }
    if let Some(connection) = connection.filter(|_| arguments.replicas.replicas_by_lease) {
        operator = operator.with_replicas(replicas::replicas(&arguments, identity, &connection)?);
    }
    if let Some(address) = arguments.listen {
        let listener = serve::bind(address).await?;
        tokio::spawn(serve::serve(listener, Answers::new(operator.metrics(), operator.pushes())));
    }
    match arguments.embedded {
        None => operator.run(stopped()).await,
        Some(path) => {
            let mut folder = Folder::new(path, projects);
            folder.define(cluster.as_ref()).await?;
            let follow = folder.follow(cluster, |failure| print::error(failure));
            tokio::select! {
                () = operator.run(stopped()) => {}
                () = follow => {}
            }
        }
    }
    Ok(())
}

/// The cluster that keeps the Applications, and the way to it where it is not an embedded one.
async fn cluster(arguments: &Arguments, identity: &str) -> Result<(Arc<dyn Cluster>, Option<Connection>), Failure> {
    if arguments.embedded.is_some() {
        return Ok((Arc::new(EmbeddedCluster::open(&arguments.data_dir, &Options::new())?), None));
    }
    let connection = Connection::from_kubeconfig(arguments.kubeconfig.as_deref(), arguments.context.as_deref()).await?;
    let program = format!("gitops-controller/{} ({identity})", env!("CARGO_PKG_VERSION"));
    let connection = connection.named(&program);
    let mut options = CacheOptions::default();
    let deployed = options.managed;
    options.managed = Arc::new(move |object| deployed(object) || is_own(object));
    options.unowned = own_kinds().into_iter().collect();
    Ok((Arc::new(WatchCache::new(KubeCluster::connect(&connection)?, options)), Some(connection)))
}

fn engine(arguments: &Arguments, cluster: Arc<dyn Cluster>) -> Result<Engine, Failure> {
    let folder = &arguments.data_dir;
    let mut repositories = RepositoryCache::new(folder.join("repositories"));
    if arguments.embedded.is_none() || !arguments.allow_local_repositories.is_empty() {
        repositories = repositories.with_local_below(arguments.allow_local_repositories.clone());
    }
    let kinds = Arc::new(Kinds::builtin().map_err(Failure::Kinds)?);
    let journal = Arc::new(FileJournal::new(folder.join("audit.jsonl")));
    let mut engine = Engine::new(cluster, repositories, kinds, journal);
    limit_fetches(&mut engine.fetch, |name| std::env::var(name).ok());
    let mut engine = engine.with_folder(folder);
    engine.budget = RenderBudget::of_an_operator(|name| std::env::var(name).ok());
    if let Some(count) = arguments.max_objects {
        engine.budget.limits.objects = count;
    }
    if arguments.embedded.is_none() {
        engine.conduct = Conduct::of_an_operator(|name| std::env::var(name).ok());
    }
    let checks = LuaChecks::maker(Arc::clone(&engine.clock));
    engine.conduct = engine.conduct.with_checks(Arc::new(checks));
    let (programs, clouds) = (arguments.allow_credential_program.clone(), arguments.allow_cloud_identity.clone());
    engine.maker = Some(Arc::new(Connections::new(programs, clouds)?));
    engine.projects.namespace.clone_from(&arguments.namespace);
    let mut credentials = RepositoryCredentials::of(&arguments.namespace);
    credentials.own = arguments.embedded.is_some();
    engine.credentials = Some(credentials);
    let program = std::env::current_exe().map_err(Failure::Process)?;
    let worker = vec!["--jsonnet-worker".to_owned()];
    engine.jsonnet = Some(Arc::new(SandboxedJsonnet::new(program, worker, Limits::default())));
    Ok(engine)
}

/// Over when the process is told to end.
async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    let _ = interrupted.await;
}
