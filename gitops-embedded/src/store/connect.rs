//! Files and connections.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;
use crate::failure::is_busy;

const BETWEEN_TRIES: Duration = Duration::from_millis(2);

/// Where a store is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A file.
    File(PathBuf),
    /// Memory: its one connection is the store.
    Memory,
}

impl Place {
    /// The store in a directory, which is made where it is absent: readable by its owner alone, since Secrets lie in it.
    pub(crate) fn in_directory(directory: &Path) -> Result<Self, OpenError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| OpenError::Files { path, source }
        };
        make_directory(directory).map_err(failed(directory))?;
        let file = directory.join("cluster.db");
        make_file(&file).map_err(failed(&file))?;
        Ok(Self::File(file))
    }

    /// The file, as text for messages.
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Memory => PathBuf::from(":memory:"),
        }
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// SQLite gives its other files the mode of this one.
fn make_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// A connection to a store.
pub(crate) fn connect(place: &Place, busy_timeout: Duration, max_bytes: u64) -> rusqlite::Result<Connection> {
    let connection = match place {
        Place::File(path) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags)?
        }
        Place::Memory => Connection::open_in_memory()?,
    };
    connection.busy_timeout(busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(64);
    if matches!(place, Place::File(_)) {
        keep_a_log(&connection, busy_timeout)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // What was deleted is overwritten, so that no Secret stays behind in free pages.
        connection.pragma_update(None, "secure_delete", "FAST")?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    }
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = i64::try_from(max_bytes).unwrap_or(i64::MAX) / page.max(1);
    connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))?;
    Ok(connection)
}

/// SQLite doesn't wait for another connection that turns the same new file into one with a log, so this does.
fn keep_a_log(connection: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error) if is_busy(&error) && start.elapsed() < busy_timeout => thread::sleep(BETWEEN_TRIES),
            done => return done,
        }
    }
}
