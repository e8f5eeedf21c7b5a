//! Files that say how a token of somebody else is exchanged for one of Google (Workload Identity Federation, AIP-4117).

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{FILE, SCOPES, Source, Trust, text};
use crate::held::Token;
use crate::variables::file;
use crate::web::{self, Web};
use crate::{IdentityError, oauth};

const EXCHANGE: &str = "Google's Security Token Service";
const IMPERSONATION: &str = "Google's service for credentials of service accounts";
const ELSEWHERE: &str = "the server of the token that is exchanged";

#[derive(Deserialize)]
struct External {
    audience: String,
    subject_token_type: String,
    token_url: String,
    service_account_impersonation_url: Option<String>,
    credential_source: CredentialSource,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CredentialSource {
    file: Option<String>,
    url: Option<String>,
    headers: BTreeMap<String, String>,
    format: Format,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Format {
    r#type: String,
    subject_token_field_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Impersonated {
    access_token: String,
    expire_time: Timestamp,
}

/// A token of Google for one of somebody else.
pub(super) async fn of_elsewhere(web: &Web, source: &Source, now: SystemTime) -> Result<Token, IdentityError> {
    let external: External = source.read()?;
    let exchange = source.address("token_url", external.token_url)?;
    let impersonation = external.service_account_impersonation_url;
    let impersonation =
        impersonation.map(|url| source.address("service_account_impersonation_url", url)).transpose()?;
    let subject = subject(web, source, &external.credential_source).await?;
    // Who is somebody else then needs to be let in nowhere but there.
    let scopes = if impersonation.is_some() { SCOPES[0].to_owned() } else { SCOPES.join(" ") };
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("audience", &external.audience),
        ("scope", &scopes),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("subject_token_type", &external.subject_token_type),
        ("subject_token", &subject),
    ];
    let token = oauth::token(web::post(&web.outside, &exchange, &fields), EXCHANGE, now).await?;
    match impersonation {
        None => Ok(token),
        Some(url) => impersonate(web, &url, &token, now).await,
    }
}

/// The token of somebody else.
async fn subject(web: &Web, source: &Source, from: &CredentialSource) -> Result<String, IdentityError> {
    let unusable = |why| IdentityError::unusable(format!("`credential_source` of the file in {FILE}"), why);
    let answer = match (&from.file, &from.url) {
        (Some(path), _) => file("credential_source", Path::new(path))?,
        (None, Some(_)) if source.trust == Trust::Google => {
            return Err(unusable("the Secret of a cluster names the file, so its `url` is not asked: use `file`"));
        }
        (None, Some(url)) => {
            let mut request = web.beside.get(url);
            for (name, value) in &from.headers {
                request = request.header(name, value);
            }
            let answer = web::bytes(request, ELSEWHERE, web::unread).await?;
            String::from_utf8(answer).map_err(|_| IdentityError::Answer { server: ELSEWHERE })?
        }
        (None, None) => return Err(unusable("it has neither `file` nor `url`, and no program is started for a token")),
    };
    if from.format.r#type != "json" {
        return Ok(answer.trim().to_owned());
    }
    let value: Option<Value> = serde_json::from_str(&answer).ok();
    let found = value.and_then(|value| text(&value, &from.format.subject_token_field_name));
    found.ok_or_else(|| unusable("what it leads to has no token in `subject_token_field_name`"))
}

/// A token of a service account, for who may be it.
async fn impersonate(web: &Web, url: &str, token: &Token, now: SystemTime) -> Result<Token, IdentityError> {
    let body = json!({"scope": SCOPES, "lifetime": "3600s"}).to_string();
    let request = web.outside.post(url).bearer_auth(token.reveal()).header("Content-Type", "application/json");
    let answer: Impersonated = web::json(request.body(body), IMPERSONATION, web::unread).await?;
    let valid = SystemTime::from(answer.expire_time).duration_since(now).unwrap_or_default();
    Ok(Token::new(answer.access_token, now, valid))
}
