//! What an Application's project allows of its sources.

use gitops_core::Need;
use gitops_core::api::{API_VERSION, APP_PROJECT_KIND, AppProject};
use gitops_core::cluster::{Cluster, ClusterError, ErrorKind};
use gitops_core::need::without_password;
use gitops_core::{GroupVersionKind, ObjectId};
use globset::{GlobBuilder, GlobMatcher};

/// A project, or the knowledge that there is none.
#[derive(Clone, Debug)]
pub struct Project {
    name: String,
    namespace: String,
    found: Option<AppProject>,
}

impl Project {
    /// A project that there is.
    pub fn new(project: AppProject) -> Self {
        let namespace = project.metadata.namespace().unwrap_or_default().to_owned();
        Self { name: project.metadata.name().to_owned(), namespace, found: Some(project) }
    }

    /// A project that allows everything, for a person who looks at their own repository.
    pub fn unlimited() -> Self {
        let mut project = AppProject::new("default", None);
        project.spec.source_repos = Some(vec!["*".into(), "file:///**".into()]);
        Self::new(project)
    }

    /// A project that there is not: it allows nothing.
    pub fn absent(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), found: None }
    }

    /// The project of a cluster.
    ///
    /// # Errors
    /// Where the cluster fails. That there is no such project, or that it cannot be read, is no failure: nothing is
    /// allowed then.
    pub async fn of(cluster: &dyn Cluster, namespace: &str, name: &str) -> Result<Self, ClusterError> {
        let gvk = GroupVersionKind::from_api_version(API_VERSION, APP_PROJECT_KIND);
        let reference = ObjectId::new(&gvk.group, &gvk.kind, Some(namespace), name).at_version(&gvk.version);
        let found = match cluster.get(&reference).await {
            Ok(found) => found,
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::UnknownKind) => None,
            Err(error) => return Err(error),
        };
        let typed = found.and_then(|object| serde_json::from_value(object.body().clone().into()).ok());
        Ok(Self { found: typed, ..Self::absent(namespace, name) })
    }

    /// The project, where there is one.
    pub fn found(&self) -> Option<&AppProject> {
        self.found.as_ref()
    }

    /// Whether its `sourceRepos` allow what a render needs from elsewhere, as Argo CD holds the repositories of sources to
    /// them (`AppProject.IsSourcePermitted`): some pattern matches, and none that starts with `!` does. A repository of
    /// this machine is not meant by `*` alone.
    ///
    /// # Errors
    /// Why it is not allowed, and what would allow it.
    pub fn allows(&self, need: &Need) -> Result<(), String> {
        let address = match need {
            Need::Repository(need) => without_password(&need.address),
            Need::File { url } => without_password(url),
            Need::Chart(need) => without_password(&need.repository),
            other => return Err(format!("projects say nothing of {other}")),
        };
        let Self { name, namespace, found } = self;
        let Some(project) = found else {
            return Err(format!(
                "what lies elsewhere is off by default, and there is no AppProject `{name}` in the namespace `{namespace}`; \
                 one whose `spec.sourceRepos` has `{address}` allows it"
            ));
        };
        let patterns = project.spec.source_repos.as_deref().unwrap_or_default();
        let (not, some): (Vec<&str>, Vec<&str>) =
            patterns.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
        let plain = normal(&address);
        if let Some(pattern) = not.iter().find(|pattern| matches(pattern.trim_start_matches('!'), &plain)) {
            return Err(format!("the AppProject `{name}` excludes it by `{pattern}` in `spec.sourceRepos`"));
        }
        let local = plain.starts_with("file://");
        if some.iter().any(|pattern| !(local && *pattern == "*") && matches(pattern, &plain)) {
            return Ok(());
        }
        Err(format!("the AppProject `{name}` does not allow it; `{address}` in its `spec.sourceRepos` would"))
    }
}

fn matches(pattern: &str, address: &str) -> bool {
    pattern == "*" || glob(&normal(pattern)).is_some_and(|glob| glob.is_match(address))
}

/// `*` ends at a slash, `**` does not, as Argo CD compiles these patterns.
fn glob(pattern: &str) -> Option<GlobMatcher> {
    GlobBuilder::new(pattern).literal_separator(true).build().ok().map(|glob| glob.compile_matcher())
}

/// An address in the form in which Argo CD compares them (`NormalizeGitURL`): lower case, without `.git`, ssh in one form.
fn normal(address: &str) -> String {
    let lower = address.trim().to_lowercase();
    let lower = lower.strip_suffix(".git").unwrap_or(&lower);
    // Argo CD writes registries without a scheme.
    let lower = lower.strip_prefix("oci://").unwrap_or(lower);
    if let Some(rest) = lower.strip_prefix("ssh://") {
        return rest.into();
    }
    match lower.split_once(':') {
        Some((host, path)) if host.contains('@') && !path.starts_with("//") => format!("{host}/{path}"),
        _ => lower.into(),
    }
}

#[cfg(test)]
mod tests {
    use gitops_core::need::RepositoryNeed;

    use super::*;

    fn allows(patterns: &[&str], address: &str) -> Result<(), String> {
        let mut project = AppProject::new("shop", Some("argocd".into()));
        project.spec.source_repos = Some(patterns.iter().map(|pattern| (*pattern).into()).collect());
        Project::new(project).allows(&Need::Repository(RepositoryNeed::new(address)))
    }

    #[test]
    fn patterns_allow_and_exclude() {
        let address = "https://github.com/Org/repo.git";
        for patterns in [&["*"][..], &["https://github.com/org/repo"], &["https://github.com/org/*"], &["!x", "*"]] {
            assert_eq!(allows(patterns, address), Ok(()), "{patterns:?}");
        }
        for patterns in [&[][..], &["https://github.com/*"], &["https://github.com/other/*"], &["*", "!https://*/**"]] {
            assert!(allows(patterns, address).is_err(), "{patterns:?}");
        }
        assert_eq!(allows(&["git@host.example:org/*"], "ssh://git@host.example/org/repo"), Ok(()));
        assert_eq!(
            allows(&["x"], "https://me:secret@host.example/a").unwrap_err(),
            "the AppProject `shop` does not allow it; `https://me@host.example/a` in its `spec.sourceRepos` would"
        );
    }

    #[test]
    fn repositories_of_this_machine_are_named() {
        assert!(allows(&["*"], "file:///srv/repo").is_err());
        assert_eq!(allows(&["file:///srv/*"], "file:///srv/repo"), Ok(()));
    }

    #[tokio::test]
    async fn projects_are_read_from_the_cluster() {
        use gitops_core::Object;
        use gitops_core::cluster::{Verb, Write};
        use gitops_embedded::{EmbeddedCluster, Options};

        let cluster = EmbeddedCluster::in_memory(&Options::new()).unwrap();
        let need = Need::Repository(RepositoryNeed::new("https://host.example/bases"));
        assert!(Project::of(&cluster, "argocd", "shop").await.unwrap().allows(&need).is_err());
        for object in [
            serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}),
            serde_json::json!({
                "apiVersion": API_VERSION,
                "kind": APP_PROJECT_KIND,
                "metadata": {"name": "shop", "namespace": "argocd"},
                "spec": {"sourceRepos": ["https://host.example/*"]},
            }),
        ] {
            let object = Object::from_value(object).unwrap();
            // The namespace may be there already.
            drop(cluster.write(Write::new(&object, Verb::Create, "test")).await);
        }
        assert_eq!(Project::of(&cluster, "argocd", "shop").await.unwrap().allows(&need), Ok(()));
        assert!(Project::of(&cluster, "argocd", "other").await.unwrap().allows(&need).is_err());
    }

    #[test]
    fn nothing_is_allowed_without_a_project() {
        let absent = Project::absent("argocd", "shop");
        let reason = absent.allows(&Need::File { url: "https://host.example/a.yaml".into() }).unwrap_err();
        assert!(reason.contains("no AppProject `shop` in the namespace `argocd`"), "{reason}");
    }
}
