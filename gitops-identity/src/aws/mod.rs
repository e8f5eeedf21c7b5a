//! Tokens for EKS: a signed request to AWS who the caller is, which the cluster's API server makes in the caller's place
//! (`aws-iam-authenticator`, `argocd-k8s-auth aws`).

mod chain;
mod machine;
mod profile;
mod sign;
mod sts;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use self::profile::Profiles;
use crate::held::Token;
use crate::web::Web;
use crate::{IdentityError, Variables};

/// What the API servers of EKS know such a token by.
const PREFIX: &str = "k8s-aws-v1.";
/// How long AWS answers the signed request: 15 minutes, of which the last one is not used.
const VALID: Duration = Duration::from_mins(14);

/// Who asks AWS, and where.
pub(crate) struct Caller<'a> {
    web: &'a Web,
    variables: &'a Variables,
    profiles: Profiles,
    /// The profile that is asked for, and no other one.
    profile: Option<&'a str>,
    region: String,
}

impl<'a> Caller<'a> {
    /// A caller with these variables, by a profile where one is named.
    ///
    /// # Errors
    /// Where no region is said, or a file with profiles cannot be read.
    pub(crate) fn new(web: &'a Web, variables: &'a Variables, profile: Option<&'a str>) -> Result<Self, IdentityError> {
        let profiles = Profiles::read(variables)?;
        let said = variables.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
        let name = profile.map(str::to_owned).or_else(|| variables.get("AWS_PROFILE")).unwrap_or("default".into());
        let region = said.or_else(|| profiles.value(&name, "region"));
        let region = region.ok_or(IdentityError::Missing {
            needs: "AWS is asked in a region",
            variables: "`AWS_REGION`, or `region` of the profile",
        })?;
        if !region.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-') {
            return Err(IdentityError::unusable("AWS_REGION", "it is not the name of a region"));
        }
        Ok(Self { web, variables, profiles, profile, region })
    }

    /// A token of a cluster, as a role where one is named.
    pub(crate) async fn token(
        &self,
        cluster: &str,
        role: Option<&str>,
        now: SystemTime,
    ) -> Result<Token, IdentityError> {
        if cluster.is_empty() {
            return Err(IdentityError::Missing {
                needs: "a token of EKS is for one cluster",
                variables: "`clusterName` of its `awsAuthConfig`, or the argument `--cluster-name`",
            });
        }
        let credentials = self.credentials(now).await?;
        let credentials = match role {
            Some(role) => self.assume(&credentials, &sts::Role::named(role), now).await?,
            None => credentials,
        };
        let signed = sign::identity_url(&self.sts()?, &self.region, cluster, &credentials, now)?;
        let left = credentials.expiry().map(|expiry| expiry.duration_since(now).unwrap_or_default());
        let valid = left.map_or(VALID, |left| left.min(VALID));
        Ok(Token::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(signed)), now, valid))
    }
}

/// What proves who asks, as AWS's services give it.
fn made(id: String, secret: String, session: Option<String>, expiry: Option<SystemTime>) -> Credentials {
    Credentials::new(id, secret, session, expiry, "gitops")
}
