//! Custom kinds whose health needs more than a decision list: a file a family.

mod cluster_api;
mod data;
mod flux;
mod gateway;
mod kubeflow;
mod operators;
mod policy;
mod promoter;
mod rollout;
mod routes;
mod spark;

use gitops_core::{Object, Value};

use super::Health;

pub(super) use self::promoter::deletion;

/// The health of a kind that has code of its own.
pub(super) fn health(object: &Object) -> Option<Health> {
    let group = object.group();
    Some(match (group, object.kind()) {
        ("argoproj.io", "Rollout") => rollout::health(object),
        ("ceph.rook.io", "CephCluster") => data::ceph_cluster(object),
        ("elasticsearch.k8s.elastic.co", "Elasticsearch") => data::elasticsearch(object),
        ("cluster.x-k8s.io", "MachinePool") => cluster_api::machine_pool(object),
        ("controlplane.cluster.x-k8s.io", "AWSManagedControlPlane") => cluster_api::aws_control_plane(object),
        ("core.spinkube.dev", "SpinApp") => operators::spin_app(object),
        ("flagger.app", "Canary") => rollout::canary(object),
        ("gateway.networking.k8s.io", "Gateway") => gateway::gateway(object),
        ("gateway.networking.k8s.io", "ListenerSet") => gateway::listener_set(object),
        ("gateway.networking.k8s.io", "HTTPRoute" | "GRPCRoute") => routes::route(object),
        ("gateway.networking.k8s.io", "TLSRoute") => routes::tls_route(object),
        ("gateway.networking.k8s.io", "BackendTLSPolicy") => routes::backend_tls_policy(object),
        ("microgateway.airlock.com", _) => routes::airlock_policy(object),
        (
            "gateway.envoyproxy.io",
            "BackendTrafficPolicy"
            | "ClientTrafficPolicy"
            | "EnvoyExtensionPolicy"
            | "EnvoyPatchPolicy"
            | "SecurityPolicy",
        ) => routes::envoy_policy(object),
        ("grafana.integreatly.org", "GrafanaDashboard" | "GrafanaFolder") => operators::grafana(object),
        ("k8s.keycloak.org", "Keycloak") => operators::keycloak(object),
        ("opentelemetry.io", "OpenTelemetryCollector") => operators::collector(object),
        ("operators.coreos.com", "Subscription") => operators::subscription(object),
        ("route.openshift.io", "Route") => routes::openshift_route(object),
        ("operator.knative.dev", "KnativeEventing" | "KnativeServing") => kubeflow::knative(object),
        ("serving.knative.dev", "Service") => kubeflow::knative_service(object),
        ("serving.kserve.io", "InferenceService") => kubeflow::inference_service(object),
        ("serving.kserve.io", "LLMInferenceService") => kubeflow::llm_inference_service(object),
        ("policy.open-cluster-management.io", "ConfigurationPolicy") => policy::configuration(object),
        ("policy.open-cluster-management.io", "Policy") => policy::policy(object),
        ("sparkoperator.k8s.io", "SparkApplication") => spark::health(object),
        ("promoter.argoproj.io", _) => return promoter::health(object),
        _ if group.ends_with(".toolkit.fluxcd.io") => return flux::health(object),
        _ => return None,
    })
}

/// A text field of a value.
fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// The items under a field of a value.
fn items<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// The conditions as they are written.
fn raw_conditions(object: &Object) -> impl Iterator<Item = &Value> {
    super::fields::list(object, &["status", "conditions"])
}

/// Whether a status has a field of any value but null.
fn has(object: &Object, path: &[&str]) -> bool {
    object.get(path).is_some_and(|value| !value.is_null())
}

/// The object's generation where it has one.
fn generation(object: &Object) -> Option<i64> {
    super::fields::integer_at(object, &["metadata", "generation"])
}
