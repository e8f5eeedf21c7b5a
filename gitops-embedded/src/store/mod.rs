//! The store: objects, the order of their changes, and when a controller looks at them next.
//!
//! Everything here works inside a transaction that its caller began, and knows nothing of Kubernetes but metadata.

mod connect;
mod key;
mod layout;
mod log;
mod session;

pub(crate) use connect::{Place, connect};
pub(crate) use key::Key;
pub(crate) use layout::{Layout, VERSION as LAYOUT, prepare};
pub(crate) use log::{Change, LogEntry};
pub(crate) use session::{Session, Stored, parse};
