//! Repositories of other machines, fetched into bare repositories of a cache directory.

mod asked;
mod cache;
mod connect;
mod error;
mod groups;
mod lock;
mod opened;
mod options;
mod refs;
mod watch;

pub use cache::RepositoryCache;
pub use error::FetchError;
pub(crate) use groups::Hold;
pub use options::{FetchOptions, OnAsk};
