//! Who says who asks, in the order of AWS's SDK for Go (`resolveCredentialChain`): a profile that is named, keys among the variables, a
//! token of the service account, the profile of the variables, the Pod's identity, the machine's.

use std::path::Path;
use std::time::SystemTime;

use aws_credential_types::Credentials;

use super::sts::Role;
use super::{Caller, made};
use crate::IdentityError;
use crate::variables::file;

/// How many profiles one may lead to, one after the other.
const MAX_PROFILES: usize = 5;
const KEYS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

impl Caller<'_> {
    /// What proves who asks.
    pub(super) async fn credentials(&self, now: SystemTime) -> Result<Credentials, IdentityError> {
        if let Some(profile) = self.profile {
            return self.of_profile(profile.to_owned(), now).await;
        }
        if let Some(keys) = self.keys()? {
            return Ok(keys);
        }
        if let Some(token) = self.variables.file_of("AWS_WEB_IDENTITY_TOKEN_FILE")? {
            let arn = self.variables.get("AWS_ROLE_ARN").ok_or(IdentityError::Missing {
                needs: "the token in `AWS_WEB_IDENTITY_TOKEN_FILE` is for a role",
                variables: "`AWS_ROLE_ARN`",
            })?;
            let session = self.variables.get("AWS_ROLE_SESSION_NAME");
            return self.assume_by_token(&Role { session, ..Role::named(&arn) }, &token).await;
        }
        match self.variables.get("AWS_PROFILE") {
            Some(profile) => self.of_profile(profile, now).await,
            None if self.profiles.has("default") => self.of_profile("default".into(), now).await,
            None => self.of_machine().await,
        }
    }

    /// Keys among the variables: all of the Secret's, or all of the process's own.
    fn keys(&self) -> Result<Option<Credentials>, IdentityError> {
        let given = KEYS.map(|name| self.variables.given(name));
        let [id, secret, session] = match &given {
            [None, None, _] => KEYS.map(|name| self.variables.of_process(name)),
            _ => given,
        };
        match (id, secret) {
            (Some(id), Some(secret)) => Ok(Some(made(id, secret, session, None))),
            (None, None) => Ok(None),
            _ => Err(IdentityError::Missing {
                needs: "keys of AWS belong together",
                variables: "`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` in the same place",
            }),
        }
    }

    /// What a profile says, by way of others that it names.
    async fn of_profile(&self, mut profile: String, now: SystemTime) -> Result<Credentials, IdentityError> {
        let mut roles = Vec::new();
        let mut credentials = loop {
            if !self.profiles.has(&profile) {
                let why =
                    "no such profile is in the files that `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name";
                return Err(IdentityError::unusable(format!("the profile {profile}"), why));
            }
            if roles.len() == MAX_PROFILES {
                return Err(IdentityError::unusable(format!("the profile {profile}"), "too many profiles lead to it"));
            }
            let value = |key: &str| self.profiles.value(&profile, key);
            let role = value("role_arn").map(|arn| Role {
                arn,
                session: value("role_session_name"),
                external_id: value("external_id"),
            });
            match (role, value("source_profile"), value("web_identity_token_file")) {
                (Some(role), Some(source), _) => {
                    roles.push(role);
                    match source == profile {
                        true => break self.static_keys(&profile)?,
                        false => profile = source,
                    }
                }
                (Some(role), None, Some(path)) => {
                    let name = format!("web_identity_token_file of the profile {profile}");
                    let token = file(&name, Path::new(&path))?;
                    break self.assume_by_token(&role, token.trim()).await?;
                }
                (Some(role), None, None) => {
                    roles.push(role);
                    break match value("credential_source").as_deref() {
                        Some("Environment") => self.keys()?.ok_or(IdentityError::Missing {
                            needs: "the profile's role is asked for with keys of the environment",
                            variables: "`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`",
                        })?,
                        Some("Ec2InstanceMetadata") => self.of_instance().await?,
                        Some("EcsContainer") => self.of_container().await?.ok_or(IdentityError::Missing {
                            needs: "the profile's role is asked for as the Pod",
                            variables: "`AWS_CONTAINER_CREDENTIALS_FULL_URI`",
                        })?,
                        _ => {
                            let why = "its `role_arn` needs `source_profile`, `credential_source` or `web_identity_token_file`";
                            return Err(IdentityError::unusable(format!("the profile {profile}"), why));
                        }
                    };
                }
                (None, ..) if value("aws_access_key_id").is_some() => break self.static_keys(&profile)?,
                (None, ..) => {
                    if ["credential_process", "sso_session", "sso_start_url"].iter().any(|key| value(key).is_some()) {
                        let why =
                            "it has its credentials made by a program or a browser: name keys, a role or a token in it";
                        return Err(IdentityError::unusable(format!("the profile {profile}"), why));
                    }
                    break self.of_machine().await?;
                }
            }
        };
        for role in roles.iter().rev() {
            credentials = self.assume(&credentials, role, now).await?;
        }
        Ok(credentials)
    }

    fn static_keys(&self, profile: &str) -> Result<Credentials, IdentityError> {
        let value = |key| self.profiles.value(profile, key);
        match (value("aws_access_key_id"), value("aws_secret_access_key")) {
            (Some(id), Some(secret)) => Ok(made(id, secret, value("aws_session_token"), None)),
            _ => {
                let why = "it needs `aws_access_key_id` and `aws_secret_access_key`";
                Err(IdentityError::unusable(format!("the profile {profile}"), why))
            }
        }
    }

    /// Where nothing else is said: who the Pod is, or the machine.
    async fn of_machine(&self) -> Result<Credentials, IdentityError> {
        match self.of_container().await? {
            Some(credentials) => Ok(credentials),
            None => self.of_instance().await,
        }
    }
}
