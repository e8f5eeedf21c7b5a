use http::request::Builder;

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

    pub(crate) fn sign(&self, mut request: Builder) -> Builder {
        request = request.header("Impersonate-User", &self.user);
        for group in &self.groups {
            request = request.header("Impersonate-Group", group);
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_has_the_groups_of_its_token() {
        let request = Identity::service_account("shop", "deployer").sign(http::Request::get("/")).body(()).unwrap();
        assert_eq!(request.headers()["Impersonate-User"], "system:serviceaccount:shop:deployer");
        let groups: Vec<_> = request.headers().get_all("Impersonate-Group").iter().collect();
        assert_eq!(groups, ["system:serviceaccounts", "system:serviceaccounts:shop"]);
    }
}
