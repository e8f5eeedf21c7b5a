//! Roles of projects, as lines of a policy.

use gitops_core::api::AppProject;

/// The policies of a project's roles (Argo CD's `ProjectPoliciesString`): each role may look at its project, do what its own
/// lines say, and is had by its groups.
pub fn project_policy(project: &AppProject) -> String {
    let name = project.name();
    let mut lines = Vec::new();
    for role in project.spec.roles.iter().flatten() {
        let subject = subject(name, &role.name);
        lines.push(format!("p, {subject}, projects, get, {name}, allow"));
        lines.extend(role.policies.iter().flatten().cloned());
        lines.extend(role.groups.iter().flatten().map(|group| format!("g, {group}, {subject}")));
    }
    lines.join("\n")
}

/// What a role is called in policies.
pub(crate) fn subject(project: &str, role: &str) -> String {
    format!("proj:{project}:{role}")
}

/// Whether a token of a role is one that the project knows, by its identity or, for older ones, by when it was made in
/// seconds since 1970: one that was taken back is not.
pub fn knows_token(project: &AppProject, role: &str, issued_at: Option<i64>, id: &str) -> bool {
    let of_status = project.status.iter().filter_map(|status| status.jwt_tokens_by_role.as_ref()?.get(role));
    let of_status = of_status.flat_map(|tokens| tokens.items.iter().flatten());
    let roles = project.spec.roles.iter().flatten().filter(|one| one.name == role);
    let of_spec = roles.flat_map(|role| role.jwt_tokens.iter().flatten());
    let mut tokens = of_status.chain(of_spec);
    tokens.any(|token| !id.is_empty() && token.id.as_deref() == Some(id) || issued_at == Some(token.issued_at))
}
