//! One Secret.

use std::fmt;
use std::sync::Arc;

use gitops_core::Object;
use gitops_core::secret::Purpose;
use gitops_fetch::GitHubApp;
use gitops_git::{Credentials, Proxy, TlsOptions};

use super::hosts::Hosts;
use super::{Fields, REPOSITORY, SECRET_TYPE, TEMPLATE, address};
use crate::causes::chain;

/// The user that GitHub takes tokens of Apps from.
const APP_USER: &str = "x-access-token";

/// What a Secret says of repositories. Nothing of it prints what is secret.
pub(super) struct RepositorySecret {
    /// Namespace and name.
    pub(super) name: String,
    /// The UID and the version: another one says something else.
    pub(super) identity: String,
    /// Whether it is for every address that begins with its own.
    pub(super) is_template: bool,
    /// Its address as it is compared.
    pub(super) address: String,
    /// The only project that it serves.
    pub(super) project: Option<String>,
    /// What it says, or why it cannot be used.
    pub(super) content: Result<Content, String>,
}

/// What a Secret says.
#[derive(Clone, Default)]
pub(super) struct Content {
    pub(super) credentials: Option<Credentials>,
    pub(super) ssh_key: Option<Arc<str>>,
    /// Our own certificate and its key, in PEM.
    pub(super) certificate: Vec<u8>,
    /// Whether servers and hosts need not prove who they are.
    pub(super) insecure: bool,
    /// Whether credentials may be sent over unencrypted connections: the address names one itself.
    pub(super) clear_text: bool,
    pub(super) proxy: Option<Proxy>,
}

impl Content {
    /// Whether it says who asks; of one that does not, a template says it (`HasCredentials` of Argo CD).
    pub(super) fn has_credentials(&self) -> bool {
        self.credentials.is_some() || self.ssh_key.is_some() || !self.certificate.is_empty()
    }
}

impl RepositorySecret {
    /// Reads a Secret; none where it is not one for repositories.
    pub(super) fn read(object: &Object, hosts: &Hosts) -> Option<Self> {
        let is_template = match object.label(SECRET_TYPE)? {
            REPOSITORY => false,
            TEMPLATE => true,
            _ => return None,
        };
        let fields = Fields::of(object, Purpose::Connection);
        let url = fields.text("url")?;
        Some(Self {
            name: format!("{}/{}", object.namespace().unwrap_or_default(), object.name()),
            identity: identity(object),
            is_template,
            address: address::compared(&url),
            project: fields.text("project"),
            content: content(&fields, &url, hosts),
        })
    }
}

/// What tells the state of a Secret from every other state and Secret.
pub(super) fn identity(object: &Object) -> String {
    format!("{}@{}", object.uid().unwrap_or_default(), object.resource_version().unwrap_or_default())
}

fn content(fields: &Fields, url: &str, hosts: &Hosts) -> Result<Content, String> {
    let pair = |first: &str, second: &str| match (fields.text(first), fields.text(second)) {
        (None, None) => Ok(None),
        (Some(one), Some(other)) => Ok(Some((one, other))),
        _ => Err(format!("`{first}` and `{second}` belong together")),
    };
    let certificate =
        pair("tlsClientCertData", "tlsClientCertKey")?.map(|(certificate, key)| [certificate, key].join("\n"));
    let proxy = fields.text("proxy").map(|proxy| Proxy::new(proxy, fields.text("noProxy").unwrap_or_default()));
    let mut content = Content {
        credentials: None,
        ssh_key: fields.text("sshPrivateKey").map(Arc::from),
        certificate: certificate.map(String::into_bytes).unwrap_or_default(),
        insecure: fields.is_true("insecure") || fields.is_true("insecureIgnoreHostKey"),
        clear_text: url.trim().to_lowercase().starts_with("http://") || fields.is_true("insecureOCIForceHttp"),
        proxy,
    };
    let user = fields.text("username");
    content.credentials = match (fields.text("bearerToken"), fields.text("password")) {
        (_, Some(password)) => Some(Credentials::new(user.unwrap_or_default(), password)),
        (Some(token), None) => Some(Credentials::bearer(token)),
        (None, None) => app(fields, &content, hosts)?.or_else(|| user.map(|user| Credentials::new(user, ""))),
    };
    if fields.is_true("useAzureWorkloadIdentity") || fields.text("gcpServiceAccountKey").is_some() {
        return Err("identities of Azure and Google are not made here".into());
    }
    Ok(content)
}

/// The tokens of a GitHub App.
fn app(fields: &Fields, content: &Content, hosts: &Hosts) -> Result<Option<Credentials>, String> {
    let Some(key) = fields.text("githubAppPrivateKey") else { return Ok(None) };
    let id = fields.text("githubAppID").ok_or("`githubAppPrivateKey` needs `githubAppID` beside it")?;
    let number = fields.text("githubAppInstallationID").and_then(|text| text.trim().parse().ok());
    let installation = number.ok_or("`githubAppPrivateKey` needs `githubAppInstallationID`, a number, beside it")?;
    let enterprise = fields.text("githubAppEnterpriseBaseUrl");
    let app = GitHubApp::new(id.trim(), installation, key.as_bytes(), enterprise.as_deref());
    let mut tls = TlsOptions::default();
    tls.insecure = content.insecure;
    tls.authorities = enterprise.map(|address| hosts.authorities(&address)).unwrap_or_default();
    let app = app.map_err(|error| chain(&error))?.reached(tls, content.proxy.clone());
    Ok(Some(Credentials::made(APP_USER, Arc::new(app))))
}

impl fmt::Debug for RepositorySecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RepositorySecret")
            .field("name", &self.name)
            .field("address", &self.address)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}
