//! Google's servers cannot run here: a server of the test stands in for them, and answers in the form that Google documents.

use std::time::Duration;

use gitops_fixtures::WebServer;
use serde_json::json;

use super::*;
use crate::statement::tests::{key, verified};
use crate::tests::{now, sent, variables};

const ANSWER: &[u8] = br#"{"access_token": "ya29.token", "expires_in": 3599, "token_type": "Bearer"}"#;
const MACHINE: &str = "computeMetadata/v1/instance/service-accounts/default/token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform%2Chttps%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.email";

async fn made(variables: &Variables) -> Result<Token, IdentityError> {
    token(&Web::new()?, variables, now()).await
}

/// A file with credentials.
struct Credentials(tempfile::TempDir);

impl Credentials {
    fn new(content: &Value) -> Self {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("credentials.json"), content.to_string()).unwrap();
        std::fs::write(place.path().join("subject"), "subject-token\n").unwrap();
        Self(place)
    }

    fn path(&self) -> String {
        self.0.path().join("credentials.json").display().to_string()
    }

    /// As the process's own environment names it.
    fn own(&self) -> Variables {
        variables(&[(FILE, &self.path())], &[])
    }
}

#[tokio::test]
async fn the_metadata_server_says_who_the_pod_is() {
    let server = WebServer::start().unwrap();
    server.set(MACHINE, 200, ANSWER);
    server.guard_with("computeMetadata", "metadata-flavor", "Google");
    let host = server.host();
    let token = made(&variables(&[("GCE_METADATA_HOST", &host)], &[])).await.unwrap();
    assert_eq!((token.reveal(), token.used_until), ("ya29.token", now() + Duration::from_secs(3_569)));
    let refused = made(&variables(&[], &[("GCE_METADATA_HOST", &host)])).await.unwrap_err();
    assert!(matches!(&refused, IdentityError::Address { name } if name == "GCE_METADATA_HOST"), "{refused}");
    server.set(MACHINE, 404, b"");
    let refused = made(&variables(&[("GCE_METADATA_HOST", &host)], &[])).await.unwrap_err();
    assert!(matches!(refused, IdentityError::Refused { status: 404, .. }), "{refused}");
    // Nobody listens at the port of who has ended.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let nobody = made(&variables(&[("GCE_METADATA_HOST", &closed)], &[])).await.unwrap_err().to_string();
    assert!(nobody.contains("set `GOOGLE_APPLICATION_CREDENTIALS`"), "{nobody}");
}

#[tokio::test]
async fn a_service_account_signs_who_it_is() {
    let server = WebServer::start().unwrap();
    server.set("token", 200, ANSWER);
    let (pem, public) = key();
    let content = json!({"type": "service_account", "client_email": "a@b.iam.gserviceaccount.com", "private_key": pem,
        "private_key_id": "k1", "token_uri": server.url("token")});
    let file = Credentials::new(&content);
    assert_eq!(made(&file.own()).await.unwrap().reveal(), "ya29.token");
    let asked = sent(&server, "token");
    assert_eq!(asked["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (header, claims) = verified(&asked["assertion"], &public);
    assert_eq!(header["kid"], "k1");
    let scope = "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email";
    assert_eq!(
        claims,
        json!({"iss": "a@b.iam.gserviceaccount.com", "scope": scope, "aud": server.url("token"), "iat": 1_767_323_045,
            "exp": 1_767_326_645})
    );
    server.set("token", 400, br#"{"error": "invalid_grant", "error_description": "secret words"}"#);
    let refused = made(&file.own()).await.unwrap_err().to_string();
    assert_eq!(refused, "Google's token server refuses, with the status 400: invalid_grant");

    // Where a Secret names the file, what the account has signed goes to Google only.
    let refused = made(&variables(&[], &[(FILE, &file.path())])).await.unwrap_err().to_string();
    assert!(refused.contains("`token_uri`") && refused.contains("googleapis.com"), "{refused}");
}

#[tokio::test]
async fn a_user_and_what_is_no_credential() {
    let server = WebServer::start().unwrap();
    server.set("token", 200, ANSWER);
    let user = json!({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
        "token_uri": server.url("token")});
    made(&Credentials::new(&user).own()).await.unwrap();
    assert_eq!(sent(&server, "token")["refresh_token"], "r");
    for content in [json!({"type": "impersonated_service_account"}), json!({"type": "service_account"}), json!([])] {
        let refused = made(&Credentials::new(&content).own()).await.unwrap_err();
        assert!(matches!(refused, IdentityError::Unusable { .. }), "{refused}");
    }
    let missing = made(&variables(&[(FILE, "/nowhere/credentials.json")], &[])).await.unwrap_err().to_string();
    assert!(missing.contains("/nowhere/credentials.json") && missing.contains(FILE), "{missing}");
}

#[tokio::test]
async fn a_token_of_somebody_else_is_exchanged() {
    let server = WebServer::start().unwrap();
    server.set("sts", 200, ANSWER);
    let mut content = json!({"type": "external_account", "audience": "//iam.googleapis.com/pool", "token_url": server.url("sts"),
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"});
    let place = Credentials::new(&content);
    content["credential_source"] = json!({"file": place.0.path().join("subject")});
    assert_eq!(made(&Credentials::new(&content).own()).await.unwrap().reveal(), "ya29.token");
    let asked = sent(&server, "sts");
    assert_eq!(
        (asked["audience"].as_str(), asked["subject_token"].as_str()),
        ("//iam.googleapis.com/pool", "subject-token")
    );

    server.set("subject", 200, br#"{"value": "from-elsewhere"}"#);
    server.guard_with("subject", "x-flavor", "one");
    let format = json!({"type": "json", "subject_token_field_name": "value"});
    content["credential_source"] =
        json!({"url": server.url("subject"), "headers": {"x-flavor": "one"}, "format": format});
    content["service_account_impersonation_url"] = server.url("account:generateAccessToken").into();
    let answer = br#"{"accessToken": "ya29.account", "expireTime": "2026-01-02T04:04:05Z"}"#;
    server.set("account:generateAccessToken", 200, answer);
    server.guard("account", "Bearer ya29.token", "none");
    let file = Credentials::new(&content);
    let token = made(&file.own()).await.unwrap();
    assert_eq!((token.reveal(), token.used_until), ("ya29.account", now() + Duration::from_secs(3_570)));
    assert_eq!(sent(&server, "sts")["subject_token"], "from-elsewhere");

    for (key, value) in [
        ("credential_source", json!({"executable": {"command": "/bin/touch /tmp/x"}})),
        ("credential_source", json!({"environment_id": "aws1"})),
    ] {
        content[key] = value;
        let refused = made(&Credentials::new(&content).own()).await.unwrap_err().to_string();
        assert!(refused.contains("`credential_source`"), "{refused}");
    }
}
