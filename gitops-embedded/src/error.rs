use std::path::PathBuf;

use thiserror::Error;

/// Why an embedded cluster cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory or the file cannot be made or read.
    #[error("`{}`: cannot be opened as an embedded cluster", path.display())]
    Files {
        /// The directory or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no database, is damaged, or the disk is full.
    #[error("`{}`: {}", path.display(), crate::failure::storage_words(source))]
    Storage {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file was written by a newer version of this program.
    #[error("`{}`: written in layout {found} by a newer version; this one knows layout {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The layout of the file.
        found: i64,
        /// The newest layout known here.
        known: i64,
    },
    /// The file is a database of something else.
    #[error("`{}`: a database, but not one of an embedded cluster", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The built-in kinds or first objects cannot be made, which tests exclude.
    #[error("the embedded cluster cannot be set up: {0}")]
    Setup(String),
}
