//! AWS's servers cannot run here: a server of the test stands in for them, and answers in the form that AWS documents. What it is asked is
//! checked, and signatures are held against values of botocore.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use gitops_fixtures::WebServer;

use super::*;
use crate::tests::{self, now};

const EXPIRATION: &str = "2026-01-02T03:19:05Z";

fn variables(own: &[(&str, &str)]) -> Variables {
    tests::variables(own, &[])
}

fn given(variables: Variables, given: &[(&str, &str)]) -> Variables {
    variables.with(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// What AWS answers who asks for a role.
fn sts() -> (WebServer, String) {
    let server = WebServer::start().unwrap();
    let answer = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>rolesecret</SecretAccessKey><SessionToken>role/session+=</SessionToken>\
         <Expiration>{EXPIRATION}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    server.set("", 200, answer.as_bytes());
    let address = server.url("");
    (server, address)
}

async fn made(variables: &Variables, role: Option<&str>, profile: Option<&str>) -> Result<Token, IdentityError> {
    let web = Web::new()?;
    Caller::new(&web, variables, profile)?.token("shop", role, now()).await
}

/// The address in a token, with its parameters.
fn opened(token: &Token) -> (String, BTreeMap<String, String>) {
    let text = token.reveal().strip_prefix("k8s-aws-v1.").unwrap();
    let url = String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    let (address, query) = url.split_once('?').unwrap();
    (address.into(), form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

fn sent(server: &WebServer) -> BTreeMap<String, String> {
    tests::sent(server, "")
}

/// Made with botocore 1.44.8 at a fixed time, with `generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")` and the
/// header `x-k8s-aws-id` set before signing, as the `eks get-token` of AWS's command line does.
#[test]
fn signatures_are_those_of_botocore() {
    let cases = [
        (
            ("eu-west-1", None),
            "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=e9bc0e9cb729a5bc72cd4e55a796d501f3b9c86ba5497b9372467950de7323f2",
        ),
        (
            ("us-gov-west-1", Some("AQoDYXdzEPT//////////wEXAMPLE+tc=")),
            "https://sts.us-gov-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-gov-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=AQoDYXdzEPT%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEXAMPLE%2Btc%3D&X-Amz-Signature=981b8e018149aa5b42fa951b6e7deab0147049650d62e27763f61ec24cbafde4",
        ),
    ];
    for ((region, session), expected) in cases {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned();
        let credentials = super::made("AKIDEXAMPLE".into(), secret, session.map(str::to_owned), None);
        let sts = format!("https://sts.{region}.amazonaws.com");
        let url = sign::identity_url(&sts, region, "my-cluster_1", &credentials, now()).unwrap();
        let parts = |url: &str| -> (String, BTreeMap<String, String>) {
            let (address, query) = url.split_once('?').unwrap();
            (address.into(), form_urlencoded::parse(query.as_bytes()).into_owned().collect())
        };
        assert_eq!(parts(&url), parts(expected));
    }
}

#[tokio::test]
async fn keys_of_one_place_sign_for_the_region_and_its_partition() {
    let own = variables(&[
        ("AWS_REGION", "cn-north-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDOWN"),
        ("AWS_SECRET_ACCESS_KEY", "own"),
        ("AWS_SESSION_TOKEN", "session"),
    ]);
    let token = made(&own, None, None).await.unwrap();
    let (address, values) = opened(&token);
    assert_eq!(address, "https://sts.cn-north-1.amazonaws.com.cn/");
    assert_eq!(values["X-Amz-Credential"], "AKIDOWN/20260102/cn-north-1/sts/aws4_request");
    assert_eq!(values["X-Amz-Security-Token"], "session");
    assert_eq!(token.used_until, now() + Duration::from_secs(14 * 60 - 30));
    assert!(!format!("{token:?}").contains("k8s-aws"), "{token:?}");

    let keys = [("AWS_ACCESS_KEY_ID", "AKIDGIVEN"), ("AWS_SECRET_ACCESS_KEY", "given"), ("AWS_REGION", "eu-west-1")];
    let (address, values) = opened(&made(&given(own.clone(), &keys), None, None).await.unwrap());
    assert_eq!(address, "https://sts.eu-west-1.amazonaws.com/");
    assert_eq!(values["X-Amz-Credential"], "AKIDGIVEN/20260102/eu-west-1/sts/aws4_request");
    assert!(!values.contains_key("X-Amz-Security-Token"), "a session of the process's own is not the Secret's");

    let half = made(&given(own, &keys[..1]), None, None).await.unwrap_err();
    assert!(half.to_string().contains("`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"), "{half}");
}

#[tokio::test]
async fn a_service_account_becomes_a_role_and_that_another_one() {
    let (server, address) = sts();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("token");
    std::fs::write(&file, "account-token\n").unwrap();
    let file = file.display().to_string();
    let own = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_STS", address.as_str()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/management"),
    ];
    let token = made(&variables(&own), None, None).await.unwrap();
    let asked = sent(&server);
    assert_eq!(
        (asked["Action"].as_str(), asked["RoleArn"].as_str(), asked["WebIdentityToken"].as_str()),
        ("AssumeRoleWithWebIdentity", "arn:aws:iam::1:role/management", "account-token")
    );
    assert_eq!(server.header("", "authorization"), "");
    let (signed, values) = opened(&token);
    assert_eq!(signed, address);
    assert_eq!(values["X-Amz-Credential"], "ASIAROLE/20260102/eu-west-1/sts/aws4_request");
    assert_eq!(values["X-Amz-Security-Token"], "role/session+=");

    made(&variables(&own), Some("arn:aws:iam::2:role/shop"), None).await.unwrap();
    let asked = sent(&server);
    assert_eq!((asked["Action"].as_str(), asked["RoleArn"].as_str()), ("AssumeRole", "arn:aws:iam::2:role/shop"));
    let proof = server.header("", "authorization");
    let signed = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=";
    assert!(proof.starts_with("AWS4-HMAC-SHA256 Credential=ASIAROLE/") && proof.contains(signed), "{proof}");
    assert_eq!(server.header("", "x-amz-security-token"), "role/session+=");
    assert_eq!(server.asked().len(), 3);

    let refusal = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>arn:aws:iam::1:role/management</Message></Error></ErrorResponse>";
    server.set("", 403, refusal.as_bytes());
    let refused = made(&variables(&own), None, None).await.unwrap_err().to_string();
    assert_eq!(refused, "AWS's Security Token Service refuses, with the status 403: AccessDenied");
}

#[tokio::test]
async fn a_pod_and_a_machine_are_asked_who_they_are() {
    let server = WebServer::start().unwrap();
    let answer = format!(
        r#"{{"Code": "Success", "AccessKeyId": "ASIAPOD", "SecretAccessKey": "pod", "Token": "pod-session", "Expiration": "{EXPIRATION}"}}"#
    );
    server.set("v1/credentials", 200, answer.as_bytes());
    server.guard("v1/credentials", "pod-token", "none");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("token");
    std::fs::write(&file, "pod-token").unwrap();
    let (url, file) = (server.url("v1/credentials"), file.display().to_string());
    let region = ("AWS_REGION", "eu-west-1");
    let pod = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file)];
    let (_, values) = opened(&made(&variables(&[&pod[..], &[region]].concat()), None, None).await.unwrap());
    assert_eq!(values["X-Amz-Security-Token"], "pod-session");
    // To whom the Pod's token is shown is not for a Secret to say.
    let refused = made(&given(variables(&[region]), &pod), None, None).await.unwrap_err();
    assert!(matches!(&refused, IdentityError::Address { name } if name == pod[0].0), "{refused}");
    let elsewhere = variables(&[region, (pod[0].0, "http://192.0.2.1/")]);
    let refused = made(&elsewhere, None, None).await.unwrap_err();
    assert!(matches!(&refused, IdentityError::Unusable { name, .. } if name == pod[0].0), "{refused}");

    let roles = "latest/meta-data/iam/security-credentials/";
    server.set("latest/api/token", 200, b"metadata-token");
    server.set(roles, 200, b"node\n");
    server.set(&format!("{roles}node"), 200, answer.as_bytes());
    server.guard_with(roles, "x-aws-ec2-metadata-token", "metadata-token");
    let base = server.url("");
    let machine = variables(&[region, ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &base)]);
    let (_, values) = opened(&made(&machine, None, None).await.unwrap());
    assert_eq!(values["X-Amz-Credential"], "ASIAPOD/20260102/eu-west-1/sts/aws4_request");
    let off = variables(&[region, ("AWS_EC2_METADATA_DISABLED", "true")]);
    let nobody = made(&off, None, None).await.unwrap_err().to_string();
    assert!(nobody.contains("`AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`"), "{nobody}");
}

#[tokio::test]
async fn profiles_lead_to_keys_and_start_no_program() {
    let (server, address) = sts();
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let config = "[profile shop]\nregion = eu-west-3\nrole_arn = arn:shop\nsource_profile = base\nexternal_id = x\n\
                  [profile round]\nrole_arn = arn:round\nsource_profile = back\n[profile back]\nrole_arn = arn:back\nsource_profile = round\n\
                  [profile program]\nregion = eu-west-3\ncredential_process = /bin/touch /tmp/x\n";
    let config = write("config", config);
    let keys = write("credentials", "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = base\n");
    let own = variables(&[
        ("AWS_CONFIG_FILE", &config),
        ("AWS_SHARED_CREDENTIALS_FILE", &keys),
        ("AWS_ENDPOINT_URL_STS", &address),
        ("AWS_ACCESS_KEY_ID", "AKIDUNUSED"),
        ("AWS_SECRET_ACCESS_KEY", "unused"),
    ]);
    let (_, values) = opened(&made(&own, None, Some("shop")).await.unwrap());
    assert_eq!(values["X-Amz-Credential"], "ASIAROLE/20260102/eu-west-3/sts/aws4_request");
    assert_eq!((sent(&server)["RoleArn"].as_str(), sent(&server)["ExternalId"].as_str()), ("arn:shop", "x"));
    assert!(server.header("", "authorization").contains("Credential=AKIDBASE/20260102/eu-west-3/"));
    let own = given(own, &[("AWS_REGION", "eu-west-3")]);
    for (profile, words) in [("round", "too many"), ("program", "a program or a browser"), ("other", "no such profile")]
    {
        let refused = made(&own, None, Some(profile)).await.unwrap_err().to_string();
        assert!(refused.contains(words), "{profile}: {refused}");
    }
}

#[tokio::test]
async fn what_leads_elsewhere_is_refused() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let missing = made(&variables(&keys), None, None).await.unwrap_err().to_string();
    assert!(missing.contains("`AWS_REGION`"), "{missing}");
    let region = given(variables(&keys), &[("AWS_REGION", "evil.example/#")]);
    assert!(matches!(made(&region, None, None).await, Err(IdentityError::Unusable { .. })));
    for name in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
        let elsewhere = given(variables(&keys), &[("AWS_REGION", "eu-west-1"), (name, "https://evil.example")]);
        let refused = made(&elsewhere, None, None).await.unwrap_err();
        assert!(matches!(&refused, IdentityError::Address { name: said } if said == name), "{refused}");
    }
}
