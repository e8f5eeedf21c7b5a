//! Spans of a look, as a collector gets them.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use gitops_fixtures::TestRepository;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

const CANARY: &str = "canary-of-a-secret";

/// A server that takes what is sent to it, with the address it is at.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.unwrap());
                loop {
                    let (mut head, mut length) = (String::new(), 0);
                    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
                    if head.is_empty() {
                        return;
                    }
                    for line in head.lines() {
                        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                            length = value.trim().parse().unwrap();
                        }
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    let _ = sender.send((head, body));
                    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
                }
            });
        }
    });
    (address, received)
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs an operator on the embedded cluster until spans of these names are there; all spans with the heads of their requests.
fn spans(
    argument: Option<&str>,
    variable: Option<(&str, String)>,
    received: &Receiver<(String, Vec<u8>)>,
) -> (Vec<String>, Vec<Span>) {
    let place = tempfile::tempdir().unwrap();
    let mut repository = TestRepository::new().unwrap();
    let secret = format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: {CANARY}\n");
    repository.commit([("app/secret.yaml", secret.as_str())]).unwrap();
    let application = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n  project: default\n  \
         source: {{repoURL: {}, path: app, targetRevision: HEAD}}\n  destination: {{server: https://kubernetes.default.svc, namespace: shop}}\n  \
         syncPolicy: {{automated: {{}}, syncOptions: [CreateNamespace=true]}}\n",
        repository.url()
    );
    std::fs::create_dir(place.path().join("apps")).unwrap();
    std::fs::write(place.path().join("apps/web.yaml"), application).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitops-controller"));
    command.env_clear().current_dir(place.path()).args(["--embedded", "apps"]).stdout(Stdio::null());
    command.env("OTEL_BSP_SCHEDULE_DELAY", "100");
    if let Some(address) = argument {
        command.args(["--otlp-address", address, "--otlp-headers", "x-tenant=shop", "--otlp-attrs", "site:here"]);
    }
    command.envs(variable);
    let _running = Running(command.spawn().unwrap());
    let (mut heads, mut spans, begun) = (Vec::new(), Vec::new(), Instant::now());
    // A look ends after its parts, and is sent after them.
    let is_whole = |spans: &[Span]| {
        let executions = spans.iter().filter(|span| span.name == "execute");
        let mut traces = executions.map(|span| &span.trace_id);
        traces.any(|trace| spans.iter().any(|span| span.name == "reconcile" && span.trace_id == *trace))
    };
    while begun.elapsed() < Duration::from_secs(60) && !is_whole(&spans) {
        let Ok((head, body)) = received.recv_timeout(Duration::from_millis(200)) else { continue };
        assert!(!String::from_utf8_lossy(&body).contains(CANARY), "a secret is in a trace");
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        heads.push(format!("{head}{:?}", request.resource_spans.first().map(|one| &one.resource)));
        let all = request.resource_spans.into_iter().flat_map(|one| one.scope_spans);
        spans.extend(all.flat_map(|one| one.spans));
    }
    (heads, spans)
}

#[test]
fn a_collector_sees_what_a_look_is_made_of_and_no_secret() {
    let (address, received) = collector();
    let (heads, spans) = spans(Some(&address), None, &received);
    assert!(heads[0].starts_with("POST /v1/traces ") && heads[0].contains("x-tenant: shop"), "{}", heads[0]);
    assert!(heads[0].contains("gitops-controller") && heads[0].contains("site"), "{}", heads[0]);
    let execution = spans.iter().find(|span| span.name == "execute").unwrap();
    let same = spans.iter().filter(|span| span.trace_id == execution.trace_id);
    let seen: BTreeSet<_> = same.map(|span| span.name.as_str()).collect();
    for name in ["resolve", "render", "observe", "diff", "plan", "execute"] {
        assert!(seen.contains(name), "{name} in {seen:?}");
    }
    let is_look = |span: &&Span| span.name == "reconcile" && span.trace_id == execution.trace_id;
    let look = spans.iter().find(is_look).unwrap();
    assert_eq!(execution.parent_span_id, look.span_id);
    let said = format!("{:?}", look.attributes);
    for word in ["argocd", "web", "default", "repository"] {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[test]
fn the_environment_of_opentelemetry_serves_too() {
    let (address, received) = collector();
    let variable = ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"));
    let (heads, spans) = spans(None, Some(variable), &received);
    assert!(heads.iter().all(|head| head.starts_with("POST /v1/traces ")), "{heads:?}");
    assert!(spans.iter().any(|span| span.name == "resolve"));
}
