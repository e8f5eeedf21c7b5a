//! What a path names.

use super::parameters::decode;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/healthz` and its like.
    Health,
    /// `/version`.
    Version,
    /// `/api`.
    Core,
    /// `/apis`.
    Groups,
    /// `/apis/apps`.
    Group(String),
    /// `/api/v1`, `/apis/apps/v1`.
    Resources(String),
    /// Objects.
    Resource(Place),
}

/// Objects of a resource, one of them, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// `v1`, `apps/v1`.
    pub(super) api_version: String,
    /// Empty for all namespaces and objects of the whole cluster.
    pub(super) namespace: String,
    /// `deployments`.
    pub(super) resource: String,
    /// Empty for all.
    pub(super) name: String,
    /// `status`, `scale`; empty for the object itself.
    pub(super) subresource: String,
}

/// Reads a path.
pub(super) fn route(path: &str) -> Option<Route> {
    let segments: Vec<String> = path.trim_matches('/').split('/').map(|segment| decode(segment, false)).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Some(Route::Health),
        ["version"] => Some(Route::Version),
        ["api"] => Some(Route::Core),
        ["apis"] => Some(Route::Groups),
        ["apis", group] => Some(Route::Group((*group).to_owned())),
        ["api", "v1"] => Some(Route::Resources("v1".to_owned())),
        ["apis", group, version] => Some(Route::Resources(format!("{group}/{version}"))),
        ["api", "v1", rest @ ..] => place("v1".to_owned(), rest).map(Route::Resource),
        ["apis", group, version, rest @ ..] => place(format!("{group}/{version}"), rest).map(Route::Resource),
        _ => None,
    }
}

fn place(api_version: String, rest: &[&str]) -> Option<Place> {
    let (namespace, rest) = match rest {
        // A namespace is an object too, with parts of its own.
        ["namespaces", _, "status" | "finalize"] => ("", rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        _ => ("", rest),
    };
    let (resource, name, subresource) = match rest {
        [resource] => (*resource, "", ""),
        [resource, name] => (*resource, *name, ""),
        [resource, name, subresource] => (*resource, *name, *subresource),
        _ => return None,
    };
    let own = str::to_owned;
    Some(Place {
        api_version,
        namespace: own(namespace),
        resource: own(resource),
        name: own(name),
        subresource: own(subresource),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_objects() {
        let of = |path: &str| match route(path) {
            Some(Route::Resource(p)) => [p.api_version, p.namespace, p.resource, p.name, p.subresource].join(" "),
            other => format!("{other:?}"),
        };
        assert_eq!(of("/api/v1/namespaces"), "v1  namespaces  ");
        assert_eq!(of("/api/v1/namespaces/a"), "v1  namespaces a ");
        assert_eq!(of("/api/v1/namespaces/a/status"), "v1  namespaces a status");
        assert_eq!(of("/api/v1/namespaces/a/pods"), "v1 a pods  ");
        assert_eq!(of("/apis/apps/v1/namespaces/a/deployments/b/scale"), "apps/v1 a deployments b scale");
        assert_eq!(
            of("/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab"),
            "rbac.authorization.k8s.io/v1  clusterroles a:b "
        );
        assert_eq!(of("/apis/apps"), "Some(Group(\"apps\"))");
        assert_eq!(of("/nothing"), "None");
    }
}
