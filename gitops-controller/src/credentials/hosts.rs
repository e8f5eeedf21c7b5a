//! Which servers are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use gitops_core::{Object, Value};

use super::address;

/// The ConfigMap of known hosts of ssh.
pub(super) const SSH: &str = "argocd-ssh-known-hosts-cm";
/// The key of the known hosts in it.
pub(super) const KNOWN_HOSTS: &str = "ssh_known_hosts";
/// The ConfigMap of certificates, by hosts.
pub(super) const TLS: &str = "argocd-tls-certs-cm";

/// How servers prove who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hosts {
    pub(super) known: Arc<str>,
    certificates: BTreeMap<String, String>,
}

impl Hosts {
    pub(super) fn of<'a>(objects: impl Iterator<Item = &'a Object>) -> Self {
        let mut hosts = Self::default();
        for object in objects.filter(|object| object.kind() == "ConfigMap") {
            let data = object.get(&["data"]).and_then(Value::as_object);
            let texts = data.into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_str()?)));
            match object.name() {
                SSH => {
                    let known = texts.filter(|(key, _)| key.as_str() == KNOWN_HOSTS).map(|(_, text)| text);
                    hosts.known = known.collect::<String>().into();
                }
                TLS => hosts.certificates = texts.map(|(key, text)| (key.to_lowercase(), text.to_owned())).collect(),
                _ => {}
            }
        }
        hosts
    }

    /// The certificates by which the server of an address may be certified beside the machine's.
    pub(super) fn authorities(&self, address: &str) -> Vec<u8> {
        self.certificates.get(&address::host(address)).map(|text| text.clone().into_bytes()).unwrap_or_default()
    }
}
