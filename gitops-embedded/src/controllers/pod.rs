//! Pods: scheduled, then running and ready; those that are to end, end.

use gitops_core::Value;
use serde_json::json;

use super::conditions::Condition;
use super::work::{Fate, Work, fate};
use crate::failure::Failure;
use crate::server::{NODE, text};

const MANAGER: &str = "kubelet";
const ADDRESS: &str = "172.18.0.2";

pub(super) fn step(work: &Work<'_>) -> Result<(), Failure> {
    if work.is_deleting() || matches!(work.text("/status/phase"), "Succeeded" | "Failed") {
        return Ok(());
    }
    if work.text("/spec/nodeName").is_empty() {
        return schedule(work);
    }
    let fate = fate_of(work)?;
    let ends = work.text("/spec/restartPolicy") != "Always";
    match (work.text("/status/phase"), fate) {
        (_, Fate::Hang) => Ok(()),
        (_, Fate::Fail) if ends => report(work, "Failed", &ended(1, &work.now()), false),
        (_, Fate::Fail) => report(work, "Running", &waiting("CrashLoopBackOff"), false),
        ("Running", Fate::Ready) if ends => report(work, "Succeeded", &ended(0, &work.now()), false),
        (_, Fate::Ready) => report(work, "Running", &running(work), true),
    }
}

/// What the pod's own annotation asks for, or its owner's.
fn fate_of(work: &Work<'_>) -> Result<Fate, Failure> {
    if let Some(own) = fate(work.object) {
        return Ok(own);
    }
    let owner = work.text("/metadata/ownerReferences/0/uid");
    let owner = if owner.is_empty() { None } else { work.server.session.by_uid(owner)? };
    Ok(owner.and_then(|owner| fate(&owner.body)).unwrap_or(Fate::Ready))
}

fn schedule(work: &Work<'_>) -> Result<(), Failure> {
    let mut next = work.object.clone();
    if let Some(spec) = next.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("nodeName".to_owned(), Value::from(NODE));
    }
    if let Some(status) = next.get_mut("status").and_then(Value::as_object_mut) {
        let now = work.now();
        let held = Value::Null;
        status.insert("startTime".to_owned(), Value::from(now.as_str()));
        status.insert("hostIP".to_owned(), Value::from(ADDRESS));
        let conditions = [
            Condition::new("PodScheduled", true, "", "").write(&held, &now, None),
            Condition::new("Initialized", true, "", "").write(&held, &now, None),
            Condition::new("ContainersReady", false, "ContainersNotReady", "").write(&held, &now, None),
            Condition::new("Ready", false, "ContainersNotReady", "").write(&held, &now, None),
        ];
        status.insert("conditions".to_owned(), Value::from(conditions.to_vec()));
        let containers = containers(work, &waiting("ContainerCreating"), false);
        status.insert("containerStatuses".to_owned(), containers);
    }
    work.server.rewrite(work.stored, next)
}

fn report(work: &Work<'_>, phase: &str, state: &Value, ready: bool) -> Result<(), Failure> {
    let now = work.now();
    let mut status = work.object.get("status").cloned().unwrap_or_else(|| json!({}));
    let over = matches!(phase, "Succeeded" | "Failed");
    let reason = match phase {
        "Succeeded" => "PodCompleted",
        "Failed" => "PodFailed",
        _ if ready => "",
        _ => "ContainersNotReady",
    };
    let conditions: Vec<Value> = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
        .into_iter()
        .map(|kind| {
            let gates = matches!(kind, "ContainersReady" | "Ready");
            let reason = if gates { reason } else { "" };
            Condition::new(kind, !gates || ready, reason, "").write(work.object, &now, None)
        })
        .collect();
    if let Some(status) = status.as_object_mut() {
        status.insert("phase".to_owned(), Value::from(phase));
        status.insert("conditions".to_owned(), Value::Array(conditions));
        status.insert("containerStatuses".to_owned(), containers(work, state, ready));
        if !over {
            let address = address(work.text("/metadata/uid"));
            status.insert("podIP".to_owned(), Value::from(address.as_str()));
            status.insert("podIPs".to_owned(), json!([{"ip": address}]));
        }
    }
    work.report_as(status, MANAGER)
}

fn containers(work: &Work<'_>, state: &Value, ready: bool) -> Value {
    let containers = work.object.pointer("/spec/containers").and_then(Value::as_array);
    let restarts = i64::from(state.pointer("/waiting/reason").is_some_and(|reason| reason == "CrashLoopBackOff"));
    containers
        .into_iter()
        .flatten()
        .map(|container| {
            json!({
                "name": text(container, "/name"), "image": text(container, "/image"), "imageID": "",
                "ready": ready, "started": ready, "restartCount": restarts, "state": state,
            })
        })
        .collect()
}

fn waiting(reason: &str) -> Value {
    json!({"waiting": {"reason": reason}})
}

fn running(work: &Work<'_>) -> Value {
    let started = work.text("/status/containerStatuses/0/state/running/startedAt").to_owned();
    let started = if started.is_empty() { work.now() } else { started };
    json!({"running": {"startedAt": started}})
}

fn ended(code: i64, now: &str) -> Value {
    let reason = if code == 0 { "Completed" } else { "Error" };
    json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": now, "finishedAt": now}})
}

/// An address in 10.244.0.0/16 that follows from the uid.
fn address(uid: &str) -> String {
    let hash = uid.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("10.244.{}.{}", (hash >> 8) & 255, 1 + hash % 254)
}
