//! Where a repository is: a path or a URL.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// On this machine: it is opened where it lies.
    Local(PathBuf),
    /// On another one: it is fetched.
    Remote(RemoteUrl),
}

/// A URL that can be fetched: `https://`, `http://`, `ssh://` or `user@host:path`. It prints without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteUrl {
    /// Without password, and for HTTP without user.
    pub(crate) url: gix::Url,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
}

/// Why a text is no place of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LocationError {
    /// The text is empty.
    #[error("the repository's URL is empty")]
    Empty,
    /// The scheme is not known.
    #[error("`{scheme}://` repositories are not supported, expected `https://`, `ssh://`, `file://` or a path")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// The text is no valid URL.
    #[error("`{text}` is no valid URL of a repository: {reason}")]
    Invalid {
        /// The text, without its password.
        text: String,
        /// Why.
        reason: String,
    },
}

impl Location {
    /// Reads a path, a URL or the short form `user@host:path` of an ssh URL, as `git clone` does. A text with a colon
    /// that exists as a path is one. A relative path is one of the working directory: see [`Location::relative_to`].
    ///
    /// # Errors
    /// [`LocationError`], where the text is none of these.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LocationError::Empty);
        }
        match text.split_once("://") {
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "file" => local_url(text, rest),
                "http" | "https" | "ssh" | "git+ssh" | "ssh+git" => remote(text),
                other => Err(LocationError::Scheme { scheme: other.into() }),
            },
            None if is_short_ssh(text) && !Path::new(text).exists() => remote(text),
            None => Ok(Self::Local(PathBuf::from(text))),
        }
    }

    /// The same place, with a relative path taken to be one of a directory.
    #[must_use]
    pub fn relative_to(self, directory: &Path) -> Self {
        match self {
            Self::Local(path) => Self::Local(directory.join(path)),
            remote @ Self::Remote(_) => remote,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(out),
            Self::Remote(url) => url.fmt(out),
        }
    }
}

impl RemoteUrl {
    /// Whether a program of ssh speaks with the server.
    pub(crate) fn is_ssh(&self) -> bool {
        self.url.scheme == gix::url::Scheme::Ssh
    }

    /// The server's name, and its port where one is said.
    pub(crate) fn host_and_port(&self) -> (&str, Option<u16>) {
        (self.url.host().unwrap_or_default(), self.url.port)
    }

    /// Whether everybody on the way can read what is sent.
    pub(crate) fn is_clear_text(&self) -> bool {
        self.url.scheme == gix::url::Scheme::Http
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.to_bstring().fmt(out)
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// `host:path`, where no slash stands before the colon.
fn is_short_ssh(text: &str) -> bool {
    let Some((host, path)) = text.split_once(':') else { return false };
    let drive = host.len() == 1 && path.starts_with('\\');
    !(drive || host.is_empty() || host.contains(['/', '\\']))
}

fn remote(text: &str) -> Result<Location, LocationError> {
    let invalid = |text: &str, reason: &str| LocationError::Invalid { text: text.into(), reason: reason.into() };
    // The text may hold a password, so an error shows its end only.
    let shown = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("…@{rest}"));
    if text.split_once("::").is_some_and(|(helper, _)| helper.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err(invalid(&shown, "remote helpers are programs, and none is started"));
    }
    // The library's own text would repeat the password.
    let parsed = gix::url::parse(gix::bstr::BStr::new(text));
    let mut url = parsed.map_err(|_| invalid(&shown, "expected `scheme://host/path` or `user@host:path`"))?;
    let dangerous = |argument: gix::url::ArgumentSafety<'_>| matches!(argument, gix::url::ArgumentSafety::Dangerous(_));
    if dangerous(url.host_as_argument()) || dangerous(url.user_as_argument()) || url.path.starts_with(b"-") {
        return Err(invalid(&shown, "a part of it starts with `-`"));
    }
    if url.host().is_none_or(str::is_empty) {
        return Err(invalid(&shown, "it names no host"));
    }
    let password = url.set_password(None);
    let user = url.user().map(Into::into);
    if url.scheme != gix::url::Scheme::Ssh {
        url.set_user(None);
    }
    Ok(Location::Remote(RemoteUrl { url, user, password }))
}

fn local_url(text: &str, rest: &str) -> Result<Location, LocationError> {
    let invalid = |reason: &str| LocationError::Invalid { text: text.into(), reason: reason.into() };
    let path = rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(invalid("a `file://` URL has an absolute path and no host"));
    }
    let decoded = percent_decoded(path).ok_or_else(|| invalid("its escapes are no UTF-8 text"))?;
    Ok(Location::Local(PathBuf::from(decoded)))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match Location::parse(text) {
            Ok(Location::Local(path)) => format!("local {}", path.display()),
            Ok(Location::Remote(url)) => format!("remote {url}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn paths_and_urls_are_told_apart() {
        let cases = [
            (".", "local ."),
            ("/srv/repo.git", "local /srv/repo.git"),
            ("./odd:name", "local ./odd:name"),
            ("file:///srv/with%20space", "local /srv/with space"),
            ("file://localhost/srv/x", "local /srv/x"),
            ("https://user:secret@example.com/org/x.git", "remote https://example.com/org/x.git"),
            ("ssh://git@example.com:2222/org/x.git", "remote ssh://git@example.com:2222/org/x.git"),
            ("git@example.com:org/x.git", "remote git@example.com:org/x.git"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
        for text in
            ["", "git://example.com/x", "ext::sh -c id", "oci://x/y", "file://host/x", "ssh://-oProxyCommand=x/y"]
        {
            assert!(Location::parse(text).is_err(), "{text}: {}", shown(text));
        }
        assert!(!shown("https://user:secret@/x").contains("secret"));
    }

    #[test]
    fn passwords_are_kept_but_not_shown() {
        let Ok(Location::Remote(url)) = Location::parse("https://me:secret@example.com/x") else { panic!() };
        assert_eq!((url.user.as_deref(), url.password.as_deref()), (Some("me"), Some("secret")));
        assert!(!format!("{url:?} {url}").contains("secret"));
    }
}
