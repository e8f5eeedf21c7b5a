use gitops_core::api::ApplicationSource;
use gitops_core::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Push, WebhookError, WebhookSecrets, pushes};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| ((*name).try_into().unwrap(), value.parse().unwrap())).collect()
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn source(address: &str, revision: &str) -> ApplicationSource {
    let mut source = ApplicationSource::new(address);
    source.target_revision = Some(revision.into());
    source
}

fn github() -> Value {
    json!({"ref": "refs/heads/main", "repository": {
        "html_url": "https://github.com/Shop/Web", "clone_url": "https://github.com/Shop/Web.git", "default_branch": "main"}})
}

fn taken(header: &'static str, event: &str, body: &Value) -> Vec<Push> {
    pushes(&headers(&[(header, event)]), body.to_string().as_bytes(), &WebhookSecrets::default()).unwrap()
}

#[test]
fn a_push_concerns_the_sources_that_follow_its_branch() {
    let pushes = taken("x-github-event", "push", &github());
    let [push] = &pushes[..] else { panic!("{pushes:?}") };
    for address in [
        "https://github.com/shop/web",
        "https://user@github.com:443/shop/web.git",
        "git@github.com:shop/web.git",
        "ssh://git@ssh.github.com:22/shop/web/",
    ] {
        assert!(push.concerns(&source(address, "main")), "{address}");
    }
    for revision in ["", "HEAD", "refs/heads/main"] {
        assert!(push.concerns(&source("https://github.com/shop/web", revision)), "{revision}");
    }
    for (address, revision) in [
        ("https://github.com/shop/web", "release"),
        ("https://github.com/shop/website", "main"),
        ("https://example.com/shop/web", "main"),
        ("https://github.com.example.com/shop/web", "main"),
    ] {
        assert!(!push.concerns(&source(address, revision)), "{address} {revision}");
    }
}

#[test]
fn a_branch_that_is_not_the_default_one_leaves_head_and_a_tag_moves_ranges() {
    let mut body = github();
    body["ref"] = json!("refs/tags/v1.2.0");
    let pushes = taken("x-github-event", "push", &body);
    assert!(!pushes[0].concerns(&source("https://github.com/shop/web", "HEAD")));
    assert!(pushes[0].concerns(&source("https://github.com/shop/web", "1.*")));
    assert!(!pushes[0].concerns(&source("https://github.com/shop/web", "2.*")));
}

#[test]
fn every_server_says_the_same_in_its_own_words() {
    let repository = "https://git.example.com/shop/web";
    let links = json!({"html": {"href": repository}});
    let events = [
        (
            "x-gogs-event",
            "push",
            json!({"ref": "refs/heads/main", "repository": {"html_url": repository, "default_branch": "main"}}),
        ),
        (
            "x-gitlab-event",
            "Push Hook",
            json!({"ref": "refs/heads/main", "project": {"web_url": repository, "default_branch": "main"}}),
        ),
        (
            "x-gitops-event",
            "push",
            json!({"revision": "refs/heads/main", "repository": repository, "defaultBranch": "main"}),
        ),
        (
            "x-vss-activityid",
            "1",
            json!({"resource": {"refUpdates": [{"name": "refs/heads/main"}],
                "repository": {"remoteUrl": repository, "defaultBranch": "refs/heads/main"}}}),
        ),
    ];
    for (header, event, body) in events {
        let pushes = taken(header, event, &body);
        assert!(pushes.len() == 1 && pushes[0].concerns(&source(repository, "HEAD")), "{header}: {pushes:?}");
    }
    let bitbucket = headers(&[("x-hook-uuid", "1"), ("x-event-key", "repo:push")]);
    let body = json!({"repository": {"links": links}, "push": {"changes": [{"new": {"name": "main"}}, {"new": null}]}});
    let pushes = super::pushes(&bitbucket, body.to_string().as_bytes(), &WebhookSecrets::default()).unwrap();
    assert!(pushes.len() == 1 && pushes[0].concerns(&source(repository, "main")), "{pushes:?}");
    let body = json!({"repository": {"links": {"self": [{"href": format!("{repository}/browse")}]}},
        "changes": [{"ref": {"id": "refs/heads/main"}}]});
    let pushes = taken("x-event-key", "repo:refs_changed", &body);
    assert!(pushes[0].concerns(&source(repository, "main")), "{pushes:?}");
}

#[test]
fn what_changed_is_looked_at_first() {
    let commits =
        json!([{"added": ["apps/web/new.yaml"], "modified": ["README.md"]}, {"removed": ["apps/shop/old.yaml"]}]);
    let mut event = github();
    event["commits"] = commits;
    let headers = headers(&[("x-github-event", "push")]);
    let told = super::read(&headers, event.to_string().as_bytes(), &WebhookSecrets::default()).unwrap();
    let touches = |path: &str| {
        let mut source = source("https://github.com/shop/web", "HEAD");
        source.path = Some(path.into());
        told.touches(&source)
    };
    assert_eq!(["apps/web", "./apps/shop/", "apps", "."].map(touches), [true; 4]);
    assert_eq!(["apps/we", "apps/other", "web"].map(touches), [false; 3]);
}

#[test]
fn a_signature_is_asked_for_where_there_is_a_secret() {
    let secrets = WebhookSecrets { github: Some(Secret::new("known".into())), ..WebhookSecrets::default() };
    let body = github().to_string();
    let signed = format!("sha256={}", signature("known", body.as_bytes()));
    let right = headers(&[("x-github-event", "push"), ("x-hub-signature-256", &signed)]);
    assert_eq!(pushes(&right, body.as_bytes(), &secrets).unwrap().len(), 1);
    let forged = format!("sha256={}", signature("guess", body.as_bytes()));
    for proof in ["", "sha256=", "sha256=zz", &*forged, &signed[..signed.len() - 2]] {
        let wrong = headers(&[("x-github-event", "push"), ("x-hub-signature-256", proof)]);
        let error = pushes(&wrong, body.as_bytes(), &secrets).unwrap_err();
        assert!(matches!(error, WebhookError::NotProven { .. }), "{proof}: {error}");
    }
    assert!(pushes(&right, github().to_string().replace("main", "evil").as_bytes(), &secrets).is_err());
}

#[test]
fn a_token_and_a_password_are_compared_whole() {
    let secrets = WebhookSecrets {
        gitlab: Some(Secret::new("token".into())),
        azure: Some((Secret::new("user".into()), Secret::new("password".into()))),
        ..WebhookSecrets::default()
    };
    let body = json!({"ref": "refs/heads/main", "project": {"web_url": "https://git.example.com/a/b"}}).to_string();
    let ask = |pairs: &[(&'static str, &str)]| pushes(&headers(pairs), body.as_bytes(), &secrets);
    assert!(ask(&[("x-gitlab-event", "Push Hook"), ("x-gitlab-token", "token")]).is_ok());
    for token in ["", "tok", "tokens"] {
        assert!(ask(&[("x-gitlab-event", "Push Hook"), ("x-gitlab-token", token)]).is_err(), "{token}");
    }
    assert!(ask(&[("x-vss-activityid", "1"), ("authorization", "Basic dXNlcjpwYXNzd29yZA==")]).is_ok());
    assert!(ask(&[("x-vss-activityid", "1"), ("authorization", "Basic dXNlcjpwYXNz")]).is_err());
    assert!(ask(&[("x-vss-activityid", "1")]).is_err());
}

#[test]
fn what_is_no_push_moves_nothing_and_what_is_nothing_is_an_error() {
    assert!(taken("x-github-event", "ping", &json!({"zen": "less"})).is_empty());
    assert!(taken("x-github-event", "push", &json!({})).is_empty());
    let none = WebhookSecrets::default();
    assert_eq!(pushes(&HeaderMap::new(), b"{}", &none), Err(WebhookError::UnknownServer));
    let error = pushes(&headers(&[("x-github-event", "push")]), b"{", &none).unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}
