//! Options of a source that is a directory of plain manifests.

use super::schema::schema;

schema! {
    /// Options for reading a directory (`ApplicationSourceDirectory`).
    pub struct DirectorySource {
        /// Whether subdirectories are read too.
        pub recurse: Option<bool> => "recurse",
        /// Options for Jsonnet files.
        pub jsonnet: Option<JsonnetOptions> => "jsonnet",
        /// Glob of the paths to leave out.
        pub exclude: Option<String> => "exclude",
        /// Glob of the only paths to read.
        pub include: Option<String> => "include",
        /// Whether files of any extension are read, not only YAML, JSON and Jsonnet.
        pub disable_extension_filter: Option<bool> => "disableExtensionFilter",
    }

    /// Options for evaluating Jsonnet (`ApplicationSourceJsonnet`).
    pub struct JsonnetOptions {
        /// External variables.
        pub ext_vars: Option<Vec<JsonnetVariable>> => "extVars",
        /// Top-level arguments.
        pub tlas: Option<Vec<JsonnetVariable>> => "tlas",
        /// Directories that imports are looked for in, relative to the repository.
        pub libs: Option<Vec<String>> => "libs",
    }

    /// A variable of a Jsonnet program (`JsonnetVar`).
    pub struct JsonnetVariable {
        /// Name.
        pub name: String => "name",
        /// Text, or code.
        pub value: String => "value",
        /// Whether the value is code.
        pub code: Option<bool> => "code",
    }
}
