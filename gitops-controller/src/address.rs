//! Where a repository is: an address as Argo CD takes it, or a path.

use std::path::{Path, PathBuf};

use gitops_core::api::{Application, ApplicationSet};
use gitops_core::tree::TreePath;
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

/// An address for people: without a password, and for HTTP without a user. What is none is not shown.
pub fn shown(address: &str) -> String {
    match Location::parse(address) {
        Ok(Location::Local(path)) => path.display().to_string(),
        Ok(Location::Remote(url)) => url.to_string(),
        Err(_) => String::new(),
    }
}

/// Makes the addresses of an Application's sources independent of where the program was started, as [`absolute`] does.
///
/// # Errors
/// As [`absolute`].
pub fn anchor(application: &mut Application, base: &Path) -> Result<(), AddressError> {
    let spec = &mut application.spec;
    for source in spec.source.iter_mut().chain(spec.sources.iter_mut().flatten()) {
        // The address of a registry looks like a path.
        if source.chart().is_none() {
            source.repo_url = absolute(&source.repo_url, base)?;
        }
    }
    Ok(())
}

/// The same for what an ApplicationSet says: the sources of its template and the repositories of its generators. What a
/// template is still to fill in stays as it is.
///
/// # Errors
/// As [`absolute`].
pub fn anchor_set(set: &mut ApplicationSet, base: &Path) -> Result<(), AddressError> {
    let is_known = |address: &str| !address.contains("{{") && !address.is_empty();
    let spec = &mut set.spec.template.spec;
    let sources = spec.source.iter_mut().chain(spec.sources.iter_mut().flatten());
    for source in sources.filter(|source| source.chart().is_none() && is_known(&source.repo_url)) {
        source.repo_url = absolute(&source.repo_url, base)?;
    }
    let nested = set.spec.generators.iter_mut().flat_map(|one| {
        let inside = one.matrix.iter_mut().flat_map(|matrix| &mut matrix.generators);
        let inside = inside.chain(one.merge.iter_mut().flat_map(|merge| &mut merge.generators));
        one.git.iter_mut().chain(inside.filter_map(|one| one.git.as_mut()))
    });
    for git in nested.filter(|git| is_known(&git.repo_url)) {
        git.repo_url = absolute(&git.repo_url, base)?;
    }
    Ok(())
}

/// The path of a repository on this machine; none for one that is fetched.
pub fn local_path(address: &str) -> Option<PathBuf> {
    match Location::parse(address) {
        Ok(Location::Local(path)) => Some(path),
        _ => None,
    }
}

/// An address in the form in which they are compared: without scheme, user and port, and what may come after the path. The
/// case of letters counts only in paths of this machine.
pub fn comparable(address: &str) -> String {
    let address = address.trim().trim_end_matches('/');
    let lower = if address.starts_with("file://") { address.to_owned() } else { address.to_lowercase() };
    let lower = lower.strip_suffix(".git").unwrap_or(&lower);
    let (host, path) = match lower.split_once("://") {
        Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
        None => lower.split_once(['/', ':']).unwrap_or((lower, "")),
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    // Servers take ssh at a host of its own where a firewall lets only one port through.
    let host = host.strip_prefix("altssh.").or_else(|| host.strip_prefix("ssh.")).unwrap_or(host);
    format!("{host}/{}", TreePath::new(path).map_or_else(|_| path.to_owned(), |path| path.to_string()))
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

    #[test]
    fn addresses_are_compared_by_host_and_path() {
        let address = "https://github.com/Org/repo.git";
        for same in ["https://github.com/org/repo", "git@github.com:org/repo.git", "ssh://git@github.com/org/repo/"] {
            assert_eq!(comparable(same), comparable(address), "{same}");
        }
        for same in ["https://user@github.com:443/org/repo.git", "ssh://git@ssh.github.com:22/org/repo"] {
            assert_eq!(comparable(same), comparable(address), "{same}");
        }
        assert_ne!(comparable("https://github.com/org/other"), comparable(address));
        assert_ne!(comparable("https://github.com.example.com/org/repo"), comparable(address));
        assert_ne!(comparable("file:///srv/A"), comparable("file:///srv/a"));
    }
}
