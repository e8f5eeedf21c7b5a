//! Rules of the probes of a container.

use serde_json::Value;

use super::super::error::Cause;

/// What a probe does, in the order in which it is looked at.
const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];

pub(super) fn validate(container: &Value, path: &str, causes: &mut Vec<Cause>) {
    for (name, once) in [("livenessProbe", true), ("readinessProbe", false), ("startupProbe", true)] {
        let Some(probe) = container.get(name).filter(|probe| !probe.is_null()) else { continue };
        let path = format!("{path}.{name}");
        let mut handlers = HANDLERS.iter().filter(|handler| probe.get(**handler).is_some_and(|held| !held.is_null()));
        if handlers.next().is_none() {
            causes.push(Cause::required(path.as_str(), "must specify a handler type"));
        }
        for another in handlers {
            causes.push(Cause::forbidden(format!("{path}.{another}"), "may not specify more than 1 handler type"));
        }
        let successes = probe.get("successThreshold").unwrap_or(&Value::Null);
        if once && successes != 1 {
            causes.push(Cause::invalid(format!("{path}.successThreshold"), successes, "must be 1"));
        }
    }
}
