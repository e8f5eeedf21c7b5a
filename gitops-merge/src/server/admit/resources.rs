//! Rules of the resources that a container asks for.

use gitops_core::quantity::Quantity;
use serde_json::Value;

use super::super::error::Cause;

pub(super) fn validate(container: &Value, path: &str, causes: &mut Vec<Cause>) {
    let part = |name: &str| container.get("resources")?.get(name)?.as_object();
    let limits = part("limits");
    for (name, asked) in part("requests").into_iter().flatten() {
        let may_overcommit = may_overcommit(name);
        let Some(limit) = limits.and_then(|limits| limits.get(name)) else {
            if !may_overcommit {
                let detail = "Limit must be set for non overcommitable resources";
                causes.push(Cause::required(format!("{path}.resources.limits"), detail));
            }
            continue;
        };
        let (Some(amount), Some(most)) = (quantity(asked), quantity(limit)) else { continue };
        let rule = if !may_overcommit && amount != most {
            "equal to"
        } else if amount > most {
            "less than or equal to"
        } else {
            continue;
        };
        let detail = format!("must be {rule} {name} limit of {most}");
        let shown = Value::from(amount.to_string());
        causes.push(Cause::invalid(format!("{path}.resources.requests"), &shown, &detail));
    }
}

/// Whether a node may promise more of a resource than it has: what is Kubernetes' own, but for huge pages.
fn may_overcommit(name: &str) -> bool {
    (!name.contains('/') || name.contains("kubernetes.io/")) && !name.starts_with("hugepages-")
}

fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}
