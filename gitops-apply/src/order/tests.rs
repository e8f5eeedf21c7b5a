use proptest::prelude::*;

use super::*;

fn item(wave: i64, kind: &str, name: &str) -> Item {
    Item::new(Phase::Sync, wave, ObjectId::new("", kind, Some("shop"), name))
}

fn places(groups: &[Group]) -> Vec<usize> {
    groups.iter().flat_map(|group| group.batches.iter().flatten().copied()).collect()
}

#[test]
fn waves_then_kinds_then_names() {
    let mut items = vec![
        item(1, "ConfigMap", "a"),
        item(0, "Deployment", "b"),
        item(0, "ConfigMap", "z"),
        item(0, "ConfigMap", "c"),
    ];
    items.push(Item::new(Phase::PreSync, 5, ObjectId::new("batch", "Job", Some("shop"), "migrate")));
    let groups = order(&items).unwrap();
    assert_eq!(places(&groups), [4, 3, 2, 1, 0]);
    assert_eq!(groups[1].batches, [vec![3, 2], vec![1]]);
}

#[test]
fn a_dependency_comes_first_and_parts_the_batch() {
    let mut items = vec![item(0, "ConfigMap", "a"), item(0, "ConfigMap", "b"), item(0, "ConfigMap", "c")];
    items[0].after = vec![2];
    let groups = order(&items).unwrap();
    assert_eq!(groups[0].batches, [vec![1, 2], vec![0]]);
}

#[test]
fn a_cycle_is_printed() {
    let mut items = vec![item(0, "ConfigMap", "a"), item(0, "ConfigMap", "b"), item(1, "ConfigMap", "c")];
    items[0].after = vec![1];
    items[1].after = vec![0];
    let words = order(&items).unwrap_err().to_string();
    assert_eq!(
        words,
        "these resources wait for each other: `ConfigMap/shop/a` -> `ConfigMap/shop/b` -> `ConfigMap/shop/a`"
    );
}

#[test]
fn waiting_for_a_later_wave_is_a_cycle() {
    let mut items = vec![item(0, "ConfigMap", "early"), item(1, "ConfigMap", "late")];
    items[0].after = vec![1];
    let words = order(&items).unwrap_err().to_string();
    assert!(words.contains("early") && words.contains("late"), "{words}");
}

#[test]
fn a_cycle_at_the_end_of_a_long_chain_is_found() {
    let count = 100_000;
    let mut items: Vec<Item> = (0..count).map(|place| item(0, "ConfigMap", &format!("n{place:06}"))).collect();
    for (place, item) in items.iter_mut().enumerate().skip(1) {
        item.after = vec![place - 1];
    }
    assert_eq!(order(&items).unwrap()[0].batches.len(), count);
    items[count - 2].after.push(count - 1);
    assert_eq!(order(&items).unwrap_err().0.len(), 3);
    items[count - 2].after = vec![count - 3];
    items[0].after.push(count - 1);
    let ring = order(&items).unwrap_err();
    assert_eq!(ring.0.len(), count + 1);
    assert!(ring.to_string().len() < 1_000 && ring.to_string().ends_with("more"));
}

proptest! {
    #[test]
    fn where_nothing_depends_the_order_is_that_of_comparing(
        parts in proptest::collection::vec((-2i64..3, 0usize..4, "(web-app-)?[ab]{0,12}", 0usize..3, any::<bool>()), 0..80),
    ) {
        let kinds = ["Namespace", "ConfigMap", "Deployment", "Widget"];
        let items: Vec<Item> = parts.iter().map(|(wave, kind, name, namespace, removal)| {
            let id = ObjectId::new("", kinds[*kind], [None, Some("a"), Some("shop")][*namespace], name.as_str());
            let mut one = Item::new(Phase::Sync, *wave, id);
            one.removal = *removal;
            one
        }).collect();
        let mut expected: Vec<usize> = (0..items.len()).collect();
        expected.sort_by_key(|place| {
            let one = &items[*place];
            let rank = i64::try_from(kind_rank(&one.id.kind)).unwrap();
            let kind = (!one.removal, if one.removal { -rank } else { rank }, one.id.kind.clone());
            (one.wave, kind, one.id.name.clone(), one.id.namespace.clone(), *place)
        });
        prop_assert_eq!(places(&order(&items).unwrap()), expected);
    }

    #[test]
    fn every_edge_is_respected(
        parts in proptest::collection::vec((0i64..4, 0usize..6, proptest::collection::vec(0usize..60, 0..3)), 1..60),
    ) {
        let kinds = ["Namespace", "ConfigMap", "Service", "Deployment", "Job", "Widget"];
        let items: Vec<Item> = parts.iter().enumerate().map(|(place, (wave, kind, after))| {
            let mut one = item(*wave, kinds[*kind], &format!("n{place}"));
            // Edges to earlier places of earlier or equal waves only, so that there is an order.
            one.after = after.iter().copied().filter(|to| *to < place && parts[*to].0 <= *wave).collect();
            one
        }).collect();
        let groups = order(&items).unwrap();
        let sequence = places(&groups);
        prop_assert_eq!(sequence.len(), items.len());
        let mut at = vec![0; items.len()];
        for (position, place) in sequence.iter().enumerate() {
            at[*place] = position;
        }
        for (place, one) in items.iter().enumerate() {
            for before in &one.after {
                prop_assert!(at[*before] < at[place]);
            }
        }
        for group in &groups {
            for batch in &group.batches {
                for place in batch {
                    prop_assert!(items[*place].after.iter().all(|before| !batch.contains(before)));
                }
            }
        }
        for pair in sequence.windows(2) {
            prop_assert!((items[pair[0]].phase, items[pair[0]].wave) <= (items[pair[1]].phase, items[pair[1]].wave));
        }
    }
}
