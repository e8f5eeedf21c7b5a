use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::{Cycle, Group, Item, kind_rank};

/// Places of items by phase, wave, kind, name and namespace: what decides where no edge does.
fn ranked(items: &[Item]) -> Vec<usize> {
    let kinds = kinds(items);
    // Most comparisons end at the numbers, which lie together; strings lie all over the memory.
    let mut keys: Vec<_> = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let kind = kinds.get(&kind_of(item)).copied().unwrap_or_default();
        let (name, namespace) = (item.id.name.as_str(), item.id.namespace.as_deref());
        keys.push((item.phase, item.wave, kind, start(name), name, namespace, place));
    }
    keys.sort_unstable();
    keys.into_iter().map(|key| key.6).collect()
}

fn kind_of(item: &Item) -> (bool, &str, &str) {
    (item.removal, &item.id.kind, &item.id.group)
}

/// The kinds of items, numbered in their order: deletions first, and their kinds in the reverse order.
fn kinds(items: &[Item]) -> HashMap<(bool, &str, &str), usize> {
    let mut numbers: HashMap<_, usize> = items.iter().map(|item| (kind_of(item), 0)).collect();
    let mut kinds: Vec<_> = numbers.keys().copied().collect();
    kinds.sort_by_cached_key(|(removal, kind, group)| {
        let rank = i64::try_from(kind_rank(kind)).unwrap_or(i64::MAX);
        (!removal, if *removal { -rank } else { rank }, *kind, *group)
    });
    for (number, kind) in kinds.into_iter().enumerate() {
        numbers.insert(kind, number);
    }
    numbers
}

/// The start of a name as a number that sorts as it does.
fn start(name: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(name.bytes()).for_each(|(slot, byte)| *slot = byte);
    u64::from_be_bytes(bytes)
}

/// The graph that is ordered. Its first nodes are the items by rank, the others the barriers between waves.
type Graph = DiGraph<(), ()>;

pub(super) fn order(items: &[Item]) -> Result<Vec<Group>, Cycle> {
    let ranked = ranked(items);
    let graph = build(items, &ranked);
    let sequence = sort(&graph, &ranked).ok_or_else(|| cycle(&graph, items, &ranked))?;
    Ok(group(items, &sequence))
}

fn build(items: &[Item], ranked: &[usize]) -> Graph {
    let edges: usize = items.iter().map(|item| item.after.len() + 2).sum();
    let mut graph = Graph::with_capacity(items.len() + 1, edges);
    for _ in ranked {
        graph.add_node(());
    }
    let wave = |place: &usize| items.get(*place).map(|item| (item.phase, item.wave));
    let (mut before, mut position) = (None, 0);
    for members in ranked.chunk_by(|a, b| wave(a) == wave(b)) {
        let end = graph.add_node(());
        for _ in members {
            let member = NodeIndex::new(position);
            position += 1;
            if let Some(before) = before {
                graph.add_edge(before, member, ());
            }
            graph.add_edge(member, end, ());
        }
        before = Some(end);
    }
    if items.iter().any(|item| !item.after.is_empty()) {
        let mut position_of = vec![0; ranked.len()];
        for (position, place) in ranked.iter().enumerate() {
            if let Some(slot) = position_of.get_mut(*place) {
                *slot = position;
            }
        }
        for (place, item) in items.iter().enumerate() {
            for earlier in &item.after {
                if let (Some(from), Some(to)) = (position_of.get(*earlier), position_of.get(place)) {
                    graph.add_edge(NodeIndex::new(*from), NodeIndex::new(*to), ());
                }
            }
        }
    }
    graph
}

/// The items in an order that respects every edge, by rank where edges leave a choice; none where there is a cycle.
fn sort(graph: &Graph, ranked: &[usize]) -> Option<Vec<usize>> {
    let mut missing = vec![0u32; graph.node_count()];
    for edge in graph.raw_edges() {
        if let Some(count) = missing.get_mut(edge.target().index()) {
            *count += 1;
        }
    }
    // A barrier comes before every item, so that it opens the next wave as soon as the last one is done.
    let entry = |node: usize| Reverse((node < ranked.len(), node));
    let ready = missing.iter().enumerate().filter(|(_, count)| **count == 0);
    let mut queue: BinaryHeap<_> = ready.map(|(node, _)| entry(node)).collect();
    let (mut sequence, mut seen) = (Vec::with_capacity(ranked.len()), 0);
    while let Some(Reverse((_, node))) = queue.pop() {
        seen += 1;
        sequence.extend(ranked.get(node));
        for next in graph.neighbors_directed(NodeIndex::new(node), Direction::Outgoing) {
            if let Some(count) = missing.get_mut(next.index()) {
                *count -= 1;
                if *count == 0 {
                    queue.push(entry(next.index()));
                }
            }
        }
    }
    (seen == graph.node_count()).then_some(sequence)
}

/// Cuts the sequence into waves, and each wave into runs of one kind within which nothing waits for anything.
fn group(items: &[Item], sequence: &[usize]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut batch_of = vec![usize::MAX; items.len()];
    let mut number = 0;
    let mut last: Option<&Item> = None;
    for place in sequence {
        let Some(item) = items.get(*place) else { continue };
        let same_wave = last.is_some_and(|last| (last.phase, last.wave) == (item.phase, item.wave));
        if !same_wave {
            groups.push(Group { phase: item.phase, wave: item.wave, batches: Vec::new() });
        }
        let like = |last: &Item| {
            (&last.id.kind, &last.id.group, last.removal) == (&item.id.kind, &item.id.group, item.removal)
        };
        let same_kind = last.is_some_and(like);
        let waits = item.after.iter().any(|earlier| batch_of.get(*earlier) == Some(&number));
        let Some(group) = groups.last_mut() else { continue };
        match group.batches.last_mut() {
            Some(batch) if same_kind && !waits => batch.push(*place),
            _ => {
                number += 1;
                group.batches.push(vec![*place]);
            }
        }
        if let Some(slot) = batch_of.get_mut(*place) {
            *slot = number;
        }
        last = Some(item);
    }
    groups
}

/// A way round through items of one strongly connected part.
fn cycle(graph: &Graph, items: &[Item], ranked: &[usize]) -> Cycle {
    // Not the recursive search: a repository decides how long chains are.
    let parts = kosaraju_scc(graph);
    let looped = |part: &&Vec<NodeIndex>| {
        part.len() > 1 || part.first().is_some_and(|node| graph.find_edge(*node, *node).is_some())
    };
    let part = parts.iter().find(looped).into_iter().flatten();
    let part: HashSet<usize> = part.filter_map(|node| ranked.get(node.index())).copied().collect();
    // An item with a dependency of its own inside the part is on a cycle: follow dependencies until one comes again.
    let next = |place: usize| items.get(place)?.after.iter().copied().find(|before| part.contains(before));
    let start = part.iter().copied().filter(|place| next(*place).is_some()).min();
    let (mut path, mut seen) = (Vec::new(), HashMap::new());
    let mut at = start;
    while let Some(place) = at {
        if let Some(first) = seen.insert(place, path.len()) {
            path.drain(..first);
            path.push(place);
            break;
        }
        path.push(place);
        at = next(place);
    }
    Cycle(path.into_iter().filter_map(|place| items.get(place)).map(|item| item.id.clone()).collect())
}
