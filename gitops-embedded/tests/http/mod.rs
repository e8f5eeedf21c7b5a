//! The API over HTTP, without a network.

mod api;
mod replay;
