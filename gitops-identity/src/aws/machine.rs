//! Who the Pod or the machine is: what EKS's agent for Pods, ECS, and the metadata of an instance say.

use aws_credential_types::Credentials;
use jiff::Timestamp;
use reqwest::{RequestBuilder, Url};
use serde::Deserialize;

use super::{Caller, made};
use crate::{IdentityError, web};

const CONTAINER: &str = "the server of container credentials";
const INSTANCE: &str = "the metadata service of the instance";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
/// Where relative addresses of container credentials begin.
const ECS: &str = "http://169.254.170.2";
/// Who may be asked for them without encryption, beside loopback: ECS and EKS.
const UNENCRYPTED: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
const METADATA: &str = "http://169.254.169.254";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: Timestamp,
}

impl Caller<'_> {
    /// The container's, where the variables name who says it.
    pub(super) async fn of_container(&self) -> Result<Option<Credentials>, IdentityError> {
        let address = match self.variables.address(RELATIVE, &[])? {
            Some(path) => format!("{ECS}/{}", path.trim_start_matches('/')),
            None => match self.variables.address(FULL, &[])? {
                Some(address) => address,
                None => return Ok(None),
            },
        };
        let url = Url::parse(&address).map_err(|_| IdentityError::unusable(FULL, "it is no URL"))?;
        let host = url.host_str().unwrap_or_default();
        if url.scheme() != "https" && !UNENCRYPTED.contains(&host) && !is_loopback(host) {
            let why = "without encryption only this machine, and the addresses of ECS and EKS, are asked";
            return Err(IdentityError::unusable(FULL, why));
        }
        let token = match self.variables.file_of("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")? {
            None => self.variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
            token => token,
        };
        let mut request = self.web.beside.get(url);
        if let Some(token) = token {
            request = request.header("Authorization", token);
        }
        ask(request, CONTAINER).await.map(Some)
    }

    /// The instance's, by the second version of its metadata service.
    pub(super) async fn of_instance(&self) -> Result<Credentials, IdentityError> {
        let off = self.variables.get("AWS_EC2_METADATA_DISABLED").is_some_and(|off| off.eq_ignore_ascii_case("true"));
        if off {
            return Err(nobody());
        }
        let base = self.variables.address("AWS_EC2_METADATA_SERVICE_ENDPOINT", &[])?;
        let base = base.unwrap_or_else(|| METADATA.into());
        let base = format!("{}/latest", base.trim_end_matches('/'));
        let token = self.web.beside.put(format!("{base}/api/token"));
        let token = token.header("X-aws-ec2-metadata-token-ttl-seconds", "300").header("Content-Length", "0");
        let token = web::bytes(token, INSTANCE, web::unread).await.map_err(|_| nobody())?;
        let token = String::from_utf8(token).map_err(|_| IdentityError::Answer { server: INSTANCE })?;
        let get = |path: &str| {
            let request = self.web.beside.get(format!("{base}/meta-data/iam/security-credentials/{path}"));
            request.header("X-aws-ec2-metadata-token", &token)
        };
        let role = web::bytes(get(""), INSTANCE, web::unread).await?;
        let role = String::from_utf8_lossy(&role);
        ask(get(role.lines().next().unwrap_or_default().trim()), INSTANCE).await
    }
}

async fn ask(request: RequestBuilder, server: &'static str) -> Result<Credentials, IdentityError> {
    let answer: Answer = web::json(request, server, web::unread).await?;
    Ok(made(answer.access_key_id, answer.secret_access_key, Some(answer.token), Some(answer.expiration.into())))
}

fn nobody() -> IdentityError {
    IdentityError::Missing {
        needs: "nothing says who asks AWS",
        variables: "`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, \
                    `AWS_CONTAINER_CREDENTIALS_FULL_URI`, or `AWS_PROFILE`; no metadata service of an instance answers either",
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
