use std::error::Error;
use std::sync::Arc;

use futures::future::BoxFuture;
use gitops_core::cluster::{ClusterError, ErrorKind};
use gitops_core::secret::{Purpose, Reveal, Secret};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use kube::client::Body;
use thiserror::Error;

/// Makes tokens that prove to an API server who calls, where they are valid for some time only.
pub trait TokenSource: Send + Sync {
    /// One that is valid now. It is asked for each call, so it is for the source to keep one.
    fn token(&self) -> BoxFuture<'_, Result<Arc<Secret<String>>, TokenError>>;
}

/// Why there is none.
#[derive(Debug, Error)]
#[error("no credentials could be had")]
pub struct TokenError(#[source] pub Box<dyn Error + Send + Sync>);

/// A call with the token that is valid now.
pub(crate) async fn sign(
    source: &dyn TokenSource,
    mut request: http::Request<Body>,
) -> Result<http::Request<Body>, ClusterError> {
    let token = source.token().await.map_err(|error| refused(&error))?;
    let text = format!("Bearer {}", token.reveal(&Reveal::granted(Purpose::Connection)));
    let value = HeaderValue::try_from(text).map_err(|error| refused(&TokenError(error.into())));
    let mut value = value?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(request)
}

/// As if the server could not be reached: it may be otherwise when it is asked again.
fn refused(error: &TokenError) -> ClusterError {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        message.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    ClusterError::new(ErrorKind::Unavailable, message)
}
