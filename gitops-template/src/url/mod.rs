//! URLs as Go's `net/url` reads and writes them.

mod escape;
mod parse;
mod write;

use escape::Part;

/// The parts of a URL, unescaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: Vec<u8>,
    /// What comes behind the scheme where that is no path.
    pub(crate) opaque: Vec<u8>,
    pub(crate) user: Option<UserInfo>,
    /// With the port.
    pub(crate) host: Vec<u8>,
    pub(crate) path: Vec<u8>,
    /// As it is written.
    pub(crate) query: Vec<u8>,
    pub(crate) fragment: Vec<u8>,
}

/// A user's name and perhaps a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserInfo {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}
