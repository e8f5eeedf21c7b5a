//! Services: cluster addresses, families of addresses and node ports.
//!
//! A cluster has a pool of addresses and ports; here they follow from the Service's uid, so that no state is needed.
//! Everything else is as in kube-apiserver's `registry/core/service`, on a cluster with IPv4 alone.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

type Spec = Map<String, Value>;

pub(super) fn create(service: &mut Value, uid: &str) {
    if let Some(spec) = service.get_mut("spec").and_then(Value::as_object_mut) {
        if !text(spec, "clusterIP").is_empty() && list(spec, "clusterIPs").is_empty() {
            spec.insert("clusterIPs".to_owned(), json!([text(spec, "clusterIP")]));
        }
        allocate(spec, None, uid);
    }
}

pub(super) fn update(service: &mut Value, live: &Value, uid: &str) {
    let Some(spec) = service.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let Some(old) = live.get("spec").and_then(Value::as_object) else { return };
    keep_allocated(spec, old);
    normalize(spec, old);
    allocate(spec, Some(old), uid);
    drop_unused(spec, old);
    if text(spec, "type") != "LoadBalancer"
        && let Some(status) = service.get_mut("status").and_then(Value::as_object_mut)
    {
        status.insert("loadBalancer".to_owned(), json!({}));
    }
}

fn text<'a>(spec: &'a Spec, field: &str) -> &'a str {
    spec.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(spec: &'a Spec, field: &str) -> &'a [Value] {
    spec.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn needs_cluster_ip(spec: &Spec) -> bool {
    text(spec, "type") != "ExternalName"
}

fn needs_node_port(spec: &Spec) -> bool {
    match text(spec, "type") {
        "NodePort" => true,
        "LoadBalancer" => spec.get("allocateLoadBalancerNodePorts") != Some(&Value::Bool(false)),
        _ => false,
    }
}

fn needs_health_check_port(spec: &Spec) -> bool {
    text(spec, "type") == "LoadBalancer" && text(spec, "externalTrafficPolicy") == "Local"
}

fn is_externally_accessible(spec: &Spec) -> bool {
    match text(spec, "type") {
        "NodePort" | "LoadBalancer" => true,
        "ClusterIP" => !list(spec, "externalIPs").is_empty(),
        _ => false,
    }
}

fn same(a: &Spec, b: &Spec, field: &str) -> bool {
    a.get(field) == b.get(field)
}

fn node_port(port: &Value) -> i64 {
    port.get("nodePort").and_then(Value::as_i64).unwrap_or(0)
}

fn node_ports(spec: &Spec) -> BTreeSet<i64> {
    list(spec, "ports").iter().map(node_port).filter(|port| *port != 0).collect()
}

fn port_name(port: &Value) -> &str {
    port.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// A client that does not say what was allocated keeps it.
fn keep_allocated(spec: &mut Spec, old: &Spec) {
    if needs_cluster_ip(old) && needs_cluster_ip(spec) {
        for field in ["clusterIP", "clusterIPs"] {
            let unset = text(spec, field).is_empty() && list(spec, field).is_empty();
            if unset && let Some(held) = old.get(field) {
                spec.insert(field.to_owned(), held.clone());
            }
        }
    }
    if needs_node_port(old) && needs_node_port(spec) {
        let used: BTreeSet<i64> = node_ports(old).intersection(&node_ports(spec)).copied().collect();
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            let held =
                list(old, "ports").iter().rev().find(|held| port_name(held) == port_name(port)).map_or(0, node_port);
            if node_port(port) == 0
                && held != 0
                && !used.contains(&held)
                && let Some(port) = port.as_object_mut()
            {
                port.insert("nodePort".to_owned(), Value::from(held));
            }
        }
    }
    if needs_health_check_port(old) && needs_health_check_port(spec) && !spec.contains_key("healthCheckNodePort") {
        copy(spec, old, "healthCheckNodePort");
    }
}

fn copy(spec: &mut Spec, old: &Spec, field: &str) {
    if let Some(held) = old.get(field) {
        spec.insert(field.to_owned(), held.clone());
    }
}

/// Keeps `clusterIPs` in step for clients that know `clusterIP` alone.
fn normalize(spec: &mut Spec, old: &Spec) {
    let moved = text(spec, "clusterIP") != text(old, "clusterIP");
    if list(spec, "clusterIPs").is_empty() && !moved {
        copy(spec, old, "clusterIPs");
    }
    if moved && same(spec, old, "clusterIPs") {
        if text(spec, "clusterIP").is_empty() {
            spec.remove("clusterIPs");
        } else {
            spec.insert("clusterIPs".to_owned(), json!([text(spec, "clusterIP")]));
        }
    }
}

fn allocate(spec: &mut Spec, old: Option<&Spec>, uid: &str) {
    if needs_cluster_ip(spec) {
        families(spec, old);
        if text(spec, "clusterIP").is_empty() {
            let seed = hash(uid);
            // 10.96.0.0/12, the pool that kubeadm gives, without its first addresses.
            let host = 256 + seed % ((1 << 20) - 512);
            let address = format!("10.{}.{}.{}", 96 + (host >> 16), (host >> 8) & 255, host & 255);
            spec.insert("clusterIPs".to_owned(), json!([address]));
            spec.insert("clusterIP".to_owned(), Value::from(address));
        }
    }
    if needs_node_port(spec) {
        let mut used = node_ports(spec);
        for (index, port) in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
            if node_port(port) == 0
                && let Some(free) = free_port(&used, &format!("{uid}/{index}"))
                && let Some(port) = port.as_object_mut()
            {
                used.insert(free);
                port.insert("nodePort".to_owned(), Value::from(free));
            }
        }
    }
    if needs_health_check_port(spec)
        && !spec.contains_key("healthCheckNodePort")
        && let Some(free) = free_port(&node_ports(spec), &format!("{uid}/health"))
    {
        spec.insert("healthCheckNodePort".to_owned(), Value::from(free));
    }
}

/// The node ports that a cluster hands out: 30000 to 32767.
fn free_port(used: &BTreeSet<i64>, seed: &str) -> Option<i64> {
    let start = (hash(seed) % 2768) as i64;
    (0..2768).map(|step| 30000 + (start + step) % 2768).find(|port| !used.contains(port))
}

/// FNV-1a: spreads uids over a pool, the same on every machine.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn families(spec: &mut Spec, old: Option<&Spec>) {
    let headless = text(spec, "clusterIP") == "None";
    let selectorless = spec.get("selector").and_then(Value::as_object).is_none_or(Map::is_empty);
    if text(spec, "ipFamilyPolicy").is_empty() {
        let held = old.map_or("", |old| text(old, "ipFamilyPolicy"));
        let policy = match held {
            "" if headless && selectorless => "RequireDualStack",
            "" => "SingleStack",
            held => held,
        };
        let policy = Value::from(policy);
        spec.insert("ipFamilyPolicy".to_owned(), policy);
    }
    let single = text(spec, "ipFamilyPolicy") == "SingleStack";
    let mut names: Vec<Value> = list(spec, "ipFamilies").to_vec();
    if names.is_empty() {
        names =
            list(spec, "clusterIPs").iter().filter_map(Value::as_str).filter(|ip| *ip != "None").map(family).collect();
    }
    if names.is_empty() {
        names.push(Value::from("IPv4"));
    }
    if single && old.is_some_and(|old| same(spec, old, "ipFamilies")) {
        names.truncate(1);
    }
    if !single && headless && selectorless && names.len() == 1 {
        let other = if names.first().is_some_and(|name| name == "IPv4") { "IPv6" } else { "IPv4" };
        names.push(Value::from(other));
    }
    spec.insert("ipFamilies".to_owned(), Value::Array(names));
}

fn family(address: &str) -> Value {
    Value::from(if address.contains(':') { "IPv6" } else { "IPv4" })
}

/// A change of type drops what the new type has no use for, unless the client changed that too.
fn drop_unused(spec: &mut Spec, old: &Spec) {
    if needs_cluster_ip(old) && !needs_cluster_ip(spec) {
        if same(spec, old, "clusterIPs") {
            spec.remove("clusterIP");
        }
        for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if same(spec, old, field) {
                spec.remove(field);
            }
        }
    }
    if needs_node_port(old) && !needs_node_port(spec) && node_ports(old) == node_ports(spec) {
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(port) = port.as_object_mut() {
                port.remove("nodePort");
            }
        }
    }
    if needs_health_check_port(old) && !needs_health_check_port(spec) && same(spec, old, "healthCheckNodePort") {
        spec.remove("healthCheckNodePort");
    }
    if text(old, "type") == "LoadBalancer" && text(spec, "type") != "LoadBalancer" {
        for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
            if same(spec, old, field) {
                spec.remove(field);
            }
        }
    }
    if is_externally_accessible(old) && !is_externally_accessible(spec) && same(spec, old, "externalTrafficPolicy") {
        spec.remove("externalTrafficPolicy");
    }
}
