//! GitHub cannot run here: a server of the test stands in for it, and answers in the form that GitHub documents.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gitops_fixtures::WebServer;

use super::*;

const FIRST: &str = "api/v3/app/installations?per_page=100&page=1";
const SECOND: &str = "api/v3/app/installations?per_page=100&page=2";

fn pem(key: &RsaKeyPair) -> String {
    let der: Pkcs8V1Der<'static> = key.as_der().unwrap();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
}

fn app(server: &WebServer, key: &RsaKeyPair) -> Arc<GitHubApp> {
    Arc::new(GitHubApp::new("17", pem(key).as_bytes(), Some(&server.url("api/v3/"))).unwrap())
}

fn gives(server: &WebServer, installation: u64, token: &str) {
    let answer = json!({"token": token, "expires_at": "2030-01-01T00:00:00Z"}).to_string();
    server.set(&format!("api/v3/app/installations/{installation}/access_tokens"), 201, answer.as_bytes());
}

#[test]
fn an_app_proves_itself_and_uses_a_token_for_as_long_as_it_is_valid() {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let server = WebServer::start().unwrap();
    let installed = app(&server, &key).installed(Installation::Id(42));
    let now = SystemTime::now();
    let refused = installed.token_at(now).unwrap_err();
    assert!(matches!(refused, GitHubAppError::Refused { status: 404, .. }), "{refused}");
    gives(&server, 42, "ghs_secret");
    let later = |minutes| now + Duration::from_mins(minutes);
    assert_eq!(installed.token_at(later(0)).unwrap(), "ghs_secret");
    assert_eq!(installed.token_at(later(49)).unwrap(), "ghs_secret");
    assert_eq!(server.asked().len(), 2);
    installed.token_at(later(50)).unwrap();
    assert_eq!(server.asked().len(), 3);
    assert!(!format!("{installed:?}").contains("secret"));

    let statement = server.header("api/v3/app/installations/42/access_tokens", "authorization");
    let (text, signature) = statement.strip_prefix("Bearer ").unwrap().rsplit_once('.').unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(text.split_once('.').unwrap().1).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((claims["iss"].as_str(), &claims["exp"]), (Some("17"), &json!(claims["iat"].as_u64().unwrap() + 180)));
    assert!(matches!(GitHubApp::new("17", b"none", None), Err(GitHubAppError::Key(KeyError::Unreadable))));
}

#[test]
fn an_installation_is_found_by_its_account() {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let server = WebServer::start().unwrap();
    let app = app(&server, &key);
    let of = |account: &str| app.installed(Installation::Account(account.into()));
    let now = SystemTime::now();
    let later = |minutes| now + Duration::from_mins(minutes);
    let untold = of("team").token_at(now).unwrap_err();
    assert!(matches!(untold, GitHubAppError::Untold { status: 404, .. }), "{untold}");

    server.set(FIRST, 200, br#"[{"id": 1, "account": {"login": "Other"}}, {"id": 2, "account": null}]"#);
    server.link(FIRST, "<https://elsewhere.example/x?page=2>; rel=\"next\"");
    server.set(SECOND, 200, br#"[{"id": 3, "account": {"login": "Team"}}]"#);
    gives(&server, 3, "ghs_team");
    gives(&server, 1, "ghs_other");
    assert_eq!(of("TEAM").token_at(now).unwrap(), "ghs_team");
    assert_eq!(of("other").token_at(later(40)).unwrap(), "ghs_other");
    let listings = || server.asked().iter().filter(|path| path.contains("per_page")).count();
    assert_eq!(listings(), 3, "what is known is not asked for again");
    assert_ne!(of("team").name(), of("other").name());

    // Where it is not installed GitHub is asked again, and not each time.
    for minutes in [41, 41, 41] {
        let missing = of("nobody").token_at(later(minutes)).unwrap_err().to_string();
        assert!(missing.contains("`nobody`") && missing.contains("`githubAppInstallationID`"), "{missing}");
    }
    assert_eq!(listings(), 5);
    server.set(SECOND, 200, br#"[{"id": 4, "account": {"login": "nobody"}}]"#);
    gives(&server, 4, "ghs_nobody");
    assert_eq!(of("nobody").token_at(later(42)).unwrap(), "ghs_nobody");
}

#[test]
fn another_server_has_installations_of_its_own() {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let (server, other) = (WebServer::start().unwrap(), WebServer::start().unwrap());
    let app = app(&server, &key);
    gives(&server, 42, "ghs_one");
    gives(&other, 42, "ghs_other");
    let installed = app.installed(Installation::Id(42));
    let now = SystemTime::now();
    assert_eq!(installed.token_at(now).unwrap(), "ghs_one");
    assert_eq!(installed.clone().at_server(&other.url("api/v3/")).token_at(now).unwrap(), "ghs_other");
    assert_eq!(installed.token_at(now).unwrap(), "ghs_one");
}
