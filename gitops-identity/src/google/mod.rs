//! Tokens for GKE: access tokens of Google, by its "Application Default Credentials", in the order of Google's library for Go
//! (`google.FindDefaultCredentials`): a file that a variable names, the file of `gcloud`, the metadata server.

mod exchange;
mod keys;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;

use crate::held::Token;
use crate::variables::file;
use crate::web::Web;
use crate::{IdentityError, Variables, oauth};

const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// What a token may be used for: Google's API, and to be known by one's address of mail.
const SCOPES: [&str; 2] =
    ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"];
const METADATA: &str = "169.254.169.254";
const METADATA_SERVER: &str = "Google's metadata server";

/// A file with credentials, and who may be shown them.
struct Source {
    text: String,
    trust: Trust,
}

/// Whose the addresses in a file are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Who runs this process names the file: they are as good as his own.
    Process,
    /// A cluster's Secret names it: only Google's count.
    Google,
}

#[derive(Deserialize)]
struct Kind {
    r#type: String,
}

/// A token of whoever this is for Google.
pub(crate) async fn token(web: &Web, variables: &Variables, now: SystemTime) -> Result<Token, IdentityError> {
    let Some(source) = source(variables)? else { return of_machine(web, variables, now).await };
    let kind: Kind = source.read()?;
    match kind.r#type.as_str() {
        "service_account" => keys::of_service_account(web, &source, now).await,
        "authorized_user" => keys::of_user(web, &source, now).await,
        "external_account" => exchange::of_elsewhere(web, &source, now).await,
        _ => Err(IdentityError::unusable(
            format!("`type` of the file in {FILE}"),
            "it is none of `service_account`, `authorized_user` and `external_account`",
        )),
    }
}

fn source(variables: &Variables) -> Result<Option<Source>, IdentityError> {
    let Some(path) = variables.get(FILE) else {
        let home = |home| PathBuf::from(home).join(".config/gcloud/application_default_credentials.json");
        let usual = variables.of_process("HOME").map(home).filter(|path| path.is_file());
        return usual.map(|path| Ok(Source { text: file("HOME", &path)?, trust: Trust::Process })).transpose();
    };
    let is_given = variables.given(FILE).is_some() && variables.given(FILE) != variables.of_process(FILE);
    let trust = if is_given { Trust::Google } else { Trust::Process };
    Ok(Some(Source { text: file(FILE, path.as_ref())?, trust }))
}

/// The token of the service account that the Pod or the machine is.
async fn of_machine(web: &Web, variables: &Variables, now: SystemTime) -> Result<Token, IdentityError> {
    let host = variables.address("GCE_METADATA_HOST", &[])?.unwrap_or_else(|| METADATA.into());
    let scopes = crate::web::form(&[("scopes", &SCOPES.join(","))]);
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token?{scopes}");
    let request = web.beside.get(url).header("Metadata-Flavor", "Google");
    oauth::token(request, METADATA_SERVER, now).await.map_err(|error| match error {
        IdentityError::Server { .. } => IdentityError::Missing {
            needs: "nothing says who asks Google, and no metadata server answers",
            variables: "`GOOGLE_APPLICATION_CREDENTIALS`, or bind the service account to one of Google's (Workload Identity)",
        },
        other => other,
    })
}

impl Source {
    fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, IdentityError> {
        // The error of a reader could repeat a part of a key.
        let why = "it is not the JSON of Google's credentials";
        serde_json::from_str(&self.text).map_err(|_| IdentityError::unusable(format!("the file in {FILE}"), why))
    }

    /// An address of the file, which a credential is shown to.
    fn address(&self, key: &str, address: String) -> Result<String, IdentityError> {
        let unusable = |why| IdentityError::unusable(format!("`{key}` of the file in {FILE}"), why);
        let url = reqwest::Url::parse(&address).map_err(|_| unusable("it is no URL"))?;
        let host = url.host_str().unwrap_or_default();
        let is_googles = url.scheme() == "https" && (host == "googleapis.com" || host.ends_with(".googleapis.com"));
        match self.trust {
            Trust::Google if !is_googles => {
                Err(unusable("the Secret of a cluster names the file, so only addresses of googleapis.com count"))
            }
            _ => Ok(address),
        }
    }
}

/// What a value of JSON says in a field, or the value itself where it is a text.
fn text(value: &Value, field: &str) -> Option<String> {
    value.get(field).and_then(Value::as_str).map(str::to_owned)
}
