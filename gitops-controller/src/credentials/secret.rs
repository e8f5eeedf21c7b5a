//! One Secret.

use std::fmt;
use std::sync::Arc;

use gitops_core::Object;
use gitops_core::secret::Purpose;
use gitops_fetch::{GitHubApp, Installation, InstalledApp};
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
    pub(super) app: Option<App>,
    pub(super) ssh_key: Option<Arc<str>>,
    /// Our own certificate and its key, in PEM.
    pub(super) certificate: Vec<u8>,
    /// Whether servers and hosts need not prove who they are.
    pub(super) insecure: bool,
    /// Whether credentials may be sent over unencrypted connections: the address names one itself.
    pub(super) clear_text: bool,
    pub(super) proxy: Option<Proxy>,
}

/// A GitHub App, and the id of its installation where one is said.
#[derive(Clone)]
pub(crate) struct App {
    app: Arc<GitHubApp>,
    installation: Option<u64>,
}

impl App {
    /// The App as it is installed for an account, unless another installation is said.
    pub(crate) fn installed(&self, account: impl Into<String>) -> InstalledApp {
        self.app.installed(self.installation.map_or_else(|| Installation::Account(account.into()), Installation::Id))
    }

    /// Where its API is.
    pub(crate) fn address(&self) -> &str {
        self.app.address()
    }

    /// Whether it needs to be known whose installation is meant.
    fn needs_account(&self) -> bool {
        self.installation.is_none()
    }

    /// The App for a repository.
    ///
    /// # Errors
    /// Where the address names no account, and it is needed.
    pub(super) fn credentials(&self, address: &str) -> Result<Credentials, String> {
        let account = match address::owner(address) {
            None if self.needs_account() => {
                return Err(
                    "the address has no organization, by which the installation of the GitHub App is found: name \
                            it by `githubAppInstallationID`"
                        .into(),
                );
            }
            account => account.unwrap_or_default(),
        };
        Ok(Credentials::made(APP_USER, Arc::new(self.installed(account))))
    }
}

impl Content {
    /// Whether it says who asks; of one that does not, a template says it (`HasCredentials` of Argo CD).
    pub(super) fn has_credentials(&self) -> bool {
        self.credentials.is_some() || self.app.is_some() || self.ssh_key.is_some() || !self.certificate.is_empty()
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
        app: None,
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
        (None, None) => {
            content.app = app(fields, &content, hosts)?;
            user.filter(|_| content.app.is_none()).map(|user| Credentials::new(user, ""))
        }
    };
    if fields.is_true("useAzureWorkloadIdentity") || fields.text("gcpServiceAccountKey").is_some() {
        return Err("identities of Azure and Google are not made here".into());
    }
    Ok(content)
}

/// A GitHub App.
fn app(fields: &Fields, content: &Content, hosts: &Hosts) -> Result<Option<App>, String> {
    let Some(key) = fields.text("githubAppPrivateKey") else { return Ok(None) };
    let id = fields.text("githubAppID").ok_or("`githubAppPrivateKey` needs `githubAppID` beside it")?;
    let number = fields.text("githubAppInstallationID").map(|text| text.trim().parse::<u64>()).transpose();
    // Argo CD takes zero for none.
    let installation = number.map_err(|_| "`githubAppInstallationID` is no number")?.filter(|number| *number > 0);
    let enterprise = fields.text("githubAppEnterpriseBaseUrl");
    let app = GitHubApp::new(id.trim(), key.as_bytes(), enterprise.as_deref());
    let mut tls = TlsOptions::default();
    tls.insecure = content.insecure;
    tls.authorities = enterprise.map(|address| hosts.authorities(&address)).unwrap_or_default();
    let app = app.map_err(|error| chain(&error))?.reached(tls, content.proxy.clone());
    Ok(Some(App { app: Arc::new(app), installation }))
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
