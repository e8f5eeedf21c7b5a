//! Signatures of requests (AWS Signature Version 4).

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use http::{Method, Request};

use crate::IdentityError;

/// The header that says which cluster a signature is for.
const CLUSTER: &str = "x-k8s-aws-id";
/// Seconds that are said in a signed address. AWS does not go by them here, and older API servers take no more.
const EXPIRES: Duration = Duration::from_secs(60);

/// The address at which AWS says who has signed it, for one cluster.
pub(super) fn identity_url(
    sts: &str,
    region: &str,
    cluster: &str,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<String, IdentityError> {
    let address = format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", sts.trim_end_matches('/'));
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES);
    let request = Request::get(address).header(CLUSTER, cluster).body(Vec::new());
    let request = request.map_err(|_| IdentityError::Sign)?;
    Ok(signed(request, region, credentials, settings, now)?.uri().to_string())
}

/// A request to STS, signed in its headers.
pub(super) fn form(
    sts: &str,
    region: &str,
    body: String,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<Request<Vec<u8>>, IdentityError> {
    let request = Request::builder().method(Method::POST).uri(format!("{}/", sts.trim_end_matches('/')));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.into_bytes());
    signed(request.map_err(|_| IdentityError::Sign)?, region, credentials, SigningSettings::default(), now)
}

fn signed(
    mut request: Request<Vec<u8>>,
    region: &str,
    credentials: &Credentials,
    settings: SigningSettings,
    now: SystemTime,
) -> Result<Request<Vec<u8>>, IdentityError> {
    let identity = credentials.clone().into();
    let parameters = SigningParams::builder().identity(&identity).region(region).name("sts").time(now);
    let parameters = parameters.settings(settings).build().map_err(|_| IdentityError::Sign)?;
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let address = request.uri().to_string();
    let signable =
        SignableRequest::new(request.method().as_str(), address.as_str(), headers, SignableBody::Bytes(request.body()));
    let output = sign(signable.map_err(|_| IdentityError::Sign)?, &parameters.into());
    let (instructions, _) = output.map_err(|_| IdentityError::Sign)?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}
