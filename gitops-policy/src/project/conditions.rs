//! What Argo CD says in the conditions of an Application that its project does not allow, whatever its sources render to:
//! `refreshAppConditions` (controller/appcontroller.go) and `ValidatePermissions` (util/argo/argo.go), v3.5.

use gitops_core::api::{Application, ApplicationConditionType, ApplicationSource, SourceHydrator};

use super::{Destination, Found, Limits, Project, SourceVerdict};

/// A condition: its type, and its words.
pub type Condition = (ApplicationConditionType, String);

impl Project {
    /// Why an Application cannot be looked at; nothing where its project allows its namespace, its sources and its
    /// destination. `control` is the namespace of the control plane. Where the destination is no cluster that is known, the
    /// words for that take its place.
    pub fn conditions(
        &self,
        application: &Application,
        control: &str,
        destination: Result<&Destination<'_>, String>,
    ) -> Vec<Condition> {
        let found = match &self.limits {
            Limits::Found(found) => Some(found.as_ref()),
            Limits::Elsewhere => None,
            Limits::Everything => {
                let name = &application.spec.project;
                return vec![invalid(format!("Application referencing project {name} which does not exist"))];
            }
        };
        if self.namespace_violation(application, control).is_some() {
            let namespace = application.metadata.namespace().unwrap_or_default();
            let (application, project) = (application.name(), self.name());
            let words = format!(
                "application '{application}' in namespace '{namespace}' is not permitted to use project '{project}'"
            );
            return vec![(ApplicationConditionType::UnknownError, words)];
        }
        let mut conditions = match self.source_conditions(application, found) {
            Ok(conditions) => conditions,
            Err(unusable) => return vec![invalid(unusable)],
        };
        match destination {
            Err(unknown) => conditions.push(invalid(unknown)),
            Ok(there) if found.is_some_and(|found| !found.destinations.permits(there)) => {
                let by_name = application.spec.destination.name().is_some();
                let (server, namespace) = (if by_name { there.name } else { there.server }, there.namespace);
                let project = self.name();
                conditions.push(invalid(format!(
                    "application destination server '{server}' and namespace '{namespace}' do not match any of the allowed \
                     destinations in project '{project}'"
                )));
            }
            Ok(_) => {}
        }
        conditions
    }

    /// What is not allowed of the sources, or why they cannot be used at all.
    fn source_conditions(&self, application: &Application, found: Option<&Found>) -> Result<Vec<Condition>, String> {
        let spec = &application.spec;
        let refused =
            |address: &str| found.is_some_and(|found| found.sources.verdict(address) != SourceVerdict::Permitted);
        let mut conditions = Vec::new();
        let mut check = |what: &str, address: &str| {
            if refused(address) {
                let project = self.name();
                conditions.push(invalid(format!("{what} repo {address} is not permitted in project '{project}'")));
            }
        };
        if let Some(hydrator) = &spec.source_hydrator {
            check_hydrator(hydrator)?;
            let (dry, sync) = (hydrator.dry_source().repo_url, hydrator.sync_source().repo_url);
            check("application", &dry);
            if sync != dry {
                check("sync source", &sync);
            }
            return Ok(conditions);
        }
        for source in spec.sources().iter() {
            check_source(source, spec.has_multiple_sources())?;
            check("application", &source.repo_url);
        }
        Ok(conditions)
    }
}

fn invalid(words: String) -> Condition {
    (ApplicationConditionType::InvalidSpecError, words)
}

fn check_source(source: &ApplicationSource, is_one_of_several: bool) -> Result<(), String> {
    let is_reference = is_one_of_several && source.reference().is_some();
    if source.repo_url.is_empty() || source.path().is_none() && source.chart().is_none() && !is_reference {
        return Err(if is_one_of_several {
            let address = &source.repo_url;
            format!(
                "spec.source.repoURL and either source.path, source.chart, or source.ref are required for source {address}"
            )
        } else {
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required".into()
        });
    }
    if source.chart().is_some() && source.target_revision().is_none() {
        return Err("spec.source.targetRevision is required if the manifest source is a helm chart".into());
    }
    Ok(())
}

fn check_hydrator(hydrator: &SourceHydrator) -> Result<(), String> {
    let rules = [
        (hydrator.dry_source.repo_url.is_empty(), "spec.sourceHydrator.drySource.repoURL is required"),
        (hydrator.sync_source.target_branch.is_empty(), "spec.sourceHydrator.syncSource.targetBranch is required"),
        (
            hydrator.hydrate_to.as_ref().is_some_and(|there| there.target_branch.is_empty()),
            "when spec.sourceHydrator.hydrateTo is set, spec.sourceHydrator.hydrateTo.targetBranch is required",
        ),
    ];
    rules.into_iter().find(|(is_broken, _)| *is_broken).map_or(Ok(()), |(_, words)| Err(words.into()))
}
