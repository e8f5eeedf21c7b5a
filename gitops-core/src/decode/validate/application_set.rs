//! Rules for ApplicationSets, as the generators and the custom resource of Argo CD 3.5 have them.

use super::Validate;
use super::application::check_name;
use crate::api::{
    ApplicationSet, ApplicationSetGenerator, ApplicationsSyncPolicy, FieldPath, NestedGenerator, TerminalGenerator,
};
use crate::decode::problem::Finding;

impl Validate for ApplicationSet {
    fn validate(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        check_name(&self.metadata, &mut found);
        let path = FieldPath::root().key("spec");
        let generators = path.clone().key("generators");
        for (index, generator) in self.spec.generators.iter().enumerate() {
            check_generator(generator, &generators.clone().index(index), &mut found);
        }
        let policy = self.spec.sync_policy.as_ref().and_then(|policy| policy.applications_sync.as_ref());
        if let Some(word) = policy.filter(|word| !word.is_known()) {
            let known = ApplicationsSyncPolicy::KNOWN.join(", ");
            let message = format!("expected one of {known}, found {:?}", word.as_str());
            found.push(Finding::error(path.key("syncPolicy").key("applicationsSync"), message));
        }
        found
    }
}

/// The names of the generators that are given.
fn given<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    fields.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
}

/// At the top, several generators in one element are run in turn; inside others, just one is allowed.
fn check_count(given: &[&str], one_only: bool, path: &FieldPath, found: &mut Vec<Finding>) {
    match given {
        [] => found.push(Finding::error(path.clone(), "no generator that is known is given")),
        [_] => {}
        several if one_only => {
            let message = format!("expected one generator, found {}", several.join(", "));
            found.push(Finding::error(path.clone(), message));
        }
        _ => {}
    }
}

fn check_matrix(count: usize, path: &FieldPath, found: &mut Vec<Finding>) {
    if count != 2 {
        let message = format!("a matrix takes two generators, found {count}");
        found.push(Finding::error(path.clone().key("generators"), message));
    }
}

fn check_merge(count: usize, keys: &[String], path: &FieldPath, found: &mut Vec<Finding>) {
    if count < 2 {
        let message = format!("a merge takes two generators or more, found {count}");
        found.push(Finding::error(path.clone().key("generators"), message));
    }
    if keys.is_empty() {
        found.push(Finding::error(path.clone().key("mergeKeys"), "must not be empty"));
    }
}

fn check_generator(generator: &ApplicationSetGenerator, path: &FieldPath, found: &mut Vec<Finding>) {
    let names = given([
        ("list", generator.list.is_some()),
        ("clusters", generator.clusters.is_some()),
        ("git", generator.git.is_some()),
        ("scmProvider", generator.scm_provider.is_some()),
        ("clusterDecisionResource", generator.cluster_decision_resource.is_some()),
        ("pullRequest", generator.pull_request.is_some()),
        ("matrix", generator.matrix.is_some()),
        ("merge", generator.merge.is_some()),
        ("plugin", generator.plugin.is_some()),
    ]);
    check_count(&names, false, path, found);
    if let Some(matrix) = &generator.matrix {
        let path = path.clone().key("matrix");
        check_matrix(matrix.generators.len(), &path, found);
        check_nested(&matrix.generators, &path, found);
    }
    if let Some(merge) = &generator.merge {
        let path = path.clone().key("merge");
        check_merge(merge.generators.len(), &merge.merge_keys, &path, found);
        check_nested(&merge.generators, &path, found);
    }
}

fn check_nested(generators: &[NestedGenerator], path: &FieldPath, found: &mut Vec<Finding>) {
    for (index, generator) in generators.iter().enumerate() {
        let path = path.clone().key("generators").index(index);
        let names = given([
            ("list", generator.list.is_some()),
            ("clusters", generator.clusters.is_some()),
            ("git", generator.git.is_some()),
            ("scmProvider", generator.scm_provider.is_some()),
            ("clusterDecisionResource", generator.cluster_decision_resource.is_some()),
            ("pullRequest", generator.pull_request.is_some()),
            ("matrix", generator.matrix.is_some()),
            ("merge", generator.merge.is_some()),
            ("plugin", generator.plugin.is_some()),
        ]);
        check_count(&names, true, &path, found);
        if let Some(matrix) = &generator.matrix {
            let path = path.clone().key("matrix");
            check_matrix(matrix.generators.len(), &path, found);
            check_terminal(&matrix.generators, &path, found);
        }
        if let Some(merge) = &generator.merge {
            let path = path.key("merge");
            check_merge(merge.generators.len(), &merge.merge_keys, &path, found);
            check_terminal(&merge.generators, &path, found);
        }
    }
}

fn check_terminal(generators: &[TerminalGenerator], path: &FieldPath, found: &mut Vec<Finding>) {
    for (index, generator) in generators.iter().enumerate() {
        let names = given([
            ("list", generator.list.is_some()),
            ("clusters", generator.clusters.is_some()),
            ("git", generator.git.is_some()),
            ("scmProvider", generator.scm_provider.is_some()),
            ("clusterDecisionResource", generator.cluster_decision_resource.is_some()),
            ("pullRequest", generator.pull_request.is_some()),
            ("plugin", generator.plugin.is_some()),
        ]);
        check_count(&names, true, &path.clone().key("generators").index(index), found);
    }
}
