//! Whether two addresses are one repository, whatever the protocol, the user, the port and the ending.

/// Whether an address that a server tells and one of a source are the same repository.
pub(super) fn same_repository(told: &str, source: &str) -> bool {
    match (place(told), place(source)) {
        (Some(told), Some(source)) => told == source,
        _ => told.trim_end_matches('/') == source.trim_end_matches('/'),
    }
}

/// The host and the path of `https://host:port/path.git`, `ssh://user@host/path` or `user@host:path`.
fn place(address: &str) -> Option<(String, String)> {
    let lower = address.trim().to_lowercase();
    let (host, path) = match lower.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?,
        None => lower.split_once(':')?,
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    // Servers take ssh at a host of its own where a firewall lets only one port through.
    let host = host.strip_prefix("altssh.").or_else(|| host.strip_prefix("ssh.")).unwrap_or(host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!host.is_empty() && !path.is_empty()).then(|| (host.to_owned(), path.to_owned()))
}
