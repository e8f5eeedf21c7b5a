use gitops_core::Value;
use serde_json::json;

/// A Kubernetes object under construction, as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectBuilder(Value);

impl ObjectBuilder {
    /// Sets a field by its names from the root, separated by dots; a name with dots in it is set by [`Self::pointer`].
    #[must_use]
    pub fn set(self, path: &str, value: impl Into<Value>) -> Self {
        self.pointer(&format!("/{}", path.replace('.', "/")), value)
    }

    /// Sets a field by its JSON pointer (RFC 6901). Objects on the way are made; a list must be there already.
    #[must_use]
    pub fn pointer(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let mut place = &mut self.0;
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            if place.is_array() {
                let Some(item) = part.parse::<usize>().ok().and_then(|index| place.get_mut(index)) else {
                    return self;
                };
                place = item;
                continue;
            }
            if !place.is_object() {
                *place = json!({});
            }
            let Value::Object(map) = place else { return self };
            place = map.entry(part).or_insert(Value::Null);
        }
        *place = value.into();
        self
    }

    /// Sets the namespace.
    #[must_use]
    pub fn namespace(self, namespace: &str) -> Self {
        self.set("metadata.namespace", namespace)
    }

    /// Adds a label of the object.
    #[must_use]
    pub fn label(self, key: &str, value: &str) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        self.pointer(&format!("/metadata/labels/{key}"), value)
    }

    /// Adds an annotation of the object.
    #[must_use]
    pub fn annotation(self, key: &str, value: &str) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        self.pointer(&format!("/metadata/annotations/{key}"), value)
    }

    /// Puts the object into a sync wave.
    #[must_use]
    pub fn wave(self, wave: i32) -> Self {
        self.annotation("argocd.argoproj.io/sync-wave", &wave.to_string())
    }

    /// Makes the object a hook of a phase, such as `PreSync`.
    #[must_use]
    pub fn hook(self, phase: &str) -> Self {
        self.annotation("argocd.argoproj.io/hook", phase)
    }

    /// Sets the number of replicas of a workload.
    #[must_use]
    pub fn replicas(self, replicas: u32) -> Self {
        self.set("spec.replicas", replicas)
    }

    /// Sets the image of a workload's first container.
    #[must_use]
    pub fn image(self, image: &str) -> Self {
        self.pointer("/spec/template/spec/containers/0/image", image)
    }

    /// Sets an entry of `data`; the value of a Secret is taken as it is, so it must be base64 already.
    #[must_use]
    pub fn data(self, key: &str, value: &str) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        self.pointer(&format!("/data/{key}"), value)
    }

    /// The object as JSON.
    pub fn build(self) -> Value {
        self.0
    }

    /// The object as a YAML document. JSON is YAML, so it is JSON in the layout of a person.
    pub fn to_yaml(&self) -> String {
        format!("{:#}\n", self.0)
    }
}

impl From<ObjectBuilder> for Value {
    fn from(builder: ObjectBuilder) -> Self {
        builder.0
    }
}

/// An object of any kind, with nothing but its identity.
pub fn object(api_version: &str, kind: &str, name: &str) -> ObjectBuilder {
    ObjectBuilder(json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } }))
}

fn workload(kind: &str, name: &str) -> ObjectBuilder {
    object("apps/v1", kind, name).set("spec", json!({ "selector": selector(name), "template": template(name) }))
}

fn selector(name: &str) -> Value {
    json!({ "matchLabels": { "app": name } })
}

fn template(name: &str) -> Value {
    let container = json!({ "name": name, "image": format!("registry.example/{name}:1") });
    json!({ "metadata": { "labels": { "app": name } }, "spec": { "containers": [container] } })
}

/// A Deployment of one replica and one container, whose pods carry the label `app`.
pub fn deployment(name: &str) -> ObjectBuilder {
    workload("Deployment", name).replicas(1)
}

/// A StatefulSet of one replica and one container.
pub fn stateful_set(name: &str) -> ObjectBuilder {
    workload("StatefulSet", name).replicas(1).set("spec.serviceName", name)
}

/// A DaemonSet of one container.
pub fn daemon_set(name: &str) -> ObjectBuilder {
    workload("DaemonSet", name)
}

/// A Service on port 80 of the pods with the label `app`.
pub fn service(name: &str) -> ObjectBuilder {
    let ports = json!([{ "port": 80, "targetPort": 8080 }]);
    object("v1", "Service", name).set("spec", json!({ "selector": { "app": name }, "ports": ports }))
}

/// A ConfigMap without data.
pub fn config_map(name: &str) -> ObjectBuilder {
    object("v1", "ConfigMap", name)
}

/// An opaque Secret without data.
pub fn secret(name: &str) -> ObjectBuilder {
    object("v1", "Secret", name).set("type", "Opaque")
}

/// A Job that runs one container once.
pub fn job(name: &str) -> ObjectBuilder {
    object("batch/v1", "Job", name)
        .set("spec.template", template(name))
        .set("spec.template.spec.restartPolicy", "Never")
}

/// A CronJob that starts a Job every five minutes.
pub fn cron_job(name: &str) -> ObjectBuilder {
    object("batch/v1", "CronJob", name)
        .set("spec.schedule", "*/5 * * * *")
        .set("spec.jobTemplate.spec.template", template(name))
        .set("spec.jobTemplate.spec.template.spec.restartPolicy", "Never")
}

/// A Namespace.
pub fn namespace(name: &str) -> ObjectBuilder {
    object("v1", "Namespace", name)
}

/// A ServiceAccount.
pub fn service_account(name: &str) -> ObjectBuilder {
    object("v1", "ServiceAccount", name)
}

/// A PersistentVolumeClaim of one gibibyte.
pub fn persistent_volume_claim(name: &str) -> ObjectBuilder {
    object("v1", "PersistentVolumeClaim", name)
        .set("spec", json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } }))
}

/// The definition of a namespaced kind, version `v1`, whose `spec` takes anything and whose `status` is a subresource.
pub fn custom_resource_definition(group: &str, kind: &str) -> ObjectBuilder {
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let schema = json!({ "type": "object", "properties": { "spec": open, "status": open } });
    object("apiextensions.k8s.io/v1", "CustomResourceDefinition", &format!("{plural}.{group}")).set(
        "spec",
        json!({
            "group": group,
            "names": { "kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": singular },
            "scope": "Namespaced",
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": schema }, "subresources": { "status": {} },
            }],
        }),
    )
}

/// An Application of a path in a repository, for the cluster it lives in, in the project `default`.
pub fn application(name: &str, repository: &str, path: &str) -> ObjectBuilder {
    let source = json!({ "repoURL": repository, "path": path, "targetRevision": "HEAD" });
    let destination = json!({ "server": "https://kubernetes.default.svc", "namespace": "default" });
    object("argoproj.io/v1alpha1", "Application", name)
        .namespace("argocd")
        .set("spec", json!({ "project": "default", "source": source, "destination": destination }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_set_by_path_and_pointer() {
        let built = deployment("web").replicas(3).image("web:2").label("a.b/c", "d").wave(-1).build();
        assert_eq!(built.pointer("/spec/replicas"), Some(&json!(3)));
        assert_eq!(built.pointer("/spec/template/spec/containers/0/image"), Some(&json!("web:2")));
        assert_eq!(built.pointer("/metadata/labels/a.b~1c"), Some(&json!("d")));
        assert_eq!(built.pointer("/metadata/annotations/argocd.argoproj.io~1sync-wave"), Some(&json!("-1")));
    }
}
