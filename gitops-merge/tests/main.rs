//! Writes of several field managers, recorded on a real API server and replayed.

mod replay;
