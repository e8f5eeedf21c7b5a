//! Flux: what is ready, reconciling and stored, counted together.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Progressing, Suspended};
use super::super::fields::conditions;
use super::has;

/// How a kind's conditions count.
struct Counts {
    /// What of Ready counts as on its way.
    pending: &'static str,
    /// The reasons of Reconciling that count; any where there is none.
    reasons: &'static [&'static str],
    /// Conditions that count as a success beside Ready.
    successes: &'static [&'static str],
    needed: usize,
    /// Two that are on their way are a failure.
    strict: bool,
}

const SOURCE: Counts =
    Counts { pending: "Unknown", reasons: &[], successes: &["ArtifactInStorage"], needed: 2, strict: false };
const PLAIN: Counts = Counts { pending: "Unknown", reasons: &[], successes: &[], needed: 1, strict: false };

fn counts(object: &Object) -> Option<Counts> {
    Some(match (object.group().split('.').next().unwrap_or_default(), object.kind()) {
        ("source", "Bucket" | "GitRepository" | "HelmChart" | "HelmRepository" | "OCIRepository") => SOURCE,
        ("helm", "HelmRelease") => Counts { successes: &["Released", "TestSuccess"], needed: 2, ..PLAIN },
        ("kustomize", "Kustomization") | ("image", "ImageUpdateAutomation") => PLAIN,
        ("image", "ImagePolicy") => {
            Counts { pending: "False", reasons: &["NewGeneration", "AccessingRepository", "ApplyingPolicy"], ..PLAIN }
        }
        ("image", "ImageRepository") => Counts { pending: "False", reasons: &["NewGeneration", "Scanning"], ..PLAIN },
        ("notification", "Receiver") => Counts { pending: "False", strict: true, ..PLAIN },
        _ => return None,
    })
}

pub(super) fn health(object: &Object) -> Option<Health> {
    let counts = counts(object)?;
    let suspended = object.get(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true);
    if suspended && object.kind() != "ImagePolicy" {
        return Some(Health::new(Suspended, format!("{} is suspended", object.kind())));
    }
    if object.kind() == "HelmRepository" && object.text(&["spec", "type"]) == Some("oci") {
        let message = "Helm repositories of type 'oci' do not contain any information in the status.";
        return Some(Health::new(Healthy, message));
    }
    if !has(object, &["status", "conditions"]) {
        return Some(Health::new(Progressing, "Status unknown"));
    }
    let (mut pending, mut succeeded, mut message) = (0, 0, String::new());
    for condition in conditions(object) {
        match condition.kind {
            "Ready" => {
                succeeded += usize::from(condition.is_true());
                pending += usize::from(condition.status == counts.pending);
                message = condition.reason.into();
            }
            "Reconciling" if condition.is_true() => {
                let counted = counts.reasons.is_empty() || counts.reasons.contains(&condition.reason);
                pending += usize::from(counted);
            }
            "ArtifactOutdated" if condition.is_true() && counts.successes == SOURCE.successes => {
                message = format!("{message} {}", condition.reason);
            }
            kind if condition.is_true() && counts.successes.contains(&kind) => succeeded += 1,
            _ => {}
        }
    }
    let status = match (pending == 2, succeeded == counts.needed) {
        (true, _) if counts.strict => Degraded,
        (true, _) => Progressing,
        (false, true) => Healthy,
        (false, false) => Degraded,
    };
    Some(Health::new(status, message))
}
