//! Generators over clusters.

use std::collections::BTreeMap;

use crate::api::application_set::ApplicationSetTemplate;
use crate::api::meta::LabelSelector;
use crate::api::schema::schema;

schema! {
    /// The clusters that are known.
    pub struct ClusterGenerator {
        /// What must hold of the labels of a cluster's Secret.
        pub selector: Option<LabelSelector> => "selector",
        /// Template that is merged over the set's.
        pub template: Option<ApplicationSetTemplate> => "template",
        /// Further parameters, under `values`.
        pub values: Option<BTreeMap<String, String>> => "values",
        /// Whether there is one set of parameters, with all clusters in it.
        pub flat_list: Option<bool> => "flatList",
    }

    /// Clusters that the status of another object names (`DuckTypeGenerator`).
    pub struct DuckTypeGenerator {
        /// Name of the ConfigMap that says which objects and which of their fields.
        pub config_map_ref: String => "configMapRef",
        /// Name of the object.
        pub name: Option<String> => "name",
        /// Seconds between two looks.
        pub requeue_after_seconds: Option<i64> => "requeueAfterSeconds",
        /// What must hold of the objects' labels.
        pub label_selector: Option<LabelSelector> => "labelSelector",
        /// Template that is merged over the set's.
        pub template: Option<ApplicationSetTemplate> => "template",
        /// Further parameters, under `values`.
        pub values: Option<BTreeMap<String, String>> => "values",
    }
}
