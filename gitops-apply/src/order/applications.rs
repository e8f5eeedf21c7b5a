//! Applications that wait for others: this project's annotation `gitops.engine/depends-on` on an Application names them,
//! with commas, as `namespace/name` or, in its own namespace, as `name`.

use std::collections::{BTreeMap, BTreeSet};

use gitops_core::annotations::DEPENDS_ON;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use thiserror::Error;

/// An Application and those that it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Which, as `namespace/name`.
    pub application: String,
    /// Those that must be synced and healthy before it is synced.
    pub after: BTreeSet<String>,
}

/// Why Applications cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApplicationOrderError {
    /// Some wait for each other.
    #[error("these applications wait for each other: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// One waits for an Application that there is not.
    #[error("`{application}` depends on `{dependency}`, which is not an application here")]
    Unknown {
        /// The one that waits.
        application: String,
        /// What it waits for.
        dependency: String,
    },
}

impl Dependent {
    /// An Application by its annotations.
    pub fn new(namespace: &str, name: &str, annotations: &BTreeMap<String, String>) -> Self {
        let list = annotations.get(DEPENDS_ON).map(String::as_str).unwrap_or_default();
        let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
        let full = |word: &str| if word.contains('/') { word.to_owned() } else { format!("{namespace}/{word}") };
        Self { application: format!("{namespace}/{name}"), after: words.map(full).collect() }
    }

    /// Those that it still waits for.
    pub fn waits_for<'a>(&'a self, is_ready: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a str> {
        self.after.iter().map(String::as_str).filter(move |application| !is_ready(application))
    }
}

/// Applications in stages: those of a stage wait only for those of earlier ones. Within a stage they are ordered by name.
///
/// # Errors
/// Where some wait for each other, or one for an Application that is not among them.
pub fn stages(all: &[Dependent]) -> Result<Vec<Vec<&str>>, ApplicationOrderError> {
    let known: BTreeMap<&str, &Dependent> = all.iter().map(|one| (one.application.as_str(), one)).collect();
    for one in known.values() {
        if let Some(dependency) = one.after.iter().find(|dependency| !known.contains_key(dependency.as_str())) {
            let (application, dependency) = (one.application.clone(), dependency.clone());
            return Err(ApplicationOrderError::Unknown { application, dependency });
        }
    }
    let mut stages = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while done.len() < known.len() {
        let open = known.iter().filter(|(name, _)| !done.contains(*name));
        let free: Vec<&str> = open
            .filter(|(_, one)| one.after.iter().all(|name| done.contains(name.as_str())))
            .map(|(name, _)| *name)
            .collect();
        if free.is_empty() {
            return Err(ApplicationOrderError::Cycle(cycle(&known)));
        }
        done.extend(&free);
        stages.push(free);
    }
    Ok(stages)
}

/// The first Applications that wait for each other, each before the one that it waits for, and the first again.
fn cycle(known: &BTreeMap<&str, &Dependent>) -> Vec<String> {
    let mut graph: DiGraph<&str, ()> = DiGraph::new();
    let nodes: BTreeMap<&str, _> = known.keys().map(|name| (*name, graph.add_node(*name))).collect();
    for (name, one) in known {
        for before in &one.after {
            if let (Some(from), Some(to)) = (nodes.get(name), nodes.get(before.as_str())) {
                graph.add_edge(*from, *to, ());
            }
        }
    }
    let loops = |group: &Vec<_>| group.len() > 1 || group.first().is_some_and(|node| graph.contains_edge(*node, *node));
    let Some(group) = tarjan_scc(&graph).into_iter().find(loops) else { return Vec::new() };
    let inside: BTreeSet<&str> = group.iter().filter_map(|node| graph.node_weight(*node)).copied().collect();
    let mut way: Vec<&str> = inside.first().copied().into_iter().collect();
    while let Some(last) = way.last().and_then(|name| known.get(name)) {
        let Some(next) = last.after.iter().map(String::as_str).find(|name| inside.contains(name)) else { break };
        let start = way.iter().position(|name| *name == next);
        way.push(next);
        if let Some(start) = start {
            way.drain(..start);
            break;
        }
    }
    way.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(name: &str, list: &str) -> Dependent {
        Dependent::new("argocd", name, &BTreeMap::from([(DEPENDS_ON.to_owned(), list.to_owned())]))
    }

    #[test]
    fn each_stage_waits_for_the_ones_before() {
        let all =
            [waiting("web", "db, argocd/cache"), waiting("cache", ""), waiting("db", "cache"), waiting("log", "")];
        let found = stages(&all).unwrap();
        assert_eq!(found, [vec!["argocd/cache", "argocd/log"], vec!["argocd/db"], vec!["argocd/web"]]);
        let open: Vec<&str> = all[0].waits_for(|name| name == "argocd/cache").collect();
        assert_eq!(open, ["argocd/db"]);
    }

    #[test]
    fn cycles_and_strangers_are_refused() {
        let all = [waiting("a", "b"), waiting("b", "c"), waiting("c", "b"), waiting("d", "")];
        let refused = stages(&all).unwrap_err();
        assert_eq!(refused.to_string(), "these applications wait for each other: argocd/b -> argocd/c -> argocd/b");
        let own = stages(&[waiting("a", "a")]).unwrap_err();
        assert_eq!(own, ApplicationOrderError::Cycle(vec!["argocd/a".into(), "argocd/a".into()]));
        let stranger = stages(&[waiting("a", "other/b")]).unwrap_err();
        assert_eq!(stranger.to_string(), "`argocd/a` depends on `other/b`, which is not an application here");
    }
}
