//! Answers with access tokens (RFC 6749 section 5), as Google and Azure give them.

use std::time::{Duration, SystemTime};

use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::Value;

use crate::held::Token;
use crate::{IdentityError, web};

/// How long a token is used that does not say how long it is valid.
const UNSAID: Duration = Duration::from_mins(5);

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    expires_in: Value,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_codes: Vec<u64>,
}

/// Asks for a token.
pub(crate) async fn token(
    request: RequestBuilder,
    server: &'static str,
    now: SystemTime,
) -> Result<Token, IdentityError> {
    let answer: Answer = web::json(request, server, code).await?;
    if answer.access_token.is_empty() {
        return Err(IdentityError::Answer { server });
    }
    // Azure's machines say it as a text.
    let seconds = match &answer.expires_in {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    Ok(Token::new(answer.access_token, now, seconds.map_or(UNSAID, Duration::from_secs)))
}

/// Why it is refused: the word, and Azure's numbers.
fn code(text: &[u8]) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(text).ok()?;
    let numbers: String = refusal.error_codes.iter().map(|number| format!(" AADSTS{number}")).collect();
    Some(refusal.error + &numbers)
}
