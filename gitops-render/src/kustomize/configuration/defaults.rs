//! The built-in configuration of kustomize v5.8.1 (`api/internal/konfig/builtinpluginconsts`), as short tables: most
//! fields lie in a pod, and a pod lies in a few kinds at a path of its own.

use super::{Configuration, NameReference};
use crate::kustomize::field_spec::FieldSpec;
use crate::kustomize::model::Field;

/// `[group/]version?` and kind, written `group version Kind` with `-` for any.
type Kind = (&'static str, &'static str, &'static str);

/// Kinds with a pod, and where the pod's specification is.
const PODS: &[(Kind, &str)] = &[
    (("", "v1", "Pod"), "spec"),
    (("", "", "PodTemplate"), "template/spec"),
    (("", "", "Deployment"), "spec/template/spec"),
    (("", "", "ReplicaSet"), "spec/template/spec"),
    (("", "", "DaemonSet"), "spec/template/spec"),
    (("", "", "StatefulSet"), "spec/template/spec"),
    (("", "", "Job"), "spec/template/spec"),
    (("", "", "CronJob"), "spec/jobTemplate/spec/template/spec"),
];
/// Kinds whose pods name accounts, claims and priorities.
const WORKLOADS: &[(Kind, &str)] = &[
    (("", "", "Pod"), "spec"),
    (("", "", "StatefulSet"), "spec/template/spec"),
    (("", "", "Deployment"), "spec/template/spec"),
    (("", "", "ReplicationController"), "spec/template/spec"),
    (("", "", "CronJob"), "spec/jobTemplate/spec/template/spec"),
    (("", "", "Job"), "spec/template/spec"),
    (("", "", "DaemonSet"), "spec/template/spec"),
];
const CONFIG_MAP_IN_POD: &[&str] = &[
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
];
const SECRET_IN_POD: &[&str] = &[
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
];
const VARIABLES_IN_POD: &[&str] = &[
    "containers/args",
    "containers/command",
    "containers/env/value",
    "containers/volumeMounts/mountPath",
    "initContainers/args",
    "initContainers/command",
    "initContainers/env/value",
    "initContainers/volumeMounts/mountPath",
];

/// Fields of single kinds: the path, and the kind that has it.
type Fields = &'static [(&'static str, Kind)];

const CONFIG_MAP_ELSEWHERE: Fields = &[
    ("spec/configSource/configMap", ("", "", "Node")),
    ("rules/resourceNames", ("", "", "Role")),
    ("rules/resourceNames", ("", "", "ClusterRole")),
    (r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap", ("", "", "Ingress")),
];
const SECRET_ELSEWHERE: Fields = &[
    ("spec/tls/secretName", ("", "", "Ingress")),
    (r"metadata/annotations/ingress.kubernetes.io\/auth-secret", ("", "", "Ingress")),
    (r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret", ("", "", "Ingress")),
    (r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret", ("", "", "Ingress")),
    ("imagePullSecrets/name", ("", "", "ServiceAccount")),
    ("parameters/secretName", ("", "", "StorageClass")),
    ("parameters/adminSecretName", ("", "", "StorageClass")),
    ("parameters/userSecretName", ("", "", "StorageClass")),
    ("parameters/secretRef", ("", "", "StorageClass")),
    ("rules/resourceNames", ("", "", "Role")),
    ("rules/resourceNames", ("", "", "ClusterRole")),
    ("spec/template/spec/containers/env/valueFrom/secretKeyRef/name", ("serving.knative.dev", "v1", "Service")),
    ("spec/azureFile/secretName", ("", "", "PersistentVolume")),
];
const ADMISSION: &str = "admissionregistration.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const SERVICE: Fields = &[
    ("spec/serviceName", ("apps", "", "StatefulSet")),
    ("spec/rules/http/paths/backend/serviceName", ("", "", "Ingress")),
    ("spec/backend/serviceName", ("", "", "Ingress")),
    ("spec/rules/http/paths/backend/service/name", ("", "", "Ingress")),
    ("spec/defaultBackend/service/name", ("", "", "Ingress")),
    ("spec/service/name", ("apiregistration.k8s.io", "", "APIService")),
    ("webhooks/clientConfig/service", (ADMISSION, "", "ValidatingWebhookConfiguration")),
    ("webhooks/clientConfig/service", (ADMISSION, "", "MutatingWebhookConfiguration")),
];
const SUBJECTS: Fields = &[("subjects", (RBAC, "", "RoleBinding")), ("subjects", (RBAC, "", "ClusterRoleBinding"))];
const CLUSTER_ROLE: Fields =
    &[("roleRef/name", (RBAC, "", "RoleBinding")), ("roleRef/name", (RBAC, "", "ClusterRoleBinding"))];
const SCALED: Fields = &[("spec/scaleTargetRef/name", ("", "", "HorizontalPodAutoscaler"))];
const PERSISTENT_VOLUME: Fields =
    &[("spec/volumeName", ("", "", "PersistentVolumeClaim")), ("rules/resourceNames", ("", "", "ClusterRole"))];
const STORAGE_CLASS: Fields = &[
    ("spec/storageClassName", ("", "", "PersistentVolume")),
    ("spec/storageClassName", ("", "", "PersistentVolumeClaim")),
    ("spec/volumeClaimTemplates/spec/storageClassName", ("", "", "StatefulSet")),
];
const TEMPLATE_METADATA: Fields = &[
    ("spec/template/metadata", ("", "v1", "ReplicationController")),
    ("spec/template/metadata", ("", "", "Deployment")),
    ("spec/template/metadata", ("", "", "ReplicaSet")),
    ("spec/template/metadata", ("", "", "DaemonSet")),
];
const BATCH_METADATA: Fields = &[
    ("spec/template/metadata", ("batch", "", "Job")),
    ("spec/jobTemplate/metadata", ("batch", "", "CronJob")),
    ("spec/jobTemplate/spec/template/metadata", ("batch", "", "CronJob")),
];
const SELECTORS: Fields = &[
    ("spec/selector", ("", "v1", "Service")),
    ("spec/selector", ("", "v1", "ReplicationController")),
    ("spec/selector/matchLabels", ("", "", "Deployment")),
    ("spec/selector/matchLabels", ("", "", "ReplicaSet")),
    ("spec/selector/matchLabels", ("", "", "DaemonSet")),
    ("spec/selector/matchLabels", ("apps", "", "StatefulSet")),
];
/// Selectors that are not made where they are missing.
const OTHER_SELECTORS: Fields = &[
    ("spec/selector/matchLabels", ("batch", "", "Job")),
    ("spec/jobTemplate/spec/selector/matchLabels", ("batch", "", "CronJob")),
    ("spec/selector/matchLabels", ("policy", "", "PodDisruptionBudget")),
    ("spec/podSelector/matchLabels", ("networking.k8s.io", "", "NetworkPolicy")),
    ("spec/ingress/from/podSelector/matchLabels", ("networking.k8s.io", "", "NetworkPolicy")),
    ("spec/egress/to/podSelector/matchLabels", ("networking.k8s.io", "", "NetworkPolicy")),
];
const AFFINITIES: &[&str] = &[
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "topologySpreadConstraints/labelSelector/matchLabels",
];
const IMAGES: &[&str] = &["containers[]/image", "initContainers[]/image", "volumes[]/image/reference"];
const VARIABLES_ELSEWHERE: Fields = &[
    ("spec/template/metadata/annotations", ("", "", "Deployment")),
    ("spec/rules/host", ("", "", "Ingress")),
    ("spec/tls/hosts", ("", "", "Ingress")),
    ("spec/tls/secretName", ("", "", "Ingress")),
    ("spec/ports/port", ("", "", "Service")),
    ("spec/ports/targetPort", ("", "", "Service")),
    // Of a CronJob's, kustomize means a place where no volumes are; of a StatefulSet's, those of its claims.
    ("spec/jobTemplate/spec/template/volumes/nfs/server", ("", "", "CronJob")),
    ("spec/template/spec/volumes/nfs/server", ("", "", "DaemonSet")),
    ("spec/template/spec/volumes/nfs/server", ("", "", "Deployment")),
    ("spec/template/spec/volumes/nfs/server", ("", "", "Job")),
    ("spec/volumes/nfs/server", ("", "", "Pod")),
    ("spec/template/spec/volumes/nfs/server", ("", "", "ReplicaSet")),
    ("spec/volumeClaimTemplates/spec/nfs/server", ("", "", "StatefulSet")),
    ("spec/nfs/server", ("", "", "PersistentVolume")),
    ("metadata/labels", ("", "", "")),
    ("metadata/annotations", ("", "", "")),
];

pub(super) fn configuration() -> Configuration {
    let metadata = |field: &str, group: &'static str| {
        let stateful = [("spec/template/metadata", (group, "", "StatefulSet"))];
        let templates = TEMPLATE_METADATA.iter().chain(&stateful).chain(BATCH_METADATA);
        let templates = templates.map(|(path, kind)| spec(&format!("{path}/{field}"), *kind, true));
        std::iter::once(FieldSpec::any(&format!("metadata/{field}"), true)).chain(templates).collect::<Vec<_>>()
    };
    let mut template_labels = metadata("labels", "apps");
    template_labels.push(spec("spec/volumeClaimTemplates[]/metadata/labels", ("apps", "", "StatefulSet"), true));
    let mut common_labels = specs(SELECTORS, true);
    for kind in ["Deployment", "StatefulSet"] {
        common_labels.extend(
            AFFINITIES.iter().map(|path| spec(&format!("spec/template/spec/{path}"), ("apps", "", kind), false)),
        );
    }
    common_labels.extend(specs(OTHER_SELECTORS, false));
    for field in &template_labels {
        if !common_labels.iter().any(|known| known.covers(field)) {
            common_labels.push(field.clone());
        }
    }
    let images = ["spec", "spec/template/spec"].iter().flat_map(|pod| IMAGES.iter().map(move |path| (pod, path)));
    let scaled_kinds = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];
    let mut variables: Vec<FieldSpec> = in_pods(PODS, VARIABLES_IN_POD);
    variables.extend(specs(VARIABLES_ELSEWHERE, false));
    Configuration {
        name_prefix: vec![FieldSpec::any("metadata/name", false)],
        name_suffix: vec![FieldSpec::any("metadata/name", false)],
        namespace: vec![
            spec("metadata/name", ("", "", "Namespace"), true),
            spec("spec/service/namespace", ("apiregistration.k8s.io", "", "APIService"), true),
            spec(
                "spec/conversion/webhook/clientConfig/service/namespace",
                ("apiextensions.k8s.io", "", "CustomResourceDefinition"),
                false,
            ),
        ],
        common_labels,
        labels: Vec::new(),
        template_labels,
        common_annotations: metadata("annotations", ""),
        name_references: name_references(&scaled_kinds),
        variable_references: variables,
        images: images.map(|(pod, path)| FieldSpec::any(&format!("{pod}/{path}"), true)).collect(),
        replicas: scaled_kinds.iter().map(|kind| spec("spec/replicas", ("", "", kind), true)).collect(),
    }
}

fn name_references(scaled_kinds: &[&'static str]) -> Vec<NameReference> {
    let with_pods = |pods, paths, others| {
        let mut fields = in_pods(pods, paths);
        fields.extend(specs(others, false));
        fields
    };
    let mut references: Vec<NameReference> =
        scaled_kinds.iter().map(|kind| reference(("", "", kind), specs(SCALED, false))).collect();
    references.extend([
        reference(("", "v1", "ConfigMap"), with_pods(PODS, CONFIG_MAP_IN_POD, CONFIG_MAP_ELSEWHERE)),
        reference(("", "v1", "Secret"), with_pods(PODS, SECRET_IN_POD, SECRET_ELSEWHERE)),
        reference(("", "v1", "Service"), specs(SERVICE, false)),
        reference((RBAC, "", "Role"), specs(&[("roleRef/name", (RBAC, "", "RoleBinding"))], false)),
        reference((RBAC, "", "ClusterRole"), specs(CLUSTER_ROLE, false)),
        reference(("", "v1", "ServiceAccount"), {
            let mut fields = specs(SUBJECTS, false);
            fields.extend(in_pods(WORKLOADS, &["serviceAccountName"]));
            fields
        }),
        reference(
            ("", "v1", "PersistentVolumeClaim"),
            in_pods(WORKLOADS, &["volumes/persistentVolumeClaim/claimName"]),
        ),
        reference(("", "v1", "PersistentVolume"), specs(PERSISTENT_VOLUME, false)),
        reference(("storage.k8s.io", "v1", "StorageClass"), specs(STORAGE_CLASS, false)),
        reference(("scheduling.k8s.io", "v1", "PriorityClass"), in_pods(WORKLOADS, &["priorityClassName"])),
        reference(
            (ADMISSION, "", "ValidatingAdmissionPolicy"),
            specs(&[("spec/policyName", (ADMISSION, "", "ValidatingAdmissionPolicyBinding"))], false),
        ),
    ]);
    references
}

fn reference((group, version, kind): Kind, fields: Vec<FieldSpec>) -> NameReference {
    NameReference { group: group.into(), version: version.into(), kind: kind.into(), fields }
}

fn in_pods(pods: &[(Kind, &str)], paths: &[&str]) -> Vec<FieldSpec> {
    let fields = pods.iter().flat_map(|(kind, pod)| paths.iter().map(move |path| (kind, format!("{pod}/{path}"))));
    fields.map(|(kind, path)| spec(&path, *kind, false)).collect()
}

fn specs(fields: &[(&'static str, Kind)], create: bool) -> Vec<FieldSpec> {
    fields.iter().map(|(path, kind)| spec(path, *kind, create)).collect()
}

fn spec(path: &str, (group, version, kind): Kind, create: bool) -> FieldSpec {
    FieldSpec::new(&Field {
        group: group.into(),
        version: version.into(),
        kind: kind.into(),
        path: path.into(),
        create,
    })
}
