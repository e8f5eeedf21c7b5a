//! Looking at a cluster, some of it before it is known what is desired.

use futures::executor::block_on;
use gitops_apply::observe::{Ahead, observe_rest};
use gitops_apply::{Inventory, observe};
use gitops_core::{ObjectId, Value};
use serde_json::json;

use crate::support::{APPLICATION, App, Fake, Fault, desire};

fn map(number: usize) -> Value {
    let name = format!("m{number:02}");
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}})
}

fn id(number: usize) -> ObjectId {
    ObjectId::new("", "ConfigMap", Some("shop"), format!("m{number:02}"))
}

/// Forty maps of which the first thirty are listed and those from the fifth on are desired, with two that nobody has seen yet;
/// the tenth is gone, and a stranger is among them.
fn world() -> (Fake, App, Inventory) {
    let cluster = Fake::default();
    let mut inventory = Inventory::new(APPLICATION);
    for number in (0..40).filter(|number| *number != 10) {
        cluster.put(map(number));
    }
    cluster
        .put(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "stranger", "namespace": "shop"}}));
    for number in 0..30 {
        inventory.note(&id(number).at_version("v1"), None);
    }
    (cluster, App::new((5..42).map(map).collect()), inventory)
}

#[test]
fn what_was_read_ahead_is_seen_as_if_it_was_read_with_the_rest() {
    let (cluster, app, inventory) = world();
    let desired = desire(&app);
    let at_once = block_on(observe(&cluster, &desired, &inventory)).unwrap();
    let ahead = block_on(Ahead::read(&cluster, &inventory));
    let calls = cluster.calls();
    let seen = block_on(observe_rest(&cluster, &desired, &inventory, ahead)).unwrap();
    for number in 0..42 {
        assert_eq!(seen.get(&id(number)), at_once.get(&id(number)));
        assert_eq!(seen.get(&id(number)).is_some(), number < 40 && number != 10);
    }
    assert!(seen.get(&ObjectId::new("", "ConfigMap", Some("shop"), "stranger")).is_none());
    // The twelve that are desired and not listed are too few for another listing.
    assert_eq!(cluster.calls() - calls, 12);
}

#[test]
fn what_cannot_be_read_ahead_is_read_with_the_rest() {
    let (cluster, app, inventory) = world();
    cluster.fault(cluster.calls(), Fault::Refuse);
    let ahead = block_on(Ahead::read(&cluster, &inventory));
    let seen = block_on(observe_rest(&cluster, &desire(&app), &inventory, ahead)).unwrap();
    assert!((0..40).filter(|number| *number != 10).all(|number| seen.get(&id(number)).is_some()));

    cluster.fault(cluster.calls(), Fault::Refuse);
    cluster.fault(cluster.calls() + 1, Fault::Forbid);
    let ahead = block_on(Ahead::read(&cluster, &inventory));
    assert!(block_on(observe_rest(&cluster, &desire(&app), &inventory, ahead)).is_err());
}
