//! Rules for Applications, as `util/argo` of Argo CD 3.5 has them (`ValidatePermissions`, `GetDestinationServer`).

use super::Validate;
use crate::api::{Application, ApplicationSource, ApplicationSpec, FieldPath, ObjectMeta, SourceHydrator};
use crate::decode::problem::Finding;

impl Validate for Application {
    fn validate(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        check_name(&self.metadata, &mut found);
        check_spec(&self.spec, &FieldPath::root().key("spec"), &mut found);
        found
    }
}

/// An object has a name, or a prefix to make one from.
pub(super) fn check_name(metadata: &ObjectMeta, found: &mut Vec<Finding>) {
    let has_prefix = metadata.generate_name.as_deref().is_some_and(|prefix| !prefix.is_empty());
    if metadata.name().is_empty() && !has_prefix {
        let path = FieldPath::root().key("metadata").key("name");
        found.push(Finding::error(path, "required field is missing"));
    }
}

fn check_spec(spec: &ApplicationSpec, path: &FieldPath, found: &mut Vec<Finding>) {
    let has_sources = spec.sources.as_ref().is_some_and(|sources| !sources.is_empty());
    match (&spec.source_hydrator, &spec.source) {
        (Some(hydrator), source) => {
            check_hydrator(hydrator, &path.clone().key("sourceHydrator"), found);
            let ignored = [("source", source.is_some()), ("sources", has_sources)];
            for (field, _) in ignored.iter().filter(|(_, given)| *given) {
                let message = "ignored, because `sourceHydrator` is given too";
                found.push(Finding::warning(path.clone().key(*field), message));
            }
        }
        (None, source) if has_sources => {
            if source.is_some() {
                let message = "ignored, because `sources` is given too";
                found.push(Finding::warning(path.clone().key("source"), message));
            }
            for (index, source) in spec.sources.iter().flatten().enumerate() {
                check_source(source, true, &path.clone().key("sources").index(index), found);
            }
        }
        (None, Some(source)) => check_source(source, false, &path.clone().key("source"), found),
        (None, None) => {
            let message = "one of `source`, `sources` and `sourceHydrator` is required";
            found.push(Finding::error(path.clone(), message));
        }
    }
    let destination = path.clone().key("destination");
    match (spec.destination.server(), spec.destination.name()) {
        (Some(server), Some(name)) => found.push(Finding::error(
            destination,
            format!("`server` and `name` cannot both be given, found {server:?} and {name:?}"),
        )),
        (None, None) => found.push(Finding::error(destination, "one of `server` and `name` is required")),
        _ => {}
    }
}

fn check_source(source: &ApplicationSource, among_several: bool, path: &FieldPath, found: &mut Vec<Finding>) {
    if source.repo_url.is_empty() {
        found.push(Finding::error(path.clone().key("repoURL"), "must not be empty"));
    }
    let is_reference = among_several && source.reference().is_some();
    if source.path().is_none() && source.chart().is_none() && !is_reference {
        let message = match among_several {
            true => "one of `path`, `chart` and `ref` is required",
            false => "one of `path` and `chart` is required",
        };
        found.push(Finding::error(path.clone(), message));
    }
    if source.chart().is_some() && source.target_revision().is_none() {
        let message = "required where `chart` is given";
        found.push(Finding::error(path.clone().key("targetRevision"), message));
    }
    if let Err(types) = source.explicit_type() {
        let types: Vec<&str> = types.iter().map(|one| one.as_str()).collect();
        let message = format!("options of several types of source are given: {}", types.join(", "));
        found.push(Finding::error(path.clone(), message));
    }
}

fn check_hydrator(hydrator: &SourceHydrator, path: &FieldPath, found: &mut Vec<Finding>) {
    let mut require = |value: &str, path: FieldPath| {
        if value.is_empty() {
            found.push(Finding::error(path, "must not be empty"));
        }
    };
    require(&hydrator.dry_source.repo_url, path.clone().key("drySource").key("repoURL"));
    require(&hydrator.sync_source.target_branch, path.clone().key("syncSource").key("targetBranch"));
    if let Some(target) = &hydrator.hydrate_to {
        require(&target.target_branch, path.clone().key("hydrateTo").key("targetBranch"));
    }
    // The schema of the custom resource: the repository's root and its parent are no paths.
    if matches!(hydrator.sync_source.path.as_str(), "" | "." | "/") {
        let message = "must be a directory other than the root";
        found.push(Finding::error(path.clone().key("syncSource").key("path"), message));
    }
}
