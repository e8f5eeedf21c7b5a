//! Azure's servers cannot run here: a server of the test stands in for them, and answers in the form that Azure documents.

use std::time::Duration;

use gitops_fixtures::WebServer;

use super::*;
use crate::tests::{now, sent, variables};

const ANSWER: &[u8] =
    br#"{"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": "entra.token"}"#;
const TOKEN: &str = "tenant-1/oauth2/v2.0/token";

async fn made(variables: &Variables) -> Result<Token, IdentityError> {
    token(&Web::new()?, variables, now()).await
}

#[tokio::test]
async fn a_pod_proves_itself_by_its_token() {
    let server = WebServer::start().unwrap();
    server.set(TOKEN, 200, ANSWER);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("token");
    std::fs::write(&file, "federated\n").unwrap();
    let (authority, file) = (server.url(""), file.display().to_string());
    let own = [(AUTHORITY, authority.as_str()), (FEDERATED, &file), ("AZURE_TENANT_ID", "tenant-1")];
    // Who to be may be the Secret's to say.
    let token = made(&variables(&own, &[("AZURE_CLIENT_ID", "client-1")])).await.unwrap();
    assert_eq!((token.reveal(), token.used_until), ("entra.token", now() + Duration::from_secs(3_569)));
    let asked = sent(&server, TOKEN);
    let expected = [
        ("client_assertion", "federated"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_id", "client-1"),
        ("grant_type", "client_credentials"),
        ("scope", "6dae42f8-4368-4678-94ff-3960e28e3630/.default"),
    ];
    assert_eq!(asked, expected.into_iter().map(|(name, value)| (name.into(), value.into())).collect());

    let refusal = br#"{"error": "unauthorized_client", "error_description": "AADSTS700016: secret words", "error_codes": [700016]}"#;
    server.set(TOKEN, 400, refusal);
    let refused = made(&variables(&own, &[("AZURE_CLIENT_ID", "client-1")])).await.unwrap_err().to_string();
    assert_eq!(refused, "Entra ID refuses, with the status 400: unauthorized_client AADSTS700016");
    let missing = made(&variables(&own, &[])).await.unwrap_err().to_string();
    assert!(missing.contains("set `AZURE_CLIENT_ID`"), "{missing}");
    let missing = made(&variables(&[], &[])).await.unwrap_err().to_string();
    assert!(missing.contains("`AZURE_FEDERATED_TOKEN_FILE`"), "{missing}");
}

#[tokio::test]
async fn a_principal_proves_itself_by_a_secret() {
    let server = WebServer::start().unwrap();
    server.set(TOKEN, 200, ANSWER);
    let authority = server.url("");
    let given = [
        (METHOD, "spn"),
        ("AZURE_TENANT_ID", "tenant-1"),
        ("AZURE_CLIENT_ID", "client-1"),
        ("AZURE_CLIENT_SECRET", "hunter2"),
    ];
    made(&variables(&[(AUTHORITY, &authority)], &given)).await.unwrap();
    assert_eq!(
        (sent(&server, TOKEN)["client_secret"].as_str(), sent(&server, TOKEN)["client_id"].as_str()),
        ("hunter2", "client-1")
    );
    let missing = made(&variables(&[(AUTHORITY, &authority)], &given[..3])).await.unwrap_err().to_string();
    assert!(missing.contains("`AZURE_CLIENT_SECRET`"), "{missing}");
    let tenant = [(METHOD, "spn"), ("AZURE_TENANT_ID", "a/../b"), given[2], given[3]];
    assert!(matches!(made(&variables(&[], &tenant)).await, Err(IdentityError::Unusable { .. })));
}

#[tokio::test]
async fn a_machine_is_asked_who_it_is() {
    let server = WebServer::start().unwrap();
    let path = "metadata/identity/oauth2/token?api-version=2018-02-01&resource=6dae42f8-4368-4678-94ff-3960e28e3630&client_id=client-1";
    server.set(path, 200, br#"{"access_token": "machine.token", "expires_in": "86399", "resource": "x"}"#);
    server.guard_with("metadata", "metadata", "true");
    let base = server.url("");
    let given = [(METHOD, "msi"), ("AZURE_CLIENT_ID", "client-1")];
    let token = made(&variables(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &base)], &given)).await.unwrap();
    assert_eq!((token.reveal(), token.used_until), ("machine.token", now() + Duration::from_secs(86_369)));
}

#[tokio::test]
async fn to_whom_a_token_is_shown_and_for_what_is_not_for_a_secret_to_say() {
    for (name, value) in [
        (AUTHORITY, "https://evil.example"),
        (APPLICATION, "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://evil.example"),
    ] {
        let method = if name.contains("POD") { "msi" } else { "spn" };
        let who = [(METHOD, method), ("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"), ("AZURE_CLIENT_SECRET", "s")];
        let refused = made(&variables(&[], &[&who[..], &[(name, value)]].concat())).await.unwrap_err();
        assert!(matches!(&refused, IdentityError::Address { name: said } if said == name), "{refused}");
    }
    // Microsoft's own, as Argo CD's documentation has it in a Secret, is nobody's server.
    let known = variables(&[], &[(AUTHORITY, "https://login.microsoftonline.com/"), (ENVIRONMENT, "none")]);
    assert_eq!(known.address(AUTHORITY, AUTHORITIES).unwrap().as_deref(), Some("https://login.microsoftonline.com/"));
    assert_eq!(cloud(&variables(&[], &[(ENVIRONMENT, "AZURECHINACLOUD")])).unwrap(), "https://login.chinacloudapi.cn");
    assert!(cloud(&known).is_err());
    assert!(matches!(made(&variables(&[], &[(METHOD, "devicecode")])).await, Err(IdentityError::Unusable { .. })));
}
