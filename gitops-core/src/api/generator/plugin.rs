//! The plugin generator.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::application_set::ApplicationSetTemplate;
use crate::api::schema::schema;

schema! {
    /// A service that is asked for parameters.
    pub struct PluginGenerator {
        /// ConfigMap with the service's address and token.
        pub config_map_ref: PluginConfigMapRef => "configMapRef",
        /// What it is asked.
        pub input: Option<PluginInput> => "input",
        /// Seconds between two calls.
        pub requeue_after_seconds: Option<i64> => "requeueAfterSeconds",
        /// Template that is merged over the set's.
        pub template: Option<ApplicationSetTemplate> => "template",
        /// Further parameters, under `values`.
        pub values: Option<BTreeMap<String, String>> => "values",
    }

    /// A ConfigMap.
    pub struct PluginConfigMapRef {
        /// Its name.
        pub name: String => "name",
    }

    /// What a service is asked.
    pub struct PluginInput {
        /// Any values.
        pub parameters: Option<BTreeMap<String, Value>> => "parameters",
    }
}
