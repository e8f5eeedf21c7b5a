//! The servers: by which headers each is known, how it proves itself, and where its events say what.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gitops_core::Value;
use gitops_core::secret::{Purpose, Reveal, Secret};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::Sha256;

use super::{Push, WebhookError, WebhookSecrets, short_name};

/// A server that tells of pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Azure,
    Gogs,
    GitHub,
    GitLab,
    Bitbucket,
    BitbucketServer,
    Generic,
}

/// What servers say in their headers.
struct Headers {
    server: &'static str,
    /// The header that it is known by.
    known_by: &'static str,
    /// The header that names the event, and the names of pushes; none where every event is one.
    event: Option<(&'static str, &'static [&'static str])>,
}

/// In this order: Gitea sends GitHub's header as well, and Bitbucket sends that of Bitbucket Server.
const ALL: [Provider; 7] = [
    Provider::Azure,
    Provider::Gogs,
    Provider::GitHub,
    Provider::GitLab,
    Provider::Bitbucket,
    Provider::BitbucketServer,
    Provider::Generic,
];

impl Provider {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        ALL.into_iter().find(|provider| headers.contains_key(provider.headers().known_by))
    }

    const fn headers(self) -> Headers {
        let (server, known_by, event): (_, _, Option<(_, &[_])>) = match self {
            Self::Azure => ("Azure DevOps", "x-vss-activityid", None),
            Self::Gogs => ("Gitea or Gogs", "x-gogs-event", Some(("x-gogs-event", &["push", "create"]))),
            Self::GitHub => ("GitHub", "x-github-event", Some(("x-github-event", &["push"]))),
            Self::GitLab => {
                let pushes = &["Push Hook", "Tag Push Hook", "System Hook"];
                ("GitLab", "x-gitlab-event", Some(("x-gitlab-event", pushes)))
            }
            Self::Bitbucket => ("Bitbucket", "x-hook-uuid", Some(("x-event-key", &["repo:push"]))),
            Self::BitbucketServer => ("Bitbucket Server", "x-event-key", Some(("x-event-key", &["repo:refs_changed"]))),
            Self::Generic => ("the generic sender", "x-gitops-event", Some(("x-gitops-event", &["push"]))),
        };
        Headers { server, known_by, event }
    }

    pub(super) fn name(self) -> &'static str {
        self.headers().server
    }

    /// Whether the event is one of a push, which most servers say in a header.
    pub(super) fn is_push(self, headers: &HeaderMap) -> bool {
        let Some((header, pushes)) = self.headers().event else { return true };
        text(headers, header).is_some_and(|event| pushes.contains(&event))
    }

    /// Checks the proof, in a time that does not tell how much of it is right.
    pub(super) fn prove(self, headers: &HeaderMap, body: &[u8], secrets: &WebhookSecrets) -> Result<(), WebhookError> {
        let (secret, header, key) = match self {
            Self::Azure => return self.prove_by_password(headers, secrets),
            Self::Gogs => (&secrets.gogs, "x-gogs-signature", "webhook.gogs.secret"),
            Self::GitHub => (&secrets.github, "x-hub-signature-256", "webhook.github.secret"),
            Self::GitLab => (&secrets.gitlab, "x-gitlab-token", "webhook.gitlab.secret"),
            Self::Bitbucket => (&secrets.bitbucket, "x-hook-uuid", "webhook.bitbucket.uuid"),
            Self::BitbucketServer => (&secrets.bitbucket_server, "x-hub-signature", "webhook.bitbucketserver.secret"),
            Self::Generic => (&secrets.generic, "x-gitops-signature", "webhook.generic.secret"),
        };
        let Some(secret) = secret else { return Ok(()) };
        let proof = text(headers, header).unwrap_or_default();
        let proven = match self {
            Self::GitLab | Self::Bitbucket => is_same(secret, proof),
            _ => is_signed(secret, body, proof.strip_prefix("sha256=").unwrap_or(proof)),
        };
        if proven { Ok(()) } else { Err(WebhookError::NotProven { server: self.name(), header, key }) }
    }

    fn prove_by_password(self, headers: &HeaderMap, secrets: &WebhookSecrets) -> Result<(), WebhookError> {
        let Some((user, password)) = &secrets.azure else { return Ok(()) };
        let given = text(headers, "authorization").and_then(|header| header.strip_prefix("Basic "));
        let given = given.and_then(|given| String::from_utf8(STANDARD.decode(given).ok()?).ok()).unwrap_or_default();
        let (given_user, given_password) = given.split_once(':').unwrap_or_default();
        if is_same(user, given_user) & is_same(password, given_password) {
            return Ok(());
        }
        Err(WebhookError::NotProven {
            server: self.name(),
            header: "authorization",
            key: "webhook.azuredevops.password",
        })
    }

    /// What moved. An event without a branch or a tag, such as the deletion of one, moves nothing.
    pub(super) fn pushes(self, event: &Value) -> Vec<Push> {
        match self {
            Self::GitHub | Self::Gogs => {
                let repository = &event["repository"];
                let addresses = addresses([&repository["html_url"], &repository["clone_url"], &repository["ssh_url"]]);
                one(addresses, &event["ref"], repository["default_branch"].as_str())
            }
            Self::GitLab => {
                let project = &event["project"];
                let addresses = addresses([&project["web_url"], &project["git_http_url"], &project["git_ssh_url"]]);
                one(addresses, &event["ref"], project["default_branch"].as_str())
            }
            Self::Azure => {
                let repository = &event["resource"]["repository"];
                let default = repository["defaultBranch"].as_str().map(short_name);
                let updates = event["resource"]["refUpdates"].as_array().into_iter().flatten();
                let addresses = addresses([&repository["remoteUrl"], &repository["sshUrl"]]);
                updates.flat_map(|update| one(addresses.clone(), &update["name"], default)).collect()
            }
            Self::Bitbucket => {
                let addresses = addresses([&event["repository"]["links"]["html"]["href"]]);
                let changes = event["push"]["changes"].as_array().into_iter().flatten();
                // The event does not tell which branch is the default one, so that any may be.
                changes.flat_map(|change| one(addresses.clone(), &change["new"]["name"], None)).collect()
            }
            Self::BitbucketServer => {
                let links = &event["repository"]["links"];
                let hrefs = ["clone", "self"].iter().filter_map(|name| links[*name].as_array()).flatten();
                // A link to a repository's page ends in `/browse`.
                let addresses: BTreeSet<String> = hrefs
                    .filter_map(|link| link["href"].as_str())
                    .map(|address| address.strip_suffix("/browse").unwrap_or(address).to_owned())
                    .collect();
                let changes = event["changes"].as_array().into_iter().flatten();
                changes.flat_map(|change| one(addresses.clone(), &change["ref"]["id"], None)).collect()
            }
            Self::Generic => {
                one(addresses([&event["repository"]]), &event["revision"], event["defaultBranch"].as_str())
            }
        }
    }
}

impl Provider {
    /// The files that changed, where events name them.
    pub(super) fn paths(self, event: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::GitHub | Self::Gogs | Self::GitLab => {
                let commits = event["commits"].as_array().into_iter().flatten();
                Box::new(commits.flat_map(move |commit| {
                    ["added", "modified", "removed"].into_iter().flat_map(move |how| texts(&commit[how]))
                }))
            }
            Self::Generic => Box::new(texts(&event["paths"])),
            Self::Azure | Self::Bitbucket | Self::BitbucketServer => Box::new(std::iter::empty()),
        }
    }
}

/// A push to one branch or tag; `HEAD` moves with it unless the default branch is known and another one.
fn one(addresses: BTreeSet<String>, reference: &Value, default: Option<&str>) -> Vec<Push> {
    let Some(revision) = reference.as_str().map(short_name).filter(|_| !addresses.is_empty()) else {
        return Vec::new();
    };
    let moves_head = default.is_none_or(|default| default == revision);
    vec![Push { addresses, revision: revision.into(), moves_head }]
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn addresses<'a>(values: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    values.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a body is signed by HMAC-SHA-256 with a secret; the signature is hexadecimal.
fn is_signed(secret: &Secret<String>, body: &[u8], signature: &str) -> bool {
    let secret = secret.reveal(&Reveal::granted(Purpose::Signature));
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(body);
    unhex(signature).is_some_and(|signature| mac.verify_slice(&signature).is_ok())
}

/// Whether a text is the secret: both are signed with it, and the signatures compared.
fn is_same(secret: &Secret<String>, given: &str) -> bool {
    let known = secret.reveal(&Reveal::granted(Purpose::Signature));
    let mac = |text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(known.as_bytes()).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    };
    let (Some(known), Some(given)) = (mac(known), mac(given)) else { return false };
    given.verify(&known.finalize().into_bytes()).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    bytes.collect()
}
