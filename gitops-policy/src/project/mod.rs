//! What an AppProject allows: sources, destinations, kinds, namespaces of Applications, service accounts. Its patterns are
//! compiled once, however many objects are checked.

mod accounts;
mod conditions;
mod destinations;
mod kinds;
mod need;
mod orphans;
mod signatures;
mod sources;
mod validate;

use std::fmt;
use std::sync::Arc;

use gitops_apply::gate::Violation;
use gitops_core::ObjectId;
use gitops_core::api::{AppProject, Application, ApplicationDestination};

pub use accounts::{AccountError, Accounts};
pub use conditions::Condition;
pub use destinations::{ClusterAddress, Destination, Destinations};
pub use kinds::Kinds;
pub use orphans::Orphans;
pub use signatures::{IntegrityError, RequiredSignatures, required_signatures, source_integrity};
pub use sources::{SourceVerdict, Sources};
pub use validate::validate;

use crate::glob::{ListMode, PatternList};
use crate::window::SyncWindows;

/// The project that an Application without one belongs to.
pub const DEFAULT_PROJECT: &str = "default";
/// The field that an object's namespace is held to; its kind is held to others.
pub const DESTINATIONS: &str = "spec.destinations";

/// A project, or the knowledge that there is none.
#[derive(Clone, Debug)]
pub struct Project {
    name: String,
    namespace: String,
    limits: Limits,
}

#[derive(Clone, Debug)]
enum Limits {
    /// Those of the project.
    Found(Arc<Found>),
    /// There is no project, and nothing is allowed.
    Everything,
    /// There is no project, and only what lies elsewhere is not allowed.
    Elsewhere,
}

#[derive(Debug)]
struct Found {
    project: AppProject,
    sources: Sources,
    destinations: Destinations,
    kinds: Kinds,
    namespaces: PatternList,
    windows: SyncWindows,
}

impl Project {
    /// A project that there is.
    pub fn new(project: AppProject) -> Self {
        let spec = &project.spec;
        let found = Found {
            sources: Sources::of(spec),
            destinations: Destinations::of(spec),
            kinds: Kinds::of(spec),
            namespaces: PatternList::new(
                ListMode::Regular,
                spec.source_namespaces.iter().flatten().map(String::as_str),
            ),
            windows: SyncWindows::of(spec),
            project,
        };
        let namespace = found.project.metadata.namespace().unwrap_or_default().to_owned();
        Self { name: found.project.name().to_owned(), namespace, limits: Limits::Found(Arc::new(found)) }
    }

    /// A project that allows everything, for a person who looks at their own repository.
    pub fn unlimited() -> Self {
        let mut project = AppProject::new(DEFAULT_PROJECT, None);
        project.spec.source_repos = Some(vec!["*".into(), "file:///**".into()]);
        let mut destination = ApplicationDestination::default();
        destination.server = Some("*".into());
        destination.namespace = Some("*".into());
        project.spec.destinations = Some(vec![destination]);
        project.spec.cluster_resource_whitelist = Some(vec![kinds::every_kind()]);
        Self::new(project)
    }

    /// A project that there is not: it allows nothing.
    pub fn absent(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), limits: Limits::Everything }
    }

    /// A project that there is not, and that limits nothing but what lies elsewhere.
    pub fn unwritten(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), limits: Limits::Elsewhere }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The project, where there is one.
    pub fn found(&self) -> Option<&AppProject> {
        self.limits().map(|found| &found.project)
    }

    /// When its Applications are synced; none where there is no project.
    pub fn windows(&self) -> Option<&SyncWindows> {
        self.limits().map(|found| &found.windows)
    }

    fn limits(&self) -> Option<&Found> {
        match &self.limits {
            Limits::Found(found) => Some(found),
            _ => None,
        }
    }

    /// What it does not allow of an Application, whatever its sources render to: its own namespace, its repositories, and
    /// where it goes (Argo CD's `ValidatePermissions`). `control` is the namespace of the control plane, where every project
    /// may have Applications.
    pub fn violations(
        &self,
        application: &Application,
        control: &str,
        destination: &Destination<'_>,
    ) -> Vec<Violation> {
        let found = match &self.limits {
            Limits::Found(found) => found,
            Limits::Elsewhere => return Vec::new(),
            Limits::Everything => {
                let object = format!("the Application `{}`", application.name());
                let reason = format!("there is no AppProject of this name in the namespace `{}`", self.namespace);
                let remedy = "create it, or name another one in the Application's `spec.project`";
                return vec![self.violation("spec.project", object, reason, remedy)];
            }
        };
        let mut violations = Vec::new();
        violations.extend(self.namespace_violation(application, control));
        for address in addresses(application) {
            violations.extend(self.source_violation(found, &address));
        }
        if !found.destinations.permits(destination) {
            violations.push(self.destination_violation(destination));
        }
        violations
    }

    /// Why an object may not be deployed by it: its kind, and where it has one its namespace (Argo CD's
    /// `IsResourcePermitted`).
    pub fn object_violation(&self, object: &ObjectId, destination: &Destination<'_>) -> Option<Violation> {
        let found = self.limits()?;
        if let Err(rule) = found.kinds.check(object) {
            let (group, kind) = (&object.group, &object.kind);
            let (reason, remedy) = if rule.ends_with("Blacklist") {
                ("its kind is listed there", "take the object out of the source, or the kind off the list".to_owned())
            } else {
                let entry = format!("`{{group: {group:?}, kind: {kind}}}`");
                ("no entry there is for it", format!("add {entry} to the list, or take the object out of the source"))
            };
            return Some(self.violation(rule, object, reason, remedy));
        }
        let namespace = object.namespace.as_deref().filter(|namespace| !namespace.is_empty())?;
        let there = Destination { namespace, ..*destination };
        if found.destinations.permits(&there) {
            return None;
        }
        let reason = format!("no entry there allows the namespace `{namespace}` of `{}`", destination.server);
        let remedy = "add one for it, or put the object into a namespace that is allowed";
        Some(self.violation(DESTINATIONS, object, reason, remedy))
    }

    /// Whether an object may be deployed by its kind.
    pub fn allows_kind(&self, object: &ObjectId) -> bool {
        match &self.limits {
            Limits::Found(found) => found.kinds.check(object).is_ok(),
            Limits::Elsewhere => true,
            Limits::Everything => false,
        }
    }

    /// Why an Application may not be in its namespace (Argo CD's `IsAppNamespacePermitted`): one of the control plane's own is
    /// in order, and any other has to be in `sourceNamespaces`.
    pub fn namespace_violation(&self, application: &Application, control: &str) -> Option<Violation> {
        let found = self.limits()?;
        let namespace = application.metadata.namespace().filter(|namespace| *namespace != control)?;
        if namespace.is_empty() || found.namespaces.matches(namespace) {
            return None;
        }
        let object = format!("the Application `{namespace}/{}`", application.name());
        let reason = format!("no pattern there matches the namespace `{namespace}`");
        let remedy = format!("add one, or put the Application into the namespace `{control}`");
        Some(self.violation("spec.sourceNamespaces", object, reason, remedy))
    }

    fn source_violation(&self, found: &Found, address: &str) -> Option<Violation> {
        let (reason, remedy) = match found.sources.verdict(address) {
            SourceVerdict::Permitted => return None,
            SourceVerdict::Excluded(pattern) => {
                (format!("`{pattern}` there excludes it"), "use another repository, or change that pattern")
            }
            SourceVerdict::Unmatched => {
                ("no pattern there matches it".into(), "add it there, or use a repository that is allowed")
            }
        };
        Some(self.violation("spec.sourceRepos", format!("the repository `{address}`"), reason, remedy))
    }

    fn destination_violation(&self, destination: &Destination<'_>) -> Violation {
        let Destination { server, namespace, .. } = destination;
        let object = format!("the destination `{server}` with the namespace `{namespace}`");
        let remedy = "add an entry for it, or deploy to a destination that is allowed";
        self.violation(DESTINATIONS, object, "no entry there allows it", remedy)
    }

    pub(crate) fn violation(
        &self,
        rule: &'static str,
        object: impl fmt::Display,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Violation {
        Violation {
            project: self.name.clone(),
            rule: rule.into(),
            object: object.to_string(),
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }
}

/// Every repository that an Application reads or, with a hydrator, writes.
fn addresses(application: &Application) -> Vec<String> {
    let spec = &application.spec;
    match &spec.source_hydrator {
        Some(hydrator) => vec![hydrator.dry_source().repo_url, hydrator.sync_source().repo_url],
        None => spec.sources().iter().map(|source| source.repo_url.clone()).collect(),
    }
}

#[cfg(test)]
mod tests;
