use std::fmt;

use gitops_git::Credentials;

use super::WebError;

/// Who to be for servers under an address.
#[derive(Clone)]
pub struct WebCredentials {
    address: String,
    credentials: Credentials,
}

impl WebCredentials {
    /// What proves who asks, for what lies under an `https://` or `oci://` address.
    pub fn new(address: impl Into<String>, credentials: Credentials) -> Self {
        Self { address: address.into(), credentials }
    }

    /// A user and a password, for what lies under an `https://` or `oci://` address.
    pub fn basic(address: impl Into<String>, user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::new(address, Credentials::new(user, password))
    }

    /// A token, for what lies under an `https://` or `oci://` address.
    pub fn bearer(address: impl Into<String>, token: impl Into<String>) -> Self {
        Self::new(address, Credentials::bearer(token))
    }

    /// Those of the longest address that another lies under.
    pub(super) fn find<'a>(all: &'a [Self], address: &str) -> Option<&'a Self> {
        let covers = |one: &&Self| {
            let start = one.address.trim_end_matches('/');
            address.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        all.iter().filter(covers).max_by_key(|one| one.address.len())
    }

    /// The header that says who asks.
    pub(super) fn authorization(&self) -> Result<String, WebError> {
        self.credentials.authorization().map_err(WebError::Access)
    }
}

impl fmt::Debug for WebCredentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.address, gitops_core::secret::MARKER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_address_decides_at_whole_parts() {
        let all = [
            WebCredentials::bearer("https://host.example", "a"),
            WebCredentials::bearer("https://host.example/charts/", "b"),
        ];
        let found = |address| WebCredentials::find(&all, address).map(|one| one.address.as_str());
        assert_eq!(found("https://host.example/charts/web"), Some("https://host.example/charts/"));
        assert_eq!(found("https://host.example/charts-of-others"), Some("https://host.example"));
        assert_eq!(found("https://host.example.evil/charts"), None);
        assert!(!format!("{all:?}").contains("\"b\"") && format!("{all:?}").contains("[secret]"));
    }
}
