//! Options of a source that is a Helm chart.

use serde_json::Value;

use super::schema::schema;

schema! {
    /// Options for rendering a chart (`ApplicationSourceHelm`).
    pub struct HelmSource {
        /// Value files, relative to the chart, or in another source as `$name/path`. Later files win.
        pub value_files: Option<Vec<String>> => "valueFiles",
        /// Single values, as `helm template --set` takes them. They win over all other values.
        pub parameters: Option<Vec<HelmParameter>> => "parameters",
        /// Release name; the Application's name where absent.
        pub release_name: Option<String> => "releaseName",
        /// Values as the text of a YAML document. [`HelmSource::values_object`] wins over it.
        pub values: Option<String> => "values",
        /// Single values read from files.
        pub file_parameters: Option<Vec<HelmFileParameter>> => "fileParameters",
        /// Helm's major version.
        pub version: Option<String> => "version",
        /// Whether credentials of the repository are sent to every domain.
        pub pass_credentials: Option<bool> => "passCredentials",
        /// Whether value files that do not exist are passed over.
        pub ignore_missing_value_files: Option<bool> => "ignoreMissingValueFiles",
        /// Whether the chart's `crds/` directory is left out.
        pub skip_crds: Option<bool> => "skipCrds",
        /// Values as a mapping.
        pub values_object: Option<Value> => "valuesObject",
        /// Release namespace; the destination's where absent.
        pub namespace: Option<String> => "namespace",
        /// Kubernetes version to render for; the destination's where absent.
        pub kube_version: Option<String> => "kubeVersion",
        /// API versions to render for; the destination's where absent.
        pub api_versions: Option<Vec<String>> => "apiVersions",
        /// Whether test hooks are left out.
        pub skip_tests: Option<bool> => "skipTests",
        /// Whether the values are not checked against the chart's schema.
        pub skip_schema_validation: Option<bool> => "skipSchemaValidation",
    }

    /// One value, as `--set` or `--set-string` takes it.
    pub struct HelmParameter {
        /// Path of the value.
        pub name: Option<String> => "name",
        /// The value.
        pub value: Option<String> => "value",
        /// Whether the value stays a string, whatever it looks like.
        pub force_string: Option<bool> => "forceString",
    }

    /// One value that is the content of a file, as `--set-file` takes it.
    pub struct HelmFileParameter {
        /// Path of the value.
        pub name: Option<String> => "name",
        /// Path of the file.
        pub path: Option<String> => "path",
    }
}
