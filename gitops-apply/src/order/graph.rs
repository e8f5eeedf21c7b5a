use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, HashSet};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::rank::{Ranking, rank};
use super::{Cycle, Group, Item};

pub(super) fn order(items: &[Item]) -> Result<Vec<Group>, Cycle> {
    let ranking = rank(items);
    if ranking.depends {
        let sequence = sort(items, &ranking).ok_or_else(|| cycle(&build(items, &ranking), items, &ranking.sequence))?;
        return Ok(group(items, &ranking, &sequence));
    }
    Ok(group(items, &ranking, &ranking.sequence))
}

/// Everything that must come before something else. Its first nodes are the items by rank, the others the barriers between
/// waves.
type Graph = DiGraph<(), ()>;

fn build(items: &[Item], ranking: &Ranking<'_>) -> Graph {
    let ranked = &ranking.sequence;
    let edges: usize = items.iter().map(|item| item.after.len() + 2).sum();
    let mut graph = Graph::with_capacity(items.len() + 1, edges);
    for _ in ranked {
        graph.add_node(());
    }
    let (mut before, mut position) = (None, 0);
    for members in ranked.chunk_by(|a, b| ranking.wave(*a) == ranking.wave(*b)) {
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
    let position_of = positions(ranked);
    for (place, item) in items.iter().enumerate() {
        for earlier in &item.after {
            if let (Some(from), Some(to)) = (position_of.get(*earlier), position_of.get(place)) {
                graph.add_edge(NodeIndex::new(*from), NodeIndex::new(*to), ());
            }
        }
    }
    graph
}

/// The items in an order that respects waves and dependencies, by rank where these leave a choice; none where something
/// waits for itself in the end. An item that is passed over waits for others, and is taken as soon as the last of them is.
fn sort(items: &[Item], ranking: &Ranking<'_>) -> Option<Vec<usize>> {
    let ranked = &ranking.sequence;
    let position_of = positions(ranked);
    let mut missing: HashMap<usize, usize> = HashMap::new();
    let mut dependents: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, item) in items.iter().enumerate() {
        for earlier in item.after.iter().filter(|earlier| **earlier < items.len()) {
            *missing.entry(place).or_default() += 1;
            dependents.entry(*earlier).or_default().push(place);
        }
    }
    let (mut sequence, mut passed) = (Vec::with_capacity(ranked.len()), 0);
    for wave in ranked.chunk_by(|a, b| ranking.wave(*a) == ranking.wave(*b)) {
        let mut members = wave.iter().copied();
        let mut released: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
        loop {
            let place = match released.pop() {
                Some(Reverse(position)) => *ranked.get(position)?,
                None => {
                    let Some(place) = members.next() else { break };
                    passed += 1;
                    if missing.contains_key(&place) {
                        continue;
                    }
                    place
                }
            };
            sequence.push(place);
            for next in dependents.get(&place).into_iter().flatten() {
                let Entry::Occupied(mut count) = missing.entry(*next) else { continue };
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                    let position = *position_of.get(*next)?;
                    if position < passed {
                        released.push(Reverse(position));
                    }
                }
            }
        }
        if sequence.len() != passed {
            return None;
        }
    }
    Some(sequence)
}

/// Each item's position among the ranked ones.
fn positions(ranked: &[usize]) -> Vec<usize> {
    let mut positions = vec![0; ranked.len()];
    for (position, place) in ranked.iter().enumerate() {
        if let Some(slot) = positions.get_mut(*place) {
            *slot = position;
        }
    }
    positions
}

/// Cuts the sequence into waves, and each wave into runs of one kind within which nothing waits for anything.
fn group(items: &[Item], ranking: &Ranking<'_>, sequence: &[usize]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut last = None;
    for run in ranking.runs(sequence) {
        let wave = run.first().and_then(|place| ranking.wave(*place));
        if wave != last {
            groups.extend(wave.map(|(phase, wave)| Group::new(phase, wave)));
            last = wave;
        }
        let Some(group) = groups.last_mut() else { continue };
        group.batches.extend(if ranking.depends { cut(items, run) } else { vec![run.to_vec()] });
    }
    groups
}

/// Cuts a run where an item waits for one of the same batch.
fn cut(items: &[Item], run: &[usize]) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut batch_of: HashMap<usize, usize> = HashMap::new();
    for place in run {
        let is_in_last = |earlier: &usize| batch_of.get(earlier).is_some_and(|batch| batch + 1 == batches.len());
        let waits = items.get(*place).is_some_and(|item| item.after.iter().any(is_in_last));
        match batches.last_mut() {
            Some(batch) if !waits => batch.push(*place),
            _ => batches.push(vec![*place]),
        }
        batch_of.insert(*place, batches.len() - 1);
    }
    batches
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
