//! Who may do what: Argo CD's RBAC. A policy is lines of CSV; a request is allowed where some line allows it and none denies
//! it. What casbin decides there by its model is decided here by the same rules.

mod builtin;
mod csv;
mod regular;
mod roles;
mod rules;
mod subject;

use std::collections::BTreeMap;

use gitops_core::Map;
use gitops_core::api::AppProject;

pub(crate) use roles::subject as subject_of_role;
pub use roles::{knows_token, project_policy};
pub use rules::{MatchMode, PolicyError, Request};
pub use subject::Subject;

use rules::{Rules, allow};

/// The prefix and the suffix of the keys of the ConfigMap `argocd-rbac-cm` that hold policies.
const KEY: (&str, &str) = ("policy.", ".csv");
/// Its key that comes first.
const FIRST_KEY: &str = "policy.csv";

/// How RBAC is configured.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RbacSettings {
    /// The policy, as lines of CSV.
    pub policy: String,
    /// The role that everybody has; none where it is empty.
    pub default_role: String,
    /// How patterns are written.
    pub mode: MatchMode,
    /// The claims that name groups.
    pub scopes: Vec<String>,
    /// Whether Argo CD's own roles are there.
    pub builtin: bool,
}

impl Default for RbacSettings {
    fn default() -> Self {
        Self {
            policy: String::new(),
            default_role: String::new(),
            mode: MatchMode::Glob,
            scopes: vec!["groups".into()],
            builtin: true,
        }
    }
}

/// The policy of a ConfigMap: `policy.csv`, then every other `policy.*.csv` by name.
pub fn policy_of(data: &BTreeMap<String, String>) -> String {
    let mut policy = data.get(FIRST_KEY).cloned().unwrap_or_default();
    for (key, text) in data {
        if key != FIRST_KEY && key.starts_with(KEY.0) && key.ends_with(KEY.1) {
            policy.push('\n');
            policy.push_str(text);
        }
    }
    policy
}

/// Whether a policy can be used.
///
/// # Errors
/// The first line that is none.
pub fn check_policy(policy: &str) -> Result<(), PolicyError> {
    Rules::parse(policy, MatchMode::Glob).map(drop)
}

/// Decides what subjects may do.
#[derive(Clone, Debug)]
pub struct Enforcer {
    builtin: Rules,
    own: Rules,
    /// What the roles of each project add; nothing where their policies cannot be used.
    projects: BTreeMap<String, Rules>,
    default_role: String,
    mode: MatchMode,
    scopes: Vec<String>,
}

impl Enforcer {
    /// Reads a policy.
    ///
    /// # Errors
    /// Where a line of it is none.
    pub fn new(settings: &RbacSettings) -> Result<Self, PolicyError> {
        Ok(Self {
            builtin: if settings.builtin { builtin::rules(settings.mode) } else { Rules::default() },
            own: Rules::parse(&settings.policy, settings.mode)?,
            projects: BTreeMap::new(),
            default_role: settings.default_role.clone(),
            mode: settings.mode,
            scopes: settings.scopes.clone(),
        })
    }

    /// Takes a project in, in place of an earlier one of its name. Policies that cannot be used are left out, all of the
    /// project together.
    pub fn add_project(&mut self, project: &AppProject) {
        let rules = Rules::parse(&project_policy(project), self.mode).unwrap_or_default();
        self.projects.insert(project.name().into(), rules);
    }

    /// Forgets a project.
    pub fn remove_project(&mut self, name: &str) {
        self.projects.remove(name);
    }

    /// Whether somebody may do something.
    pub fn allows(&self, subject: Subject<'_>, request: Request<'_>) -> bool {
        let common = [&self.builtin, &self.own];
        let claims = match subject {
            Subject::Name(name) => return self.permits(&common, name, request),
            Subject::Claims(claims) => claims,
        };
        // Who has no claims that allow it may still be allowed what nobody in particular may do.
        self.permits_claims(claims, request) || self.permits(&common, "", request)
    }

    fn permits_claims(&self, claims: &Map, request: Request<'_>) -> bool {
        let user = subject::user(claims);
        let mut layers = vec![&self.builtin, &self.own];
        if let Some((name, rules)) = self.project_of(request) {
            layers.push(rules);
            if let Some((of, _)) = subject::project_role(user) {
                return of == name && self.permits(&layers, user, request);
            }
        }
        if self.permits(&layers, user, request) {
            return true;
        }
        let known = |group: &&str| layers.iter().any(|rules| rules.has_member(group));
        subject::groups(claims, &self.scopes).filter(known).any(|group| self.permits(&layers, group, request))
    }

    /// By the role that everybody has, or by the subject's own.
    fn permits(&self, layers: &[&Rules], subject: &str, request: Request<'_>) -> bool {
        let by_default = !self.default_role.is_empty() && allow(layers, &self.default_role, request);
        by_default || allow(layers, subject, request)
    }

    /// The project that a request is about, where it is known.
    fn project_of(&self, request: Request<'_>) -> Option<(&str, &Rules)> {
        let name = match request.resource {
            "applications" | "applicationsets" | "repositories" | "clusters" | "logs" | "exec" => {
                request.object.split_once('/')?.0
            }
            "projects" => request.object,
            _ => return None,
        };
        self.projects.get_key_value(name).map(|(name, rules)| (name.as_str(), rules))
    }
}

#[cfg(test)]
mod tests;
