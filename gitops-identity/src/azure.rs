//! Tokens for AKS: access tokens of Entra ID for its server application, as `kubelogin` gets them for `argocd-k8s-auth azure`.

#[cfg(test)]
mod tests;

use std::time::SystemTime;

use crate::held::Token;
use crate::web::{Web, form, post};
use crate::{IdentityError, Variables, oauth};

/// The application that the API servers of AKS are for Entra ID.
const SERVER_APPLICATION: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const APPLICATION: &str = "AAD_SERVER_APPLICATION_ID";
const METHOD: &str = "AAD_LOGIN_METHOD";
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";
const ENVIRONMENT: &str = "AAD_ENVIRONMENT_NAME";
const FEDERATED: &str = "AZURE_FEDERATED_TOKEN_FILE";
const ENTRA: &str = "Entra ID";
const MACHINE: &str = "the metadata service of the machine";
const METADATA: &str = "http://169.254.169.254";
/// Azure's clouds: how they are called, and where their users log in.
const CLOUDS: &[(&str, &str)] = &[
    ("AzurePublicCloud", "https://login.microsoftonline.com"),
    ("AzureUSGovernmentCloud", "https://login.microsoftonline.us"),
    ("AzureUSGovernment", "https://login.microsoftonline.us"),
    ("AzureChinaCloud", "https://login.chinacloudapi.cn"),
];
/// The same, under other names.
const AUTHORITIES: &[&str] = &[
    "https://login.microsoftonline.com",
    "https://login.microsoftonline.us",
    "https://login.chinacloudapi.cn",
    "https://login.partner.microsoftonline.cn",
];

/// A token of whoever this is for Azure.
pub(crate) async fn token(web: &Web, variables: &Variables, now: SystemTime) -> Result<Token, IdentityError> {
    // Which application a token is for says what it can be used for, so that is not for a Secret to say either.
    let application = variables.address(APPLICATION, &[SERVER_APPLICATION])?;
    let application = application.unwrap_or_else(|| SERVER_APPLICATION.into());
    let method = variables.get(METHOD).unwrap_or_else(|| "workloadidentity".into());
    match method.to_lowercase().as_str() {
        "workloadidentity" => {
            let assertion = variables.file_of(FEDERATED)?.ok_or(IdentityError::Missing {
                needs: "the Pod has no token for Azure",
                variables: "`AZURE_FEDERATED_TOKEN_FILE`, which Azure's webhook does for Pods with the label \
                            `azure.workload.identity/use: \"true\"`, or `AAD_LOGIN_METHOD` to `spn` or `msi`",
            })?;
            let proof = [
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &assertion),
            ];
            of_client(web, variables, &application, &proof, now).await
        }
        "spn" => {
            let secret = variables.first(&["AAD_SERVICE_PRINCIPAL_CLIENT_SECRET", "AZURE_CLIENT_SECRET"]);
            let secret = secret.ok_or(IdentityError::Missing {
                needs: "a service principal proves itself by a secret; certificates are not taken",
                variables: "`AZURE_CLIENT_SECRET`",
            })?;
            of_client(web, variables, &application, &[("client_secret", &secret)], now).await
        }
        "msi" => of_machine(web, variables, &application, now).await,
        _ => Err(IdentityError::unusable(METHOD, "it is none of `workloadidentity`, `spn` and `msi`")),
    }
}

/// A token for a client that proves who it is (RFC 6749 section 4.4, RFC 7523 section 2.2).
async fn of_client(
    web: &Web,
    variables: &Variables,
    application: &str,
    proof: &[(&str, &str)],
    now: SystemTime,
) -> Result<Token, IdentityError> {
    let missing = |variables| IdentityError::Missing { needs: "Entra ID is asked by a client of a tenant", variables };
    let client = client(variables).ok_or_else(|| missing("`AZURE_CLIENT_ID`"))?;
    let tenant = variables.get("AZURE_TENANT_ID").ok_or_else(|| missing("`AZURE_TENANT_ID`"))?;
    if !tenant.chars().all(|one| one.is_ascii_alphanumeric() || one == '-' || one == '.') {
        return Err(IdentityError::unusable("AZURE_TENANT_ID", "it is neither the id nor the domain of a tenant"));
    }
    let authority = match variables.address(AUTHORITY, AUTHORITIES)? {
        Some(authority) => authority,
        None => cloud(variables)?.to_owned(),
    };
    let url = format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/'));
    let scope = format!("{application}/.default");
    let mut fields = vec![("grant_type", "client_credentials"), ("client_id", client.as_str()), ("scope", &scope)];
    fields.extend(proof);
    oauth::token(post(&web.outside, &url, &fields), ENTRA, now).await
}

/// A token of the machine's managed identity.
async fn of_machine(
    web: &Web,
    variables: &Variables,
    application: &str,
    now: SystemTime,
) -> Result<Token, IdentityError> {
    let base = variables.address("AZURE_POD_IDENTITY_AUTHORITY_HOST", &[])?.unwrap_or_else(|| METADATA.into());
    let client = client(variables);
    let mut fields = vec![("api-version", "2018-02-01"), ("resource", application)];
    fields.extend(client.as_deref().map(|client| ("client_id", client)));
    let url = format!("{}/metadata/identity/oauth2/token?{}", base.trim_end_matches('/'), form(&fields));
    oauth::token(web.beside.get(url).header("Metadata", "true"), MACHINE, now).await
}

fn client(variables: &Variables) -> Option<String> {
    variables.first(&["AAD_SERVICE_PRINCIPAL_CLIENT_ID", "AZURE_CLIENT_ID"])
}

/// Where the users of the cloud log in that the variables name.
fn cloud(variables: &Variables) -> Result<&'static str, IdentityError> {
    let named = variables.get(ENVIRONMENT).unwrap_or_else(|| CLOUDS[0].0.into());
    let found = CLOUDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&named));
    let why = "it is none of `AzurePublicCloud`, `AzureUSGovernmentCloud` and `AzureChinaCloud`";
    found.map(|(_, authority)| *authority).ok_or_else(|| IdentityError::unusable(ENVIRONMENT, why))
}
