//! The embedded cluster from outside: through the seam, as the command line uses it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod cluster;
mod http;
mod kube_client;
mod storage;
mod suite;
