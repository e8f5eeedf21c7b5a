//! The Git generator.

use std::collections::BTreeMap;

use crate::api::application_set::ApplicationSetTemplate;
use crate::api::schema::schema;

schema! {
    /// Directories or files of a Git repository.
    pub struct GitGenerator {
        /// URL of the repository.
        pub repo_url: String => "repoURL",
        /// Directories, each of which is a set of parameters.
        pub directories: Option<Vec<GitDirectoryItem>> => "directories",
        /// Files, whose content is parameters.
        pub files: Option<Vec<GitFileItem>> => "files",
        /// Revision to look at.
        pub revision: String => "revision",
        /// Seconds between two looks.
        pub requeue_after_seconds: Option<i64> => "requeueAfterSeconds",
        /// Template that is merged over the set's.
        pub template: Option<ApplicationSetTemplate> => "template",
        /// Prefix of the parameters about the path.
        pub path_param_prefix: Option<String> => "pathParamPrefix",
        /// Further parameters, under `values`.
        pub values: Option<BTreeMap<String, String>> => "values",
    }

    /// Directories.
    pub struct GitDirectoryItem {
        /// Glob.
        pub path: String => "path",
        /// Whether they are left out.
        pub exclude: Option<bool> => "exclude",
    }

    /// Files.
    pub struct GitFileItem {
        /// Glob.
        pub path: String => "path",
        /// Whether they are left out.
        pub exclude: Option<bool> => "exclude",
    }
}
