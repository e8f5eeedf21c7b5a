//! What this replica is called, and how it shares the work.

use std::sync::Arc;
use std::time::Duration;

use gitops_controller::replicas::Replicas;
use gitops_kube::{Connection, KubeCluster};

use crate::arguments::{Arguments, ReplicaArguments};
use crate::failure::Failure;

/// What this replica is called: as it is told, or the host's name and something that no other process has.
pub(crate) fn identity(arguments: &ReplicaArguments) -> String {
    arguments.identity.clone().unwrap_or_else(|| {
        let host = hostname::get().unwrap_or_default().to_string_lossy().to_lowercase();
        let host: String =
            host.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).take(150).collect();
        let host = host.trim_matches('-');
        format!("{}{:08x}", if host.is_empty() { String::new() } else { format!("{host}-") }, rand::random::<u32>())
    })
}

/// How this replica shares the work. Its Leases have connections of their own, so that they do not wait for the work.
pub(crate) fn replicas(arguments: &Arguments, identity: String, connection: &Connection) -> Result<Replicas, Failure> {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let mut replicas = Replicas::new(Arc::new(KubeCluster::connect(connection)?), &arguments.namespace, identity);
    replicas.shards = arguments.replicas.shards;
    replicas.lease = seconds(arguments.replicas.lease_duration);
    replicas.deadline = seconds(arguments.replicas.renew_deadline);
    replicas.period = seconds(arguments.replicas.retry_period);
    replicas.check()?;
    Ok(replicas)
}
