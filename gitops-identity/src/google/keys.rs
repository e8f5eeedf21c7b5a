//! Files that hold a key: of a service account, or of a user who has logged in with `gcloud`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::json;

use super::{SCOPES, Source};
use crate::held::Token;
use crate::web::{Web, post};
use crate::{IdentityError, SigningKey, oauth};

const SERVER: &str = "Google's token server";
const ADDRESS: &str = "https://oauth2.googleapis.com/token";
/// How long a statement is valid; the longest that Google takes.
const STATEMENT: Duration = Duration::from_hours(1);

#[derive(Deserialize)]
struct ServiceAccount {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

#[derive(Deserialize)]
struct User {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    token_uri: Option<String>,
}

/// A token for what the account has signed (RFC 7523).
pub(super) async fn of_service_account(web: &Web, source: &Source, now: SystemTime) -> Result<Token, IdentityError> {
    let account: ServiceAccount = source.read()?;
    let address = source.address("token_uri", account.token_uri.unwrap_or_else(|| ADDRESS.into()))?;
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let claims = json!({
        "iss": account.client_email,
        "scope": SCOPES.join(" "),
        "aud": address,
        "iat": since.as_secs(),
        "exp": since.saturating_add(STATEMENT).as_secs(),
    });
    let key = SigningKey::from_pem(account.private_key.as_bytes())?;
    let statement = key.sign(account.private_key_id.as_deref(), &claims)?;
    let fields = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &statement)];
    oauth::token(post(&web.outside, &address, &fields), SERVER, now).await
}

/// A token of a user who has logged in once (RFC 6749 section 6).
pub(super) async fn of_user(web: &Web, source: &Source, now: SystemTime) -> Result<Token, IdentityError> {
    let user: User = source.read()?;
    let address = source.address("token_uri", user.token_uri.unwrap_or_else(|| ADDRESS.into()))?;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", &user.client_id),
        ("client_secret", &user.client_secret),
        ("refresh_token", &user.refresh_token),
    ];
    oauth::token(post(&web.outside, &address, &fields), SERVER, now).await
}
