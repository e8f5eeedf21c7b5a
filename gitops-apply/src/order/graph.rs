use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::{Cycle, Group, Item, kind_rank};
use crate::hook::Phase;

#[derive(Clone, Copy)]
enum Node {
    Item(usize),
    Barrier,
}

/// What decides between items that are ready at the same time.
type Rank<'a> = (i64, &'a str, &'a str, &'a str, Option<&'a str>, usize);

pub(super) fn order(items: &[Item]) -> Result<Vec<Group>, Cycle> {
    let ranks: Vec<Rank<'_>> = items.iter().enumerate().map(rank).collect();
    let mut by_wave: Vec<usize> = (0..items.len()).collect();
    by_wave.sort_by(|a, b| key(items, *a).cmp(&key(items, *b)).then_with(|| ranks.get(*a).cmp(&ranks.get(*b))));
    let waves: Vec<&[usize]> = by_wave.chunk_by(|a, b| key(items, *a) == key(items, *b)).collect();

    let graph = build(items, &waves);
    let sequence = sort(&graph, &ranks).ok_or_else(|| cycle(&graph, items))?;
    Ok(group(items, &sequence))
}

fn key(items: &[Item], at: usize) -> (Option<Phase>, i64) {
    items.get(at).map_or((None, 0), |item| (Some(item.phase), item.wave))
}

fn rank((place, item): (usize, &Item)) -> Rank<'_> {
    let rank = i64::try_from(kind_rank(&item.id.kind)).unwrap_or(i64::MAX);
    let id = &item.id;
    let rank = if item.removal { -1 - rank } else { rank };
    (rank, &id.kind, &id.group, &id.name, id.namespace.as_deref(), place)
}

/// Items are the first nodes, so that an item's place is its node's index.
fn build(items: &[Item], waves: &[&[usize]]) -> DiGraph<Node, (), usize> {
    let edges: usize = items.iter().map(|item| item.after.len() + 2).sum();
    let mut graph = DiGraph::with_capacity(items.len() + waves.len(), edges);
    for place in 0..items.len() {
        graph.add_node(Node::Item(place));
    }
    let mut before: Option<NodeIndex<usize>> = None;
    for wave in waves {
        let end = graph.add_node(Node::Barrier);
        for place in *wave {
            if let Some(before) = before {
                graph.add_edge(before, NodeIndex::new(*place), ());
            }
            graph.add_edge(NodeIndex::new(*place), end, ());
        }
        before = Some(end);
    }
    for (place, item) in items.iter().enumerate() {
        for earlier in item.after.iter().filter(|earlier| **earlier < items.len()) {
            graph.add_edge(NodeIndex::new(*earlier), NodeIndex::new(place), ());
        }
    }
    graph
}

/// The items in an order that respects every edge, by rank where edges leave a choice; none where there is a cycle.
fn sort(graph: &DiGraph<Node, (), usize>, ranks: &[Rank<'_>]) -> Option<Vec<usize>> {
    let mut missing: Vec<usize> =
        graph.node_indices().map(|node| graph.neighbors_directed(node, Direction::Incoming).count()).collect();
    // A barrier sorts before every item, so that it opens the next wave as soon as the last one is done.
    let entry = |node: NodeIndex<usize>| match graph.node_weight(node) {
        Some(Node::Item(place)) => Reverse((ranks.get(*place).copied(), node.index())),
        _ => Reverse((None, node.index())),
    };
    let ready = graph.node_indices().filter(|node| missing.get(node.index()) == Some(&0));
    let mut queue: BinaryHeap<_> = ready.map(entry).collect();
    let (mut sequence, mut seen) = (Vec::with_capacity(ranks.len()), 0);
    while let Some(Reverse((_, index))) = queue.pop() {
        seen += 1;
        let node = NodeIndex::new(index);
        if let Some(Node::Item(place)) = graph.node_weight(node) {
            sequence.push(*place);
        }
        for next in graph.neighbors_directed(node, Direction::Outgoing) {
            if let Some(count) = missing.get_mut(next.index()) {
                *count -= 1;
                if *count == 0 {
                    queue.push(entry(next));
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
fn cycle(graph: &DiGraph<Node, (), usize>, items: &[Item]) -> Cycle {
    // Not the recursive search: a repository decides how long chains are.
    let parts = kosaraju_scc(graph);
    let looped = |part: &&Vec<NodeIndex<usize>>| {
        part.len() > 1 || part.first().is_some_and(|node| graph.find_edge(*node, *node).is_some())
    };
    let part: HashSet<usize> = parts.iter().find(looped).into_iter().flatten().map(|node| node.index()).collect();
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
