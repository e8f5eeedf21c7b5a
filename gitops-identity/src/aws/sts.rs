//! AWS's Security Token Service: credentials of roles.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use jiff::Timestamp;
use roxmltree::Document;

use super::{Caller, made, sign};
use crate::{IdentityError, web};

const SERVER: &str = "AWS's Security Token Service";
const VERSION: (&str, &str) = ("Version", "2011-06-15");
/// What AWS notes of who was the role.
const SESSION: &str = "gitops";
/// The ends of the names of STS by the beginnings of regions; `amazonaws.com` for all others.
const PARTITIONS: &[(&str, &str)] = &[
    ("cn-", "amazonaws.com.cn"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
];

/// A role to be, and how.
pub(super) struct Role {
    pub(super) arn: String,
    pub(super) session: Option<String>,
    pub(super) external_id: Option<String>,
}

impl Role {
    pub(super) fn named(arn: &str) -> Self {
        Self { arn: arn.into(), session: None, external_id: None }
    }

    fn session(&self) -> &str {
        self.session.as_deref().unwrap_or(SESSION)
    }
}

impl Caller<'_> {
    /// Where STS is.
    pub(super) fn sts(&self) -> Result<String, IdentityError> {
        let named = match self.variables.address("AWS_ENDPOINT_URL_STS", &[])? {
            None => self.variables.address("AWS_ENDPOINT_URL", &[])?,
            named => named,
        };
        let partition = PARTITIONS.iter().find(|(start, _)| self.region.starts_with(start));
        let partition = partition.map_or("amazonaws.com", |(_, end)| end);
        Ok(named.unwrap_or_else(|| format!("https://sts.{}.{partition}", self.region)))
    }

    /// The credentials of a role that somebody else's may have.
    pub(super) async fn assume(
        &self,
        credentials: &Credentials,
        role: &Role,
        now: SystemTime,
    ) -> Result<Credentials, IdentityError> {
        let mut fields = vec![("Action", "AssumeRole"), VERSION, ("RoleArn", &role.arn)];
        fields.extend([("RoleSessionName", role.session()), ("DurationSeconds", "900")]);
        fields.extend(role.external_id.as_deref().map(|id| ("ExternalId", id)));
        let request = sign::form(&self.sts()?, &self.region, web::form(&fields), credentials, now)?;
        let request = reqwest::Request::try_from(request).map_err(|_| IdentityError::Sign)?;
        let request = reqwest::RequestBuilder::from_parts(self.web.outside.clone(), request);
        read(&web::bytes(request, SERVER, code).await?)
    }

    /// The credentials of a role that the bearer of a token may have.
    pub(super) async fn assume_by_token(&self, role: &Role, token: &str) -> Result<Credentials, IdentityError> {
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            VERSION,
            ("RoleArn", &role.arn),
            ("RoleSessionName", role.session()),
            ("WebIdentityToken", token),
        ];
        let request = web::post(&self.web.outside, &self.sts()?, &fields);
        read(&web::bytes(request, SERVER, code).await?)
    }
}

fn read(answer: &[u8]) -> Result<Credentials, IdentityError> {
    let unusable = || IdentityError::Answer { server: SERVER };
    let text = std::str::from_utf8(answer).map_err(|_| unusable())?;
    let document = Document::parse(text).map_err(|_| unusable())?;
    let value = |name| element(&document, name).ok_or_else(unusable);
    let expiry: Timestamp = value("Expiration")?.parse().map_err(|_| unusable())?;
    let (id, secret) = (value("AccessKeyId")?, value("SecretAccessKey")?);
    Ok(made(id, secret, Some(value("SessionToken")?), Some(expiry.into())))
}

fn code(answer: &[u8]) -> Option<String> {
    element(&Document::parse(std::str::from_utf8(answer).ok()?).ok()?, "Code")
}

/// The text of the first element of a name, in whatever namespace.
fn element(document: &Document<'_>, name: &str) -> Option<String> {
    let found = document.descendants().find(|node| node.tag_name().name() == name);
    found.and_then(|node| node.text()).map(|text| text.trim().to_owned())
}
