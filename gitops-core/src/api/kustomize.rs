//! Options of a source that is a Kustomization.

use std::collections::BTreeMap;

use super::meta::IntOrString;
use super::schema::schema;

schema! {
    /// Options that are added to a Kustomization before it is built (`ApplicationSourceKustomize`).
    pub struct KustomizeSource {
        /// Prefix of all names.
        pub name_prefix: Option<String> => "namePrefix",
        /// Suffix of all names.
        pub name_suffix: Option<String> => "nameSuffix",
        /// Image overrides, as `kustomize edit set image` takes them.
        pub images: Option<Vec<String>> => "images",
        /// Labels for every object.
        pub common_labels: Option<BTreeMap<String, String>> => "commonLabels",
        /// Version of kustomize to use.
        pub version: Option<String> => "version",
        /// Annotations for every object.
        pub common_annotations: Option<BTreeMap<String, String>> => "commonAnnotations",
        /// Whether labels that are already there are overwritten.
        pub force_common_labels: Option<bool> => "forceCommonLabels",
        /// Whether annotations that are already there are overwritten.
        pub force_common_annotations: Option<bool> => "forceCommonAnnotations",
        /// Namespace for every object.
        pub namespace: Option<String> => "namespace",
        /// Whether build variables are substituted in the annotations' values.
        pub common_annotations_envsubst: Option<bool> => "commonAnnotationsEnvsubst",
        /// Replica counts.
        pub replicas: Option<Vec<KustomizeReplica>> => "replicas",
        /// Patches.
        pub patches: Option<Vec<KustomizePatch>> => "patches",
        /// Components to add.
        pub components: Option<Vec<String>> => "components",
        /// Whether components that do not exist are passed over.
        pub ignore_missing_components: Option<bool> => "ignoreMissingComponents",
        /// Whether the labels are kept out of selectors.
        pub label_without_selector: Option<bool> => "labelWithoutSelector",
        /// Kubernetes version for charts that the Kustomization inflates.
        pub kube_version: Option<String> => "kubeVersion",
        /// API versions for charts that the Kustomization inflates.
        pub api_versions: Option<Vec<String>> => "apiVersions",
        /// Whether the labels go into pod templates too, though not into selectors.
        pub label_include_templates: Option<bool> => "labelIncludeTemplates",
    }

    /// A replica count for the workloads of a name.
    pub struct KustomizeReplica {
        /// Name of the workload.
        pub name: String => "name",
        /// Number of replicas.
        pub count: IntOrString => "count",
    }

    /// A patch: inline or in a file, with the objects it is for.
    pub struct KustomizePatch {
        /// File with the patch.
        pub path: Option<String> => "path",
        /// The patch's text: a strategic merge patch or a JSON Patch.
        pub patch: Option<String> => "patch",
        /// The objects it is for; those it names itself where absent.
        pub target: Option<KustomizeSelector> => "target",
        /// Kustomize's switches for patches, such as `allowNameChange`.
        pub options: Option<BTreeMap<String, bool>> => "options",
    }

    /// Selects objects for a patch. Group to namespace are regular expressions over whole values.
    pub struct KustomizeSelector {
        /// API group.
        pub group: Option<String> => "group",
        /// API version.
        pub version: Option<String> => "version",
        /// Kind.
        pub kind: Option<String> => "kind",
        /// Name.
        pub name: Option<String> => "name",
        /// Namespace.
        pub namespace: Option<String> => "namespace",
        /// Selector over annotations, in the syntax of label selectors.
        pub annotation_selector: Option<String> => "annotationSelector",
        /// Label selector.
        pub label_selector: Option<String> => "labelSelector",
    }
}
