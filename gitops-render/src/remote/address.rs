//! Addresses of repositories, as kustomize v5.8.1 reads them (`api/internal/git/repospec.go`).

use std::time::Duration;

use gitops_core::need::RepositoryNeed;

use super::query::{Query, duration};

/// How long getting a repository may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(27);
/// Schemes of a repository's address.
const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", "file://"];
/// The directory above repositories on Azure DevOps, whose name marks where the repository's own name is.
const GIT_ROOT: &str = "_git/";

/// A directory in another repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepositoryAddress {
    /// The repository.
    pub(crate) need: RepositoryNeed,
    /// The directory in it, as it is written.
    pub(crate) path: String,
    /// Whether the text says itself where the repository ends: it can hardly be the address of a file.
    pub(crate) explicit: bool,
}

impl RepositoryAddress {
    /// Reads an address; none where the text is not one and so names a path.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let query = Query::parse(query);
        let (host, rest) = host(address)?;
        let explicit = Split::marked(rest);
        let marked = explicit.is_some();
        let Split { repository, path } = match explicit {
            Some(split) => split,
            None if host == "file://" => Split { repository: rest, path: "" },
            None => Split::after_two_parts(rest)?,
        };
        let path = path.trim_start_matches('/');
        if repository.is_empty() || leaves(path) {
            return None;
        }
        let mut need = RepositoryNeed::new(format!("{host}{repository}"));
        need.revision = query.get("ref").or_else(|| query.get("version")).unwrap_or_default().into();
        need.timeout = query.get("timeout").and_then(timeout).unwrap_or(TIMEOUT);
        need.submodules = query.get("submodules").and_then(boolean).unwrap_or(true);
        Some(Self { explicit: marked || !need.revision.is_empty(), need, path: path.into() })
    }
}

/// A path after the host: the repository and the directory in it.
struct Split<'a> {
    repository: &'a str,
    path: &'a str,
}

impl<'a> Split<'a> {
    /// Where the text says itself where the repository ends: by `_git/`, `//` or `.git`.
    fn marked(text: &'a str) -> Option<Self> {
        let at = |end: usize, start: usize| {
            Some(Self { repository: text.get(..end)?, path: text.get(start..).unwrap_or_default() })
        };
        if let Some(root) = text.find(GIT_ROOT) {
            let name = root + GIT_ROOT.len();
            let end = text.get(name..)?.find('/').map_or(text.len(), |length| name + length);
            return at(end, end + 1);
        }
        if let Some(end) = text.find("//") {
            return at(end, end + 2);
        }
        let end = text.find(".git")? + ".git".len();
        at(end, end)
    }

    /// An organization and a repository, as on GitHub.
    fn after_two_parts(text: &'a str) -> Option<Self> {
        let (first, rest) = text.split_once('/')?;
        let end = rest.find('/').map_or(text.len(), |length| first.len() + 1 + length);
        Some(Self { repository: text.get(..end)?, path: text.get(end..)? })
    }
}

/// Scheme, user and host, up to where the path starts; and the path.
fn host(text: &str) -> Option<(String, &str)> {
    let text = without_prefix(text, "git::").unwrap_or(text);
    let (scheme, rest) = SCHEMES
        .iter()
        .find_map(|scheme| without_prefix(text, scheme).map(|rest| (*scheme, rest)))
        .unwrap_or(("", text));
    if scheme == "file://" {
        return Some((scheme.into(), rest));
    }
    let (user, rest) = user(rest);
    let lower = rest.get(..11).map(str::to_ascii_lowercase).unwrap_or_default();
    let github = lower == "github.com/" || lower == "github.com:";
    let short = scheme.is_empty() && (!user.is_empty() || github);
    if scheme.is_empty() && !short {
        return None;
    }
    let slash = rest.find('/');
    let colon = rest.find(':').filter(|colon| short && slash.is_none_or(|slash| *colon > 0 && *colon < slash));
    let (host, path) = match colon.or(slash) {
        Some(end) => (rest.get(..=end)?, rest.get(end + 1..)?),
        None => (rest, ""),
    };
    if host.is_empty() {
        return None;
    }
    let host = match github {
        true if scheme == "ssh://" || !user.is_empty() => format!("{user}github.com:"),
        true => "https://github.com/".into(),
        false => format!("{scheme}{user}{host}"),
    };
    Some((host, path))
}

/// `name@` at the start, which begins with a letter and goes on with letters, digits and `-`.
fn user(text: &str) -> (&str, &str) {
    let Some(at) = text.find('@') else { return ("", text) };
    let (name, _) = text.split_at(at);
    let valid = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric());
    if valid { text.split_at(at + 1) } else { ("", text) }
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Whether a path climbs out of where it starts.
fn leaves(path: &str) -> bool {
    let mut depth = 0i64;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

/// Whole seconds, or a duration as Go writes one; only more than nothing counts.
fn timeout(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<i64>() {
        return u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
    }
    duration(text).filter(|duration| !duration.is_zero())
}

/// A truth value as Go reads it (`strconv.ParseBool`).
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let Some(RepositoryAddress { need, path, .. }) = RepositoryAddress::parse(text) else { return "none".into() };
        format!("{} {path} {}", need.address, need.revision).trim_end().to_owned()
    }

    #[test]
    fn addresses_are_taken_apart_as_kustomize_does() {
        let cases = [
            ("github.com/org/repo//base/web?ref=v1", "https://github.com/org/repo base/web v1"),
            ("github.com/org/repo/base/web?version=v1", "https://github.com/org/repo base/web v1"),
            ("GitHub.com/org/repo", "https://github.com/org/repo"),
            ("https://github.com/org/repo.git/base?ref=main", "https://github.com/org/repo.git base main"),
            ("https://github.com/org/repo?version=a&ref=b", "https://github.com/org/repo  b"),
            ("https://host.example/x.git//a/b", "https://host.example/x.git a/b"),
            ("https://host.example:8080/x/y/z?ref=1", "https://host.example:8080/x/y z 1"),
            ("http://host.example/a/b.git?ref=1", "http://host.example/a/b.git  1"),
            ("ssh://git@host.example:7999/p/x.git/a?ref=v1", "ssh://git@host.example:7999/p/x.git a v1"),
            ("ssh://git@github.com/org/repo//a", "git@github.com:org/repo a"),
            ("git@github.com:org/repo.git//a?ref=x", "git@github.com:org/repo.git a x"),
            ("git@github.com/org/repo//a", "git@github.com:org/repo a"),
            ("git@host.example:org/repo//a", "git@host.example:org/repo a"),
            ("github.com:org/repo//a", "https://github.com/org/repo a"),
            ("git::https://host.example/org/repo//a?ref=v1", "https://host.example/org/repo a v1"),
            ("git::ssh://git@host.example/org/repo//a", "ssh://git@host.example/org/repo a"),
            ("file:///srv/repo//a/b?ref=v1", "file:///srv/repo a/b v1"),
            ("file:///srv/repo.git/a", "file:///srv/repo.git a"),
            ("file:///srv/repo", "file:///srv/repo"),
            (
                "https://dev.azure.com/org/project/_git/repo/a/b?ref=x",
                "https://dev.azure.com/org/project/_git/repo a/b x",
            ),
            ("https://user@dev.azure.com/org/project/_git/repo", "https://user@dev.azure.com/org/project/_git/repo"),
            ("https://host.example/org/repo//a/../../b", "none"),
            ("https://host.example/org", "none"),
            ("https://host.example", "none"),
            ("host.example/org/repo?ref=v1", "none"),
            ("../base", "none"),
            ("base/web.yaml", "none"),
            ("/srv/repo", "none"),
            ("9a@host:org/repo", "none"),
            ("", "none"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn questions_of_how_are_read() {
        let need = |query: &str| RepositoryAddress::parse(&format!("github.com/org/repo?{query}")).unwrap().need;
        assert_eq!(need("").timeout, TIMEOUT);
        assert_eq!(need("timeout=61").timeout, Duration::from_secs(61));
        assert_eq!(need("timeout=1m1.5s").timeout, Duration::from_millis(61_500));
        assert_eq!(need("timeout=-1").timeout, TIMEOUT);
        assert_eq!(need("timeout=x&ref=a").timeout, TIMEOUT);
        assert!(need("").submodules && need("submodules=x").submodules && !need("submodules=0").submodules);
        assert_eq!(need("ref=feature%2Fa+b").revision, "feature/a b");
        assert_eq!(need("ref=a&ref=b").revision, "a");
        // A query that cannot be read is none at all.
        assert_eq!(need("ref=a&x=%zz"), need(""));
        assert_eq!(need("ref=a;b"), need(""));
    }
}
