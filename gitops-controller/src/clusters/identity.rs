//! The identities of clouds that Argo CD's program `argocd-k8s-auth` stands for.

use std::collections::BTreeMap;

use gitops_core::secret::{Reveal, Secret};
use gitops_identity::Account;

/// Argo CD's program.
const PROGRAM: &str = "argocd-k8s-auth";

/// Who a cluster's Secret wants to be for its cloud. Whoever connects decides whether that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloudIdentity {
    /// Whose account.
    pub account: Account,
    variables: Secret<BTreeMap<String, String>>,
}

/// Whether a command is Argo CD's program, wherever it lies.
pub(super) fn is_known(command: &str) -> bool {
    command.rsplit('/').next() == Some(PROGRAM)
}

impl CloudIdentity {
    /// What `awsAuthConfig` says.
    pub(super) fn aws(cluster: &str, role: &str, profile: &str) -> Self {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let account = Account::Aws { cluster: cluster.into(), role: said(role), profile: said(profile) };
        Self { account, variables: Secret::new(BTreeMap::new()) }
    }

    /// What the program's arguments say, with the variables that it is started with.
    pub(super) fn read(arguments: &[String], variables: BTreeMap<String, String>) -> Result<Self, String> {
        let Some((cloud, options)) = arguments.split_first() else {
            return Err(format!("`{PROGRAM}` needs `aws`, `gcp` or `azure` as its first argument"));
        };
        let account = match cloud.as_str() {
            "aws" => aws(options)?,
            "gcp" => Account::Google,
            "azure" => Account::Azure,
            _ => return Err(format!("`{PROGRAM}` knows `aws`, `gcp` and `azure`, and not {cloud:?}")),
        };
        match (&account, options) {
            (Account::Google | Account::Azure, [unknown, ..]) => {
                Err(format!("`{PROGRAM} {cloud}` takes no {unknown:?}"))
            }
            _ => Ok(Self { account, variables: Secret::new(variables) }),
        }
    }

    /// The variables that come with it, for who makes a token.
    pub fn variables(&self, reveal: &Reveal) -> &BTreeMap<String, String> {
        self.variables.reveal(reveal)
    }
}

/// `--name value` and `--name=value`, of which the last one counts.
fn aws(options: &[String]) -> Result<Account, String> {
    let mut values: BTreeMap<&str, String> = BTreeMap::new();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option.as_str(), None),
        };
        if !["--cluster-name", "--role-arn", "--profile"].contains(&name) {
            return Err(format!(
                "`{PROGRAM} aws` takes `--cluster-name`, `--role-arn` and `--profile`, and no {name:?}"
            ));
        }
        let value = value.or_else(|| options.next().cloned());
        values.insert(name, value.ok_or_else(|| format!("`{PROGRAM} aws`: `{name}` needs a value"))?);
    }
    let mut said = |name| values.remove(name).filter(|value| !value.is_empty());
    let cluster = said("--cluster-name").unwrap_or_default();
    Ok(Account::Aws { cluster, role: said("--role-arn"), profile: said("--profile") })
}
