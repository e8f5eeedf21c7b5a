//! Traces: what the operator does, as spans for a collector of OpenTelemetry (OTLP, protobuf over HTTP).
//!
//! Only spans of the operator's own library are sent. They name Applications, projects and repositories, and hold no content.

use std::collections::HashMap;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::arguments::TraceArguments;
use crate::failure::Failure;

/// What this program is called, where `OTEL_SERVICE_NAME` says nothing else.
const SERVICE: &str = "gitops-controller";
/// Where collectors take traces.
const PATH: &str = "/v1/traces";
/// What says of itself that traces are wanted.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// Spans on their way to a collector.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send, where that is asked for by arguments or the environment. Spans are sent from a thread of their own, and
    /// dropped where the collector does not keep up.
    pub(crate) fn begin(
        arguments: &TraceArguments,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Failure> {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let address = arguments.otlp_address.as_deref().filter(|address| !address.is_empty());
        if is_off || address.is_none() && !ENDPOINTS.into_iter().any(is_set) {
            return Ok(None);
        }
        let mut exporter = SpanExporter::builder().with_http();
        if let Some(address) = address {
            exporter = exporter.with_endpoint(endpoint(address, arguments.otlp_insecure));
        }
        let headers: HashMap<_, _> = pairs(&arguments.otlp_headers, '=', "KEY=VALUE")?.into_iter().collect();
        if !headers.is_empty() {
            exporter = exporter.with_headers(headers);
        }
        let mut resource = Resource::builder();
        if !is_set("OTEL_SERVICE_NAME") {
            resource = resource.with_service_name(SERVICE);
        }
        let attributes = pairs(&arguments.otlp_attrs, ':', "KEY:VALUE")?;
        let resource = resource.with_attributes(attributes.into_iter().map(|(key, value)| KeyValue::new(key, value)));
        let exporter = exporter.build().map_err(Failure::Traces)?;
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer(SERVICE)).with_location(false);
        let own = Targets::new().with_target("gitops_controller", Level::INFO);
        let layer = layer.with_threads(false).with_tracked_inactivity(false).with_filter(own);
        // Nobody else sets one in this program.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
        Ok(Some(Self(provider)))
    }

    /// Sends what is left. A collector that does not answer is not waited for beyond the exporter's own time.
    pub(crate) fn end(self) {
        let _ = self.0.shutdown();
    }
}

/// Where to send to: a URL as it is, or a host and port.
fn endpoint(address: &str, insecure: bool) -> String {
    let scheme = if insecure { "http" } else { "https" };
    let (scheme, rest) = address.split_once("://").unwrap_or((scheme, address));
    let path = if rest.trim_end_matches('/').contains('/') { "" } else { PATH };
    format!("{scheme}://{}{path}", rest.trim_end_matches('/'))
}

fn pairs(all: &[String], between: char, form: &'static str) -> Result<Vec<(String, String)>, Failure> {
    let pair = |text: &String| {
        let (key, value) = text.split_once(between).ok_or_else(|| {
            // The value may be a secret.
            Failure::Pair(text.chars().take(4).chain(['…']).collect(), form)
        })?;
        Ok((key.trim().to_owned(), value.trim().to_owned()))
    };
    all.iter().filter(|text| !text.is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_argo_cd_s_or_urls() {
        assert_eq!(endpoint("collector:4318", true), "http://collector:4318/v1/traces");
        assert_eq!(endpoint("collector:4318", false), "https://collector:4318/v1/traces");
        assert_eq!(endpoint("https://a.example/", true), "https://a.example/v1/traces");
        assert_eq!(endpoint("https://a.example/otlp/v1/traces", true), "https://a.example/otlp/v1/traces");
    }
}
