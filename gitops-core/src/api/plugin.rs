//! Options of a source that is rendered by a configuration management plugin.

use std::collections::BTreeMap;

use super::schema::schema;

schema! {
    /// Options for a plugin (`ApplicationSourcePlugin`).
    pub struct PluginSource {
        /// Name of the plugin; chosen by discovery where absent.
        pub name: Option<String> => "name",
        /// Environment of the plugin.
        pub env: Option<Vec<EnvEntry>> => "env",
        /// Parameters of the plugin.
        pub parameters: Option<Vec<PluginParameter>> => "parameters",
    }

    /// A variable of an environment.
    pub struct EnvEntry {
        /// Name.
        pub name: String => "name",
        /// Value.
        pub value: String => "value",
    }

    /// A parameter of a plugin, in one of three shapes.
    pub struct PluginParameter {
        /// Name.
        pub name: Option<String> => "name",
        /// Value that is a text.
        pub string: Option<String> => "string",
        /// Value that is a mapping of texts.
        pub map: Option<BTreeMap<String, String>> => "map",
        /// Value that is a list of texts.
        pub array: Option<Vec<String>> => "array",
    }
}
