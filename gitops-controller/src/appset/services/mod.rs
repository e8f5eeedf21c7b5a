//! Services that generators ask over HTTP, each in a file of its own: bounded in time, bytes and pages, and never led to another
//! server with a token meant for one.

mod gitea;
mod github;
mod gitlab;
mod plugin;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::io::Read as _;
use std::time::{Duration, Instant};

use gitops_core::Value;
use gitops_core::secret::{Purpose, Reveal, Secret};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LINK};
use reqwest::redirect::Policy;
use reqwest::{Certificate, StatusCode, Url};
use thiserror::Error;

use crate::appset::{PullRequest, ScmRepository};

pub(crate) use gitea::Gitea;
pub(crate) use github::Github;
pub(crate) use gitlab::Gitlab;
pub(crate) use plugin::Plugin;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How long everything that one generator asks may take.
const ALL_ANSWERS: Duration = Duration::from_secs(300);
/// Bytes of all answers to one generator.
const MAX_BYTES: u64 = 64 << 20;
/// Pages of one listing.
const MAX_PAGES: usize = 1_000;
const MAX_REDIRECTS: usize = 5;

/// Why a service gives no answer.
#[derive(Debug, Error)]
pub(crate) enum ServiceError {
    #[error("`{0}` is not the address of a service")]
    Address(String),
    #[error("the certificates of authorities cannot be read")]
    Authorities(#[source] reqwest::Error),
    #[error("the token cannot be sent")]
    Token,
    #[error("`{url}` gives no answer")]
    NoAnswer {
        url: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("`{url}` answers with status code {status}{}{message}", if message.is_empty() { "" } else { ": " })]
    Status { url: String, status: u16, message: String },
    #[error("`{url}` answers with something else than expected: {message}")]
    Answer { url: String, message: String },
    #[error("`{url}` does not end within {limit}")]
    TooMuch { url: String, limit: &'static str },
    #[error("clone protocol `{0}` is neither `ssh` nor `https`")]
    Protocol(String),
}

impl ServiceError {
    /// Nothing is at an address where something must be.
    fn absent(url: &Url) -> Self {
        Self::Status { url: shown(url), status: 404, message: String::new() }
    }
}

/// How a service is reached.
#[derive(Default)]
pub(crate) struct Access {
    /// The token.
    pub(crate) token: Option<Secret<String>>,
    /// Certificates of authorities that the service may be certified by too, in PEM.
    pub(crate) authorities: Vec<u8>,
    /// Whether the service need not prove who it is.
    pub(crate) insecure: bool,
    /// How long one answer may take, where it is said.
    pub(crate) timeout: Option<Duration>,
}

/// A service at an address.
struct Service {
    client: Client,
    base: Url,
    until: Instant,
    left: Cell<u64>,
}

impl Service {
    /// A service; `header` says how a token is sent.
    fn new(
        base: &str,
        access: &Access,
        header: impl FnOnce(&str) -> (HeaderName, String),
    ) -> Result<Self, ServiceError> {
        let wrong = || ServiceError::Address(base.to_owned());
        let base = Url::parse(base).map_err(|_| wrong())?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(wrong());
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = &access.token {
            let (name, value) = header(token.reveal(&Reveal::granted(Purpose::Connection)));
            let mut value = HeaderValue::from_str(&value).map_err(|_| ServiceError::Token)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let mut client = Client::builder()
            .user_agent("gitops")
            .default_headers(headers)
            .timeout(access.timeout.unwrap_or(ANSWER))
            .danger_accept_invalid_certs(access.insecure)
            .redirect(Policy::custom(|attempt| {
                let first = attempt.previous().first().map(Url::origin);
                if attempt.previous().len() > MAX_REDIRECTS || first != Some(attempt.url().origin()) {
                    attempt.stop()
                } else {
                    attempt.follow()
                }
            }));
        let authorities = Certificate::from_pem_bundle(&access.authorities).map_err(ServiceError::Authorities)?;
        for authority in authorities {
            client = client.add_root_certificate(authority);
        }
        let client = client.build().map_err(ServiceError::Authorities)?;
        Ok(Self { client, base, until: Instant::now() + ALL_ANSWERS, left: Cell::new(MAX_BYTES) })
    }

    /// An address below the service's; slashes inside a segment are part of it.
    fn url<'s>(&self, segments: impl IntoIterator<Item = &'s str>, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// What is at an address; none where there is nothing.
    fn get(&self, url: &Url) -> Result<Option<Value>, ServiceError> {
        Ok(self.answer(url, self.client.get(url.clone()))?.map(|(value, _)| value))
    }

    /// Whether there is something at an address.
    fn has(&self, url: &Url) -> Result<bool, ServiceError> {
        Ok(self.send(url, self.client.get(url.clone()))?.is_some())
    }

    /// A whole list, page by page; none where there is nothing at the address.
    fn list(&self, first: Url) -> Result<Option<Vec<Value>>, ServiceError> {
        let mut all = Vec::new();
        let mut next = Some(first.clone());
        for _ in 0..MAX_PAGES {
            let Some(url) = next.take() else { return Ok(Some(all)) };
            let Some((value, headers)) = self.answer(&url, self.client.get(url.clone()))? else {
                // A page that is announced and not there is not the end.
                return if url == first { Ok(None) } else { Err(ServiceError::absent(&url)) };
            };
            let Value::Array(entries) = value else {
                return Err(ServiceError::Answer { url: shown(&url), message: "expected a list".into() });
            };
            all.extend(entries);
            next = next_page(&url, &headers);
        }
        match next {
            None => Ok(Some(all)),
            Some(_) => Err(ServiceError::TooMuch { url: shown(&first), limit: "1,000 pages" }),
        }
    }

    /// A whole list that must be there.
    fn required_list(&self, url: Url) -> Result<Vec<Value>, ServiceError> {
        self.list(url.clone())?.ok_or_else(|| ServiceError::absent(&url))
    }

    /// Whether a branch has a path, as GitHub says it, and Gitea after it.
    fn has_content(&self, of: &ScmRepository, path: &str) -> Result<bool, ServiceError> {
        let place = ["repos", &of.organization, &of.repository, "contents"];
        self.has(&self.url(place.into_iter().chain(path.split('/')), &[("ref", &of.branch)]))
    }

    /// What a service answers to a request with a body.
    fn post(&self, url: &Url, body: &Value) -> Result<Option<Value>, ServiceError> {
        let request = self.client.post(url.clone()).header("Content-Type", "application/json").body(body.to_string());
        Ok(self.answer(url, request)?.map(|(value, _)| value))
    }

    fn answer(&self, url: &Url, request: RequestBuilder) -> Result<Option<(Value, HeaderMap)>, ServiceError> {
        let Some(response) = self.send(url, request)? else { return Ok(None) };
        let headers = response.headers().clone();
        let body = self.body(url, response)?;
        let value = serde_json::from_slice(&body);
        let value = value.map_err(|error| ServiceError::Answer { url: shown(url), message: error.to_string() })?;
        Ok(Some((value, headers)))
    }

    /// A good answer; none where there is nothing at the address.
    fn send(&self, url: &Url, request: RequestBuilder) -> Result<Option<Response>, ServiceError> {
        if Instant::now() > self.until {
            return Err(ServiceError::TooMuch { url: shown(url), limit: "five minutes" });
        }
        let failed =
            |source: reqwest::Error| ServiceError::NoAnswer { url: shown(url), source: source.without_url().into() };
        let response = request.send().map_err(failed)?;
        let status = response.status();
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            let body = self.body(url, response).unwrap_or_default();
            return Err(ServiceError::Status { url: shown(url), status: status.as_u16(), message: message(&body) });
        }
        Ok(Some(response))
    }

    fn body(&self, url: &Url, response: Response) -> Result<Vec<u8>, ServiceError> {
        let mut body = Vec::new();
        let read = response.take(self.left.get() + 1).read_to_end(&mut body);
        read.map_err(|source| ServiceError::NoAnswer { url: shown(url), source: source.into() })?;
        let left = self.left.get().checked_sub(body.len() as u64);
        self.left.set(left.ok_or(ServiceError::TooMuch { url: shown(url), limit: "64 MiB" })?);
        Ok(body)
    }
}

/// How most services take a token.
fn bearer(token: &str) -> (HeaderName, String) {
    (AUTHORIZATION, format!("Bearer {token}"))
}

/// An address without what may be secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.into()
}

/// What a service says of a failure: a short text under `message` or `error`.
fn message(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = ["message", "error"].into_iter().find_map(|field| value.get(field)?.as_str().map(str::to_owned));
    text.unwrap_or_default().chars().take(300).collect()
}

/// The address of the next page: that of the `Link` header, or the same with the page of `X-Next-Page`. It is asked of the same
/// server, which may be known by another name to itself.
fn next_page(url: &Url, headers: &HeaderMap) -> Option<Url> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let links = text(LINK.as_str()).unwrap_or_default().split(',');
    let mut next = links.rev().filter_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters.split(';').any(|one| matches!(one.trim(), "rel=\"next\"" | "rel=next"));
        is_next.then(|| url.join(address).ok()).flatten()
    });
    let by_number = || {
        let page = text("x-next-page").filter(|page| !page.is_empty())?;
        let mut next = url.clone();
        let others: Vec<(String, String)> =
            url.query_pairs().filter(|(key, _)| key != "page").map(|(key, value)| (key.into(), value.into())).collect();
        next.query_pairs_mut().clear().extend_pairs(others).append_pair("page", page);
        Some(next)
    };
    let here = |next: Url| {
        let mut here = url.clone();
        here.set_path(next.path());
        here.set_query(next.query());
        here
    };
    next.next().or_else(by_number).map(here)
}

/// A repository on a branch, whose commit is at a place of the answer.
fn on_branch(of: &ScmRepository, branch: &Value, commit: &str) -> ScmRepository {
    ScmRepository { branch: text(branch, "/name"), sha: text(branch, commit), ..of.clone() }
}

/// A pull request, as GitHub says it, and Gitea after it.
fn pull_request(one: &Value) -> PullRequest {
    PullRequest {
        number: one["number"].as_i64().unwrap_or_default(),
        title: text(one, "/title"),
        branch: text(one, "/head/ref"),
        target_branch: text(one, "/base/ref"),
        head_sha: text(one, "/head/sha"),
        labels: texts(one, "/labels", "name"),
        author: text(one, "/user/login"),
    }
}

/// Those of the pull requests of an answer that have all labels that are asked for.
fn pull_requests(answer: &[Value], labels: Option<&Vec<String>>) -> Vec<PullRequest> {
    answer.iter().map(pull_request).filter(|pull| has_all(labels, &pull.labels)).collect()
}

/// The text at a place of an answer, or nothing.
fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The texts of a list.
fn texts(value: &Value, pointer: &str, field: &str) -> Vec<String> {
    let list = value.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let one = |value: &Value| {
        if field.is_empty() { value.as_str() } else { value.get(field).and_then(Value::as_str) }.map(str::to_owned)
    };
    list.filter_map(one).collect()
}

/// Which of two addresses is meant by `cloneProtocol`: ssh where nothing is said.
fn clone_url(protocol: Option<&str>, ssh: String, https: String) -> Result<String, ServiceError> {
    match protocol.unwrap_or_default() {
        "" | "ssh" => Ok(ssh),
        "https" => Ok(https),
        other => Err(ServiceError::Protocol(other.to_owned())),
    }
}

/// Whether all that are asked for are there.
fn has_all(asked: Option<&Vec<String>>, there: &[String]) -> bool {
    asked.into_iter().flatten().all(|label| there.contains(label))
}
