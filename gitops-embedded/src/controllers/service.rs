//! Load balancers and ingresses: an address, after a while.

use serde_json::json;

use super::work::{Fate, Work};
use crate::failure::Failure;

/// An address of the network that is kept for documents (RFC 5737), which follows from the uid.
fn address(uid: &str) -> String {
    let hash = uid.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("192.0.2.{}", 1 + hash % 254)
}

/// Services of the type `LoadBalancer` get an address, and lose it with their type.
pub(super) fn balance(work: &Work<'_>) -> Result<(), Failure> {
    let held = work.object.pointer("/status/loadBalancer/ingress").is_some();
    let wanted = work.text("/spec/type") == "LoadBalancer" && work.fate() == Fate::Ready;
    if work.is_deleting() || held == wanted {
        return Ok(());
    }
    let mut status = work.object.get("status").cloned().unwrap_or_else(|| json!({}));
    if let Some(status) = status.as_object_mut() {
        let balancer = if wanted {
            json!({"ingress": [{"ip": address(work.text("/metadata/uid")), "ipMode": "VIP"}]})
        } else {
            json!({})
        };
        status.insert("loadBalancer".to_owned(), balancer);
    }
    work.report(status)
}

/// Ingresses get an address.
pub(super) fn admit(work: &Work<'_>) -> Result<(), Failure> {
    let held = work.object.pointer("/status/loadBalancer/ingress").is_some();
    if work.is_deleting() || held || work.fate() != Fate::Ready {
        return Ok(());
    }
    work.report(json!({"loadBalancer": {"ingress": [{"ip": address(work.text("/metadata/uid"))}]}}))
}
