//! Calls within bounds: no answer is waited for longer, or read further, than is said here, and none leads to another server.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;

use crate::IdentityError;

/// Bytes of an answer.
const MAX_ANSWER_BYTES: usize = 256 << 10;
/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a connection may take. Metadata servers are not there on other machines.
const CONNECT: Duration = Duration::from_secs(3);
/// Letters of a server's own word for why it refuses.
const MAX_CODE: usize = 64;

/// Clients for servers anywhere, and for those beside this machine, to which no proxy leads.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    pub(crate) outside: Client,
    pub(crate) beside: Client,
}

impl Web {
    pub(crate) fn new() -> Result<Self, IdentityError> {
        let builder = || {
            Client::builder().user_agent("gitops").timeout(DEADLINE).connect_timeout(CONNECT).redirect(Policy::none())
        };
        let failed = |error: reqwest::Error| IdentityError::Server { server: "a client", source: Arc::new(error) };
        Ok(Self { outside: builder().build().map_err(failed)?, beside: builder().no_proxy().build().map_err(failed)? })
    }
}

/// The bytes that a server answers. Of a refusal, `code` reads why.
pub(crate) async fn bytes(
    request: RequestBuilder,
    server: &'static str,
    code: fn(&[u8]) -> Option<String>,
) -> Result<Vec<u8>, IdentityError> {
    // An address may hold what proves who asks.
    let failed = |error: reqwest::Error| IdentityError::Server { server, source: Arc::new(error.without_url()) };
    let mut response = request.send().await.map_err(failed)?;
    let status = response.status();
    let mut read = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if read.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(IdentityError::Answer { server });
        }
        read.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return Ok(read);
    }
    let code = code(&read).map(plain).filter(|code| !code.is_empty());
    let code = code.map(|code| format!(": {code}")).unwrap_or_default();
    Err(IdentityError::Refused { server, status: status.as_u16(), code })
}

/// An answer in JSON.
pub(crate) async fn json<T: DeserializeOwned>(
    request: RequestBuilder,
    server: &'static str,
    code: fn(&[u8]) -> Option<String>,
) -> Result<T, IdentityError> {
    let read = bytes(request, server, code).await?;
    // The error of a reader could repeat a part of a token.
    serde_json::from_slice(&read).map_err(|_| IdentityError::Answer { server })
}

/// A word as a server says it, and nothing else that it could say.
fn plain(code: String) -> String {
    let letters = code.chars().filter(|one| one.is_ascii_alphanumeric() || "._- ".contains(*one));
    letters.take(MAX_CODE).collect()
}

/// The body of a form.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A POST of a form.
pub(crate) fn post(client: &Client, url: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    client.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(form(fields))
}

/// Nothing is read of a refusal.
pub(crate) fn unread(_: &[u8]) -> Option<String> {
    None
}
