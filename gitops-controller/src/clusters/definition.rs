//! One cluster Secret.

use std::collections::BTreeMap;
use std::fmt;

use gitops_core::secret::{Purpose, Reveal, Secret};
use gitops_core::{Object, Value};
use serde::Deserialize;
use serde_json::json;

use super::ClusterRefused;
use super::identity::{self, CloudIdentity};
use crate::credentials::{Fields, SECRET_TYPE};

/// The type of the Secrets of clusters.
pub(super) const CLUSTER: &str = "cluster";

/// What a Secret says of a cluster.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClusterDefinition {
    /// Its name; empty where it has none.
    pub name: String,
    /// The address of its API server, without a slash at the end.
    pub server: String,
    /// The project that it belongs to.
    pub project: Option<String>,
    /// The only namespaces that may be used of it; all where none is named.
    pub namespaces: Vec<String>,
    /// The UID and version of the Secret: another one says something else.
    pub(super) identity: String,
    config: Secret<Config>,
}

/// A program that prints a credential, as a kubeconfig names one. It is started only where whoever runs this process allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialProgram {
    /// The program's name or path.
    pub command: String,
}

/// The JSON under `config`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    username: String,
    password: String,
    bearer_token: String,
    tls_client_config: Tls,
    aws_auth_config: Option<AwsAuth>,
    exec_provider_config: Option<Program>,
    proxy_url: String,
}

#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AwsAuth {
    cluster_name: String,
    #[serde(rename = "roleARN")]
    role_arn: String,
    profile: String,
}

/// Bytes are in base64.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tls {
    insecure: bool,
    server_name: String,
    ca_data: String,
    cert_data: String,
    key_data: String,
}

#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Program {
    command: String,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    api_version: String,
    install_hint: String,
}

impl ClusterDefinition {
    /// Reads a Secret; none where it is not one of a cluster, or names no server.
    ///
    /// # Errors
    /// Where its `config` is none.
    pub fn read(secret: &Object) -> Option<Result<Self, ClusterRefused>> {
        if secret.label(SECRET_TYPE)? != CLUSTER {
            return None;
        }
        let fields = Fields::of(secret, Purpose::Connection);
        let server = fields.text("server")?.trim_end_matches('/').to_owned();
        let name = format!("{}/{}", secret.namespace().unwrap_or_default(), secret.name());
        // The reader's own words could repeat a part of what it reads.
        let refused =
            || ClusterRefused(format!("the Secret `{name}` cannot be used: `config` is not the JSON of a cluster"));
        let config = match fields.text("config") {
            Some(text) => serde_json::from_str(&text).map_err(|_| refused()),
            None => Ok(Config::default()),
        };
        let namespaces = fields.text("namespaces").unwrap_or_default();
        let namespaces = namespaces.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned);
        Some(config.map(|config| Self {
            name: fields.text("name").unwrap_or_default(),
            server,
            project: fields.text("project"),
            namespaces: namespaces.collect(),
            identity: format!("{}@{}", secret.uid().unwrap_or_default(), secret.resource_version().unwrap_or_default()),
            config: Secret::new(config),
        }))
    }

    /// The identity of a cloud that it wants to be, where it names one: `awsAuthConfig`, or what Argo CD's program `argocd-k8s-auth` makes.
    ///
    /// # Errors
    /// Where that program would not understand its arguments.
    pub fn identity(&self) -> Result<Option<CloudIdentity>, ClusterRefused> {
        let config = self.config.reveal(&Reveal::granted(Purpose::Connection));
        let refused = |words: String| ClusterRefused(format!("the cluster `{}`: {words}", self.server));
        config.identity().transpose().map_err(refused)
    }

    /// The program that prints its credential, where it names one that is to be started.
    pub fn program(&self) -> Option<CredentialProgram> {
        let config = self.config.reveal(&Reveal::granted(Purpose::Connection));
        config.program().map(|program| CredentialProgram { command: program.command.clone() })
    }

    /// The same as the text of a kubeconfig, for who opens a connection. It has nothing of an [identity](Self::identity) of a cloud.
    pub fn kubeconfig(&self, reveal: &Reveal) -> Value {
        let config = self.config.reveal(reveal);
        let tls = &config.tls_client_config;
        let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let cluster = json!({
            "server": self.server,
            "tls-server-name": set(&tls.server_name),
            "insecure-skip-tls-verify": tls.insecure.then_some(true),
            "certificate-authority-data": set(&tls.ca_data).filter(|_| !tls.insecure),
            "proxy-url": set(&config.proxy_url),
        });
        let program = config.program().map(|program| {
            let variables: Vec<Value> =
                program.env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            json!({
                "command": program.command, "args": program.args, "env": variables, "apiVersion": set(&program.api_version),
                "installHint": set(&program.install_hint), "interactiveMode": "Never",
            })
        });
        // Argo CD hands on nothing of these where a program says who calls.
        let basic = |text: &str| set(text).filter(|_| !config.has_program());
        let user = json!({
            "token": basic(&config.bearer_token),
            "username": basic(&config.username),
            "password": basic(&config.password),
            "client-certificate-data": set(&tls.cert_data),
            "client-key-data": set(&tls.key_data),
            "exec": program,
        });
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": CLUSTER,
            "clusters": [{"name": CLUSTER, "cluster": without_nulls(cluster)}],
            "users": [{"name": CLUSTER, "user": without_nulls(user)}],
            "contexts": [{"name": CLUSTER, "context": {"cluster": CLUSTER, "user": CLUSTER}}],
        })
    }
}

impl Config {
    fn has_program(&self) -> bool {
        self.aws_auth_config.is_some() || self.exec_provider_config.is_some()
    }

    /// `awsAuthConfig` counts first, as in Argo CD.
    fn identity(&self) -> Option<Result<CloudIdentity, String>> {
        if let Some(AwsAuth { cluster_name, role_arn, profile }) = &self.aws_auth_config {
            return Some(Ok(CloudIdentity::aws(cluster_name, role_arn, profile)));
        }
        let program = self.exec_provider_config.as_ref().filter(|program| identity::is_known(&program.command))?;
        Some(CloudIdentity::read(&program.args, program.env.clone()))
    }

    /// The program that is to be started.
    fn program(&self) -> Option<&Program> {
        let program = self.exec_provider_config.as_ref().filter(|_| self.aws_auth_config.is_none());
        program.filter(|program| !identity::is_known(&program.command))
    }
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    value
}

impl fmt::Debug for ClusterDefinition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ClusterDefinition")
            .field("name", &self.name)
            .field("server", &self.server)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}
