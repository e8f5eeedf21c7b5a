//! Gateway API's routes and policies, and OpenShift's routes: what each parent or ancestor says.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Progressing};
use super::super::fields::list;
use super::gateway::{failed, unprogrammed};
use super::{generation, has, items, text};

/// `HTTPRoute` and `GRPCRoute`: parents whose conditions are of an older generation do not count.
pub(super) fn route(object: &Object) -> Health {
    let kind = object.kind();
    let fresh = |parent: &Value| observed(object, parent);
    for parent in list(object, &["status", "parents"]).filter(|parent| fresh(parent)) {
        let name = reference(parent, "parentRef");
        for wanted in ["ResolvedRefs", "Accepted"] {
            if let Some(message) = failed(parent, wanted) {
                return Health::new(Degraded, format!("Parent {name}: {message}"));
            }
        }
        if let Some(message) = unprogrammed(parent, "Route") {
            return Health::new(Progressing, format!("Parent {name}: {message}"));
        }
    }
    let mut parents = list(object, &["status", "parents"]);
    match parents.any(|parent| items(parent, "conditions").next().is_some() && fresh(parent)) {
        true => Health::new(Healthy, format!("{kind} is healthy")),
        false => Health::new(Progressing, format!("Waiting for {kind} status")),
    }
}

/// Whether every condition is of the object's generation; one that doesn't say is.
fn observed(object: &Object, part: &Value) -> bool {
    let Some(generation) = generation(object) else { return true };
    let mut conditions = items(part, "conditions").peekable();
    conditions.peek().is_some()
        && conditions.all(|one| one.get("observedGeneration").and_then(Value::as_i64).is_none_or(|it| it == generation))
}

fn reference<'a>(part: &'a Value, field: &str) -> &'a str {
    part.get(field).and_then(|reference| text(reference, "name")).unwrap_or_default()
}

fn named<'a>(part: &'a Value, kind: &str) -> Option<&'a Value> {
    items(part, "conditions").find(|condition| text(condition, "type") == Some(kind))
}

/// `TLSRoute`: a parent that accepted it and resolved its references makes it healthy.
pub(super) fn tls_route(object: &Object) -> Health {
    let (mut healthy, mut unready, mut waiting) = (false, None, None);
    for parent in list(object, &["status", "parents"]) {
        if items(parent, "conditions").next().is_none() || !observed(object, parent) {
            continue;
        }
        let name = reference(parent, "parentRef");
        for kind in ["ResolvedRefs", "Accepted"] {
            if let Some(condition) = named(parent, kind).filter(|one| text(one, "status") == Some("False")) {
                let own = text(condition, "message").filter(|message| !message.is_empty());
                let message = own.map_or_else(|| format!("Failed condition: {kind}"), str::to_owned);
                return Health::new(Degraded, format!("Parent {name}: {message}"));
            }
        }
        let holds = |kind| named(parent, kind).is_some_and(|one| text(one, "status") == Some("True"));
        if let Some(message) = unprogrammed(parent, "Route") {
            unready.get_or_insert(format!("Parent {name}: {message}"));
        } else if holds("Accepted") && holds("ResolvedRefs") {
            healthy = true;
        } else {
            waiting.get_or_insert(format!("Parent {name}: Waiting for TLSRoute conditions"));
        }
    }
    match (unready, healthy) {
        (Some(message), _) => Health::new(Progressing, message),
        (None, true) => Health::new(Healthy, "TLSRoute is healthy"),
        (None, false) => Health::new(Progressing, waiting.unwrap_or_else(|| "Waiting for TLSRoute status".to_owned())),
    }
}

/// Envoy Gateway's policies: no ancestor of this generation refuses, and one speaks.
pub(super) fn envoy_policy(object: &Object) -> Health {
    let kind = object.kind();
    let fresh = || list(object, &["status", "ancestors"]).filter(|ancestor| observed(object, ancestor));
    for ancestor in fresh() {
        let mut refusals = items(ancestor, "conditions")
            .filter(|one| text(one, "type") == Some("Accepted") && text(one, "status") == Some("False"));
        if let Some(refusal) = refusals.next() {
            return Health::new(Degraded, text(refusal, "message").unwrap_or_default());
        }
    }
    match fresh().any(|ancestor| items(ancestor, "conditions").next().is_some()) {
        true => Health::new(Healthy, format!("{kind} is healthy")),
        false => Health::new(Progressing, format!("Waiting for {kind} status")),
    }
}

pub(super) fn backend_tls_policy(object: &Object) -> Health {
    ancestors(object, |observed, wanted| observed.is_some_and(|observed| observed != wanted), false)
}

/// Airlock's microgateway: policies by their ancestors, everything else is healthy.
pub(super) fn airlock_policy(object: &Object) -> Health {
    match object.kind().ends_with("Policy") {
        true => ancestors(object, |observed, wanted| observed != Some(wanted), true),
        false => Health::new(Healthy, format!("{} is healthy", object.kind())),
    }
}

/// `strict` needs every ancestor to have accepted.
fn ancestors(object: &Object, stale: impl Fn(Option<i64>, i64) -> bool, strict: bool) -> Health {
    let kind = object.kind();
    let all = || list(object, &["status", "ancestors"]);
    if let Some(wanted) = generation(object) {
        for ancestor in all() {
            let mut conditions = items(ancestor, "conditions");
            if conditions.any(|one| stale(one.get("observedGeneration").and_then(Value::as_i64), wanted)) {
                let name = reference(ancestor, "ancestorRef");
                return Health::new(Progressing, format!("Waiting for Ancestor {name} to update {kind} status"));
            }
        }
    }
    let mut found = Health::new(Progressing, format!("Waiting for {kind} status"));
    for ancestor in all() {
        let name = reference(ancestor, "ancestorRef");
        let mut answered = false;
        for condition in items(ancestor, "conditions") {
            let holds = text(condition, "status") == Some("True");
            let asked = text(condition, "type");
            if matches!(asked, Some("Accepted" | "ResolvedRefs")) && !holds {
                let message = text(condition, "message").unwrap_or_default();
                return Health::new(Degraded, format!("Ancestor {name}: {message}"));
            }
            if asked == Some("Accepted") {
                answered = true;
                found = Health::new(Healthy, format!("{kind} is healthy"));
            }
        }
        if strict && !answered {
            found = Health::new(Degraded, format!("Ancestor {name}: {kind} is not accepted"));
        }
    }
    found
}

/// OpenShift's route: every router has admitted it.
pub(super) fn openshift_route(object: &Object) -> Health {
    if !has(object, &["status", "ingress"]) {
        return Health::new(Progressing, "Route is still getting admitted");
    }
    let (mut rules, mut admitted, mut refused) = (0, 0, 0);
    for rule in list(object, &["status", "ingress"]) {
        rules += 1;
        for condition in items(rule, "conditions").filter(|one| text(one, "type") == Some("Admitted")) {
            admitted += usize::from(text(condition, "status") == Some("True"));
            refused += usize::from(text(condition, "status") == Some("False"));
        }
    }
    if admitted == rules {
        Health::new(Healthy, "Route is healthy")
    } else if refused > 0 {
        Health::new(Degraded, "Route is degraded")
    } else {
        Health::new(Progressing, "Route is still getting admitted")
    }
}
