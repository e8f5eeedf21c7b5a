//! Where a repository is: an address as Argo CD takes it, or a path.

use std::path::{Path, PathBuf};

use gitops_git::{Location, LocationError, OpenError, Repository};
use thiserror::Error;

/// Why an address leads nowhere.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is no address.
    #[error("`{address}` is not the address of a repository")]
    Location {
        /// The address.
        address: String,
        /// Why.
        #[source]
        source: LocationError,
    },
    /// No repository is there.
    #[error("`{address}` does not lie in a repository")]
    Open {
        /// The address.
        address: String,
        /// Why.
        #[source]
        source: OpenError,
    },
}

/// The address in a form that does not depend on where the program was started. A path, relative to `base`, becomes the
/// `file://` address of the repository that it lies in; so `.` is the repository that holds `base`. Other addresses stay.
///
/// # Errors
/// Where the text is no address, or a path does not lie in a repository.
pub fn absolute(address: &str, base: &Path) -> Result<String, AddressError> {
    if address.starts_with("file://") {
        return Ok(address.into());
    }
    let location =
        Location::parse(address).map_err(|source| AddressError::Location { address: address.into(), source })?;
    let Location::Local(path) = location.relative_to(base) else { return Ok(address.into()) };
    let repository =
        Repository::discover(&path).map_err(|source| AddressError::Open { address: address.into(), source })?;
    let root = repository.work_tree().unwrap_or_else(|| repository.git_dir());
    let root = root.canonicalize().unwrap_or_else(|_| root.into());
    Ok(format!("file://{}", root.display()))
}

/// The path of a repository on this machine; none for one that is fetched.
pub fn local_path(address: &str) -> Option<PathBuf> {
    match Location::parse(address) {
        Ok(Location::Local(path)) => Some(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        for remote in ["https://example.com/a.git", "ssh://git@example.com/a", "git@example.com:org/a.git"] {
            assert_eq!(absolute(remote, Path::new("/")).unwrap(), remote);
            assert_eq!(local_path(remote), None);
        }
        assert_eq!(local_path("file:///srv/a.git"), Some("/srv/a.git".into()));
    }
}
