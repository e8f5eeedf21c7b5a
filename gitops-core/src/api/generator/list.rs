//! The list generator.

use serde_json::Value;

use crate::api::application_set::ApplicationSetTemplate;
use crate::api::schema::schema;

schema! {
    /// A list of parameters, written down.
    pub struct ListGenerator {
        /// One mapping for each Application.
        pub elements: Option<Vec<Value>> => "elements",
        /// Template that is merged over the set's.
        pub template: Option<ApplicationSetTemplate> => "template",
        /// Further elements, as YAML, which may be a template.
        pub elements_yaml: Option<String> => "elementsYaml",
    }
}
