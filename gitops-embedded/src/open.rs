//! An open cluster: its threads, and how work gets to them.

use std::path::Path;
use std::sync::Arc;

use gitops_core::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use crate::background::{self, Shared};
use crate::catalog::Catalogs;
use crate::error::OpenError;
use crate::failure::Failure;
use crate::options::{Options, Pace};
use crate::server::{self, Server};
use crate::store::{Key, Layout, Place, Session, connect, prepare};
use crate::watch::Pulse;
use crate::workers::Workers;

/// How many threads read a store on disk.
const READERS: usize = 3;

/// An open cluster.
pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    /// Absent for a store in memory, which has one connection.
    readers: Option<Workers>,
    writer: Workers,
    /// The UID of `kube-system`.
    pub(crate) uid: String,
}

/// Opens the store in a directory, or makes one.
pub(crate) fn open(directory: &Path, options: &Options) -> Result<Inner, OpenError> {
    start(&Place::in_directory(directory)?, options)
}

/// Makes a store in memory.
pub(crate) fn in_memory(options: &Options) -> Result<Inner, OpenError> {
    start(&Place::Memory, options)
}

fn start(place: &Place, options: &Options) -> Result<Inner, OpenError> {
    let path = place.path();
    let storage = |source| OpenError::Storage { path: path.clone(), source };
    let failed = |failure: Failure| match failure {
        Failure::Storage(source) => storage(source),
        other => OpenError::Setup(other.into_refusal().message),
    };
    let catalogs = Catalogs::new().map_err(OpenError::Setup)?;
    let mut connection = connect(place, options.busy_timeout, options.max_bytes).map_err(storage)?;
    let first =
        |connection: &Connection| server::bootstrap(Session::new(connection, options.history), &catalogs, options);
    match prepare(&mut connection, first).map_err(failed)? {
        Layout::Ready => {}
        Layout::Newer(found) => {
            return Err(OpenError::Newer { path, found, known: crate::store::LAYOUT });
        }
        Layout::Foreign => return Err(OpenError::Foreign { path }),
    }
    let session = Session::new(&connection, options.history);
    let uid = kube_system(session).map_err(failed)?;
    let pulse = Pulse::new(session.version().map_err(failed)?);
    let shared = Arc::new(Shared { options: options.clone(), catalogs, pulse });
    if options.pace == Pace::Background {
        background::catch_up(&shared, &mut connection).map_err(failed)?;
    }
    let io = |source| OpenError::Files { path: path.clone(), source };
    let readers = match place {
        Place::Memory => None,
        Place::File(_) => {
            let connections =
                (0..READERS).map(|_| connect(place, options.busy_timeout, options.max_bytes)).collect::<Result<_, _>>();
            Some(Workers::start(connections.map_err(storage)?, None).map_err(io)?)
        }
    };
    let writer = Workers::start(vec![connection], Some(background::idle(Arc::clone(&shared)))).map_err(io)?;
    Ok(Inner { shared, readers, writer, uid })
}

fn kube_system(session: Session<'_>) -> Result<String, Failure> {
    let stored = session.get(&Key::new("", "Namespace", "", "kube-system"))?;
    let stored = stored.ok_or_else(|| Failure::Damaged("the namespace `kube-system` is missing".to_owned()))?;
    Ok(server::uid(&stored).to_owned())
}

impl Inner {
    /// Reads at one moment, beside other reads and writes.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Server<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let shared = Arc::clone(&self.shared);
        let workers = self.readers.as_ref().unwrap_or(&self.writer);
        workers
            .call(move |connection| {
                let transaction = connection.transaction()?;
                let now = shared.options.clock.now();
                work(&shared.server(&transaction, now)?)
            })
            .await
    }

    /// Writes in one transaction: all of it is kept, or nothing.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Server<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let shared = Arc::clone(&self.shared);
        self.writer
            .call(move |connection| {
                let now = shared.options.clock.now();
                shared.transact(connection, now, work)
            })
            .await
    }

    /// Has controllers do what is due up to a moment; how many steps that were.
    pub(crate) async fn run_until(&self, moment: Timestamp) -> Result<usize, Failure> {
        let mut steps = 0;
        loop {
            let shared = Arc::clone(&self.shared);
            let done = self
                .writer
                .call(move |connection| background::batch(&shared, connection, moment.as_millisecond()))
                .await?;
            if done == 0 {
                return Ok(steps);
            }
            steps += done;
        }
    }

    /// Has the writer look for other processes' changes from now on.
    pub(crate) async fn wake(&self) -> Result<(), Failure> {
        self.writer.call(|_| Ok(())).await
    }
}

impl Shared {
    pub(crate) fn server<'c>(&self, connection: &'c Connection, now: Timestamp) -> Result<Server<'c>, Failure> {
        Server::new(Session::new(connection, self.options.history), &self.catalogs, &self.options, now)
    }

    /// Works in one transaction, and tells watches where it changed something.
    pub(crate) fn transact<T>(
        &self,
        connection: &mut Connection,
        now: Timestamp,
        work: impl FnOnce(&Server<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let server = self.server(&transaction, now)?;
        let answer = work(&server)?;
        let version = server.session.version()?;
        transaction.commit()?;
        self.pulse.moved(version);
        Ok(answer)
    }
}
