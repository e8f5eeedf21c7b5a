//! The ownership mark: Argo CD's tracking annotation, `<application>:<group>/<kind>:<namespace>/<name>`.

use gitops_core::{Object, ObjectId, annotations::TRACKING_ID};

/// The mark that an application puts on an object.
pub fn mark(application: &str, id: &ObjectId) -> String {
    let namespace = id.namespace.as_deref().unwrap_or_default();
    format!("{application}:{}/{}:{namespace}/{}", id.group, id.kind, id.name)
}

/// Who owns an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody has marked it, or the mark was copied from another object.
    Nobody,
    /// This application.
    Ours,
    /// Another application.
    Other(String),
}

/// Who owns a live object, from the view of `application`. A mark that names another object was copied by a controller
/// or a person, and marks nothing.
pub fn owner(object: &Object, application: &str) -> Owner {
    let Some((name, rest)) = object.annotation(TRACKING_ID).and_then(|mark| mark.split_once(':')) else {
        return Owner::Nobody;
    };
    let id = object.id();
    let own = mark("", &id);
    // Argo CD writes the destination's namespace for objects of the whole cluster too.
    let cluster_wide =
        || id.namespace.is_none() && without_namespace(rest) == without_namespace(own.trim_start_matches(':'));
    if rest != own.trim_start_matches(':') && !cluster_wide() {
        return Owner::Nobody;
    }
    if name == application { Owner::Ours } else { Owner::Other(name.into()) }
}

fn without_namespace(mark: &str) -> Option<(&str, &str)> {
    let (kind, object) = mark.rsplit_once(':')?;
    Some((kind, object.rsplit_once('/')?.1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_copied_mark_marks_nothing() {
        let object = |name: &str, mark: &str| {
            let metadata = json!({"name": name, "namespace": "shop", "annotations": {TRACKING_ID: mark}});
            Object::from_value(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata})).unwrap()
        };
        let mark = mark("web", &object("a", "").id());
        assert_eq!(mark, "web:apps/Deployment:shop/a");
        assert_eq!(owner(&object("a", &mark), "web"), Owner::Ours);
        assert_eq!(owner(&object("a", &mark), "other"), Owner::Other("web".into()));
        assert_eq!(owner(&object("b", &mark), "web"), Owner::Nobody);
    }
}
