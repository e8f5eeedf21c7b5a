use std::fmt;

use reqwest::NoProxy;

/// Through whom servers are asked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    address: String,
    exceptions: String,
}

impl Proxy {
    /// A proxy at a URL, which may name a user and a password, for all hosts but these: names, domains and addresses with commas
    /// between them, as `NO_PROXY` has them.
    pub fn new(address: impl Into<String>, exceptions: impl Into<String>) -> Self {
        Self { address: address.into(), exceptions: exceptions.into() }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The same for a client.
    ///
    /// # Errors
    /// Where its address is no URL.
    pub fn of_client(&self) -> Result<reqwest::Proxy, reqwest::Error> {
        Ok(reqwest::Proxy::all(&self.address)?.no_proxy(NoProxy::from_string(&self.exceptions)))
    }
}

impl fmt::Debug for Proxy {
    /// Without the address, which may hold a password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Proxy").field("exceptions", &self.exceptions).finish_non_exhaustive()
    }
}
