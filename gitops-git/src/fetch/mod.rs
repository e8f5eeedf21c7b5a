//! Repositories of other machines, fetched into bare repositories of a cache directory.

mod asked;
mod cache;
mod connect;
mod error;
mod lock;
mod opened;
mod options;
mod refs;
mod watch;

pub use cache::RepositoryCache;
pub use error::FetchError;
pub use options::{FetchOptions, OnAsk};
