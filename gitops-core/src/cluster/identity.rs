/// Who is called for, by impersonation (Kubernetes, "User impersonation").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    user: String,
    groups: Vec<String>,
}

impl Identity {
    /// A user in groups.
    pub fn new(user: impl Into<String>, groups: Vec<String>) -> Self {
        Self { user: user.into(), groups }
    }

    /// A service account, in the groups that its own token gives it.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
        Self::new(format!("system:serviceaccount:{namespace}:{name}"), groups.into())
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The groups that the user is in.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }
}
