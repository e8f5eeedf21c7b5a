//! The client: redirects, and how both sides of a connection prove who they are.

use reqwest::blocking::Client;
use reqwest::redirect::Policy;

use super::{WebError, WebOptions};

/// A client with these options.
pub(crate) fn build(options: &WebOptions) -> Result<Client, WebError> {
    let mut builder =
        Client::builder().user_agent("gitops").timeout(options.deadline).redirect(redirects(options.max_redirects));
    builder = options.tls.of_client(builder).map_err(WebError::Tls)?;
    if let Some(proxy) = &options.proxy {
        builder = builder.proxy(proxy.of_client().map_err(|error| WebError::Server(error.without_url().into()))?);
    }
    builder.build().map_err(|error| WebError::Server(error.into()))
}

fn redirects(limit: usize) -> Policy {
    Policy::custom(move |attempt| {
        let secure = attempt.previous().first().is_some_and(|first| first.scheme() == "https");
        if attempt.previous().len() > limit {
            attempt.error("too many redirects")
        } else if secure && attempt.url().scheme() != "https" {
            attempt.error("the server sends on to an unencrypted address")
        } else {
            attempt.follow()
        }
    })
}
