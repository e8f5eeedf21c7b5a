//! Jobs: pods up to the wanted completions, then the end, and deletion where a time to live is set.
//!
//! Failed pods are not tried again: one failure ends the Job, whatever its `backoffLimit` is, so that a failure shows
//! at once rather than after the minutes of the real controller.

use gitops_core::{Timestamp, Value};
use serde_json::{Map, json};

use super::conditions::{Condition, find};
use super::work::{MAX_PODS, Work, number};
use crate::failure::Failure;
use crate::server::text;
use crate::store::Stored;

/// How a Job ended.
struct End {
    /// The conditions that say so, the last one being the one that ends the Job.
    kinds: [&'static str; 2],
    reason: &'static str,
    message: &'static str,
}

const COMPLETE: End = End {
    kinds: ["SuccessCriteriaMet", "Complete"],
    reason: "CompletionsReached",
    message: "Reached expected number of succeeded pods",
};
const FAILED: End = End {
    kinds: ["FailureTarget", "Failed"],
    reason: "BackoffLimitExceeded",
    message: "Job has reached the specified backoff limit",
};
const LATE: End = End {
    kinds: ["FailureTarget", "Failed"],
    reason: "DeadlineExceeded",
    message: "Job was active longer than specified deadline",
};

pub(super) fn step(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() {
        return Ok(());
    }
    if let Some(ended) = ["Complete", "Failed"].iter().find_map(|kind| find(work.object, kind)) {
        return expire(work, ended);
    }
    let pods = work.owned("Pod")?;
    if work.object.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
        return suspend(work, &pods);
    }
    let in_phase = |phase: &str| pods.iter().filter(|pod| text(&pod.body, "/status/phase") == phase).count() as i64;
    let (succeeded, failed) = (in_phase("Succeeded"), in_phase("Failed"));
    let active = pods.len() as i64 - succeeded - failed;
    let parallelism = work.number("/spec/parallelism", 1);
    let completions = work.object.pointer("/spec/completions").and_then(Value::as_i64);
    // Without a number of completions, the first success says that the work is done.
    let complete = completions.map_or(succeeded > 0 && active == 0, |wanted| succeeded >= wanted.min(MAX_PODS));
    let late = deadline(work).is_some_and(|deadline| work.server.moment() >= deadline);
    let end = match () {
        () if failed > 0 => Some(&FAILED),
        () if complete => Some(&COMPLETE),
        () if late => Some(&LATE),
        () => None,
    };
    if let Some(end) = end {
        let running = pods.iter().filter(|pod| !matches!(text(&pod.body, "/status/phase"), "Succeeded" | "Failed"));
        for pod in running {
            work.server.delete_stored(pod)?;
        }
        return finish(work, end, (succeeded, failed), completions);
    }
    let left = completions.map_or(parallelism, |wanted| wanted.min(MAX_PODS) - succeeded);
    let wanted = if completions.is_none() && succeeded > 0 { 0 } else { left.min(parallelism).min(MAX_PODS) };
    for _ in active..wanted {
        work.create(work.pod("", &[]), true)?;
    }
    let ready = pods.iter().filter(|pod| super::work::is_ready(&pod.body)).count();
    let mut status = counts(work, succeeded, failed);
    status.insert("active".to_owned(), Value::from(active.max(wanted)));
    status.insert("ready".to_owned(), Value::from(ready));
    work.report(Value::Object(status))?;
    match deadline(work) {
        Some(deadline) => work.server.session.due_by(work.stored.id, deadline.max(work.server.moment() + 1)),
        None => Ok(()),
    }
}

/// The moment at which the Job has run for too long.
fn deadline(work: &Work<'_>) -> Option<i64> {
    let seconds = work.object.pointer("/spec/activeDeadlineSeconds").and_then(Value::as_i64)?;
    let started: Timestamp = work.text("/status/startTime").parse().ok()?;
    Some(started.as_millisecond().saturating_add(seconds.saturating_mul(1_000)))
}

fn counts(work: &Work<'_>, succeeded: i64, failed: i64) -> Map<String, Value> {
    let started = work.text("/status/startTime");
    let started = if started.is_empty() { work.now() } else { started.to_owned() };
    let mut status = Map::from_iter([
        ("startTime".to_owned(), Value::from(started)),
        ("terminating".to_owned(), Value::from(0)),
        ("uncountedTerminatedPods".to_owned(), json!({})),
    ]);
    for (field, count) in [("succeeded", succeeded), ("failed", failed)] {
        if count > 0 {
            status.insert(field.to_owned(), Value::from(count));
        }
    }
    status
}

fn finish(
    work: &Work<'_>,
    end: &End,
    (succeeded, failed): (i64, i64),
    completions: Option<i64>,
) -> Result<(), Failure> {
    let now = work.now();
    let succeeded = match completions {
        Some(wanted) if end.kinds == COMPLETE.kinds => wanted,
        _ => succeeded,
    };
    let mut status = counts(work, succeeded, failed);
    status.insert("ready".to_owned(), Value::from(0));
    let condition = |kind: &&str| {
        Condition::new(kind, true, end.reason, end.message).write(work.object, &now, Some("lastProbeTime"))
    };
    status.insert("conditions".to_owned(), end.kinds.iter().map(condition).collect());
    if end.kinds == COMPLETE.kinds {
        status.insert("completionTime".to_owned(), Value::from(now.as_str()));
    }
    work.report(Value::Object(status))
}

fn suspend(work: &Work<'_>, pods: &[Stored]) -> Result<(), Failure> {
    for pod in pods.iter().filter(|pod| number(&pod.body, "/metadata/generation", 1) > 0) {
        work.server.delete_stored(pod)?;
    }
    let suspended = Condition::new("Suspended", true, "JobSuspended", "Job suspended");
    let suspended = suspended.write(work.object, &work.now(), Some("lastProbeTime"));
    work.report(json!({"active": 0, "ready": 0, "terminating": 0, "conditions": [suspended]}))
}

/// Deletes a Job that ended when its time to live is over.
fn expire(work: &Work<'_>, ended: &Value) -> Result<(), Failure> {
    let Some(seconds) = work.object.pointer("/spec/ttlSecondsAfterFinished").and_then(Value::as_i64) else {
        return Ok(());
    };
    let Ok(moment) = text(ended, "/lastTransitionTime").parse::<Timestamp>() else { return Ok(()) };
    let over = moment.as_millisecond().saturating_add(seconds.saturating_mul(1_000));
    if work.server.moment() >= over {
        return work.server.delete_stored(work.stored);
    }
    work.server.session.due_by(work.stored.id, over)
}
