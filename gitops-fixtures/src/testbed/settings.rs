//! The arguments and files of the programs.

use std::path::{Path, PathBuf};
use std::{fs, io};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gitops_core::Digest;

use super::Ports;
use super::guard::private_file;

/// What kwok does with Pods.
pub(super) const STAGES: &str = include_str!("../../../testbed/stages.yaml");

/// Two nodes for kwok.
pub(super) const NODES: &str = r#"
{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-0", "annotations": {"kwok.x-k8s.io/node": "fake"}},
   "status": {"allocatable": {"cpu": "1000", "memory": "1Ti", "pods": "10000"}, "capacity": {"cpu": "1000", "memory": "1Ti", "pods": "10000"}}},
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "annotations": {"kwok.x-k8s.io/node": "fake"}},
   "status": {"allocatable": {"cpu": "1000", "memory": "1Ti", "pods": "10000"}, "capacity": {"cpu": "1000", "memory": "1Ti", "pods": "10000"}}}
]}"#;

const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Request
  resources: [{group: coordination.k8s.io, resources: [leases]}]
- level: Metadata
";

/// Writes what the API server reads: its tokens, the key of service accounts, what it is to note of calls.
pub(super) fn write(folder: &Path) -> io::Result<()> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(io::Error::other)?;
    let der = key.to_pkcs8v1().map_err(io::Error::other)?;
    let public = AsDer::<PublicKeyX509Der<'static>>::as_der(key.public_key()).map_err(io::Error::other)?;
    private_file(&folder.join("service-accounts.key"), &pem("PRIVATE KEY", der.as_ref()))?;
    private_file(&folder.join("service-accounts.pub"), &pem("PUBLIC KEY", public.as_ref()))?;
    // Nobody else can guess it, and it opens nothing but this control plane.
    let token = Digest::of(der.as_ref()).as_str().replace(':', "-");
    private_file(&folder.join("token"), &token)?;
    private_file(&folder.join("tokens.csv"), &format!("{token},admin,admin,system:masters\n"))?;
    fs::write(folder.join("audit-policy.yaml"), AUDIT_POLICY)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    // Lines of 64 characters, as every reader takes them.
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The certificate that the API server makes for itself.
pub(super) fn certificate(folder: &Path) -> PathBuf {
    folder.join("certificates/apiserver.crt")
}

pub(super) fn audit_log(folder: &Path) -> PathBuf {
    folder.join("audit.jsonl")
}

pub(super) fn write_kubeconfig(folder: &Path, port: u16) -> io::Result<()> {
    let authority = BASE64.encode(fs::read(certificate(folder))?);
    let cluster = format!("{{server: \"https://127.0.0.1:{port}\", certificate-authority-data: {authority}}}");
    private_file(&folder.join("kubeconfig"), &kubeconfig(folder, &cluster)?)
}

/// One without TLS, for what stands between.
pub(super) fn write_plain_kubeconfig(folder: &Path, port: u16, file: &Path) -> io::Result<()> {
    private_file(file, &kubeconfig(folder, &format!("{{server: \"http://127.0.0.1:{port}\"}}"))?)
}

fn kubeconfig(folder: &Path, cluster: &str) -> io::Result<String> {
    let token = fs::read_to_string(folder.join("token"))?;
    Ok(format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: testbed\nclusters: [{{name: testbed, cluster: {cluster}}}]\n\
         users: [{{name: admin, user: {{token: \"{token}\"}}}}]\n\
         contexts: [{{name: testbed, context: {{cluster: testbed, user: admin}}}}]\n"
    ))
}

pub(super) fn etcd(folder: &Path, ports: Ports) -> Vec<String> {
    let (client, peer) = (format!("http://127.0.0.1:{}", ports.etcd), format!("http://127.0.0.1:{}", ports.peer));
    flags(&[
        ("data-dir", &folder.join("etcd").display().to_string()),
        ("listen-client-urls", &client),
        ("advertise-client-urls", &client),
        ("listen-peer-urls", &peer),
        ("initial-advertise-peer-urls", &peer),
        ("initial-cluster", &format!("default={peer}")),
        ("unsafe-no-fsync", "true"),
        ("log-level", "warn"),
    ])
}

pub(super) fn api_server(folder: &Path, ports: Ports) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    flags(&[
        ("etcd-servers", &format!("http://127.0.0.1:{}", ports.etcd)),
        ("bind-address", "127.0.0.1"),
        ("advertise-address", "127.0.0.1"),
        ("secure-port", &ports.api.to_string()),
        ("endpoint-reconciler-type", "none"),
        ("cert-dir", &file("certificates")),
        ("token-auth-file", &file("tokens.csv")),
        ("authorization-mode", "RBAC"),
        ("service-cluster-ip-range", "10.96.0.0/16"),
        ("service-account-issuer", "https://kubernetes.default.svc"),
        ("service-account-key-file", &file("service-accounts.pub")),
        ("service-account-signing-key-file", &file("service-accounts.key")),
        ("allow-privileged", "true"),
        ("audit-policy-file", &file("audit-policy.yaml")),
        ("audit-log-path", &audit_log(folder).display().to_string()),
        ("audit-log-maxsize", "2000"),
        // A policy of the cluster that changes what is written, as a webhook does, without a server for it.
        ("feature-gates", "MutatingAdmissionPolicy=true"),
        ("runtime-config", "admissionregistration.k8s.io/v1beta1=true"),
    ])
}

pub(super) fn controller_manager(folder: &Path, kubeconfig: &str) -> Vec<String> {
    flags(&[
        ("kubeconfig", kubeconfig),
        ("use-service-account-credentials", "true"),
        ("leader-elect", "false"),
        ("secure-port", "0"),
        ("service-account-private-key-file", &folder.join("service-accounts.key").display().to_string()),
        ("root-ca-file", &certificate(folder).display().to_string()),
        ("kube-api-qps", "500"),
        ("kube-api-burst", "1000"),
    ])
}

pub(super) fn scheduler(kubeconfig: &str) -> Vec<String> {
    flags(&[
        ("kubeconfig", kubeconfig),
        ("leader-elect", "false"),
        ("secure-port", "0"),
        ("kube-api-qps", "500"),
        ("kube-api-burst", "1000"),
    ])
}

pub(super) fn kwok(kubeconfig: &str, stages: &Path) -> Vec<String> {
    flags(&[
        ("kubeconfig", kubeconfig),
        ("manage-all-nodes", "true"),
        ("node-lease-duration-seconds", "40"),
        ("config", &stages.display().to_string()),
    ])
}

fn flags(flags: &[(&str, &str)]) -> Vec<String> {
    flags.iter().map(|(name, value)| format!("--{name}={value}")).collect()
}
