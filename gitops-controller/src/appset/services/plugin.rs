//! A plugin: a service that is asked for parameters (Argo CD, "Plugin Generator").

use gitops_core::Value;
use serde_json::{Map, json};

use super::{Access, Service, ServiceError, bearer, shown};

/// A plugin at an address.
pub(crate) struct Plugin(Service);

impl Plugin {
    pub(crate) fn new(address: &str, access: &Access) -> Result<Self, ServiceError> {
        Ok(Self(Service::new(address, access, bearer)?))
    }

    /// What it answers to a set: the maps under `output.parameters`.
    pub(crate) fn parameters(
        &self,
        set: &str,
        input: &Map<String, Value>,
    ) -> Result<Vec<Map<String, Value>>, ServiceError> {
        let url = self.0.url(["api", "v1", "getparams.execute"], &[]);
        let asked = if input.is_empty() { json!({}) } else { json!({ "parameters": input }) };
        let answer = self.0.post(&url, &json!({"applicationSetName": set, "input": asked}))?;
        let wrong = |message: &str| ServiceError::Answer { url: shown(&url), message: message.to_owned() };
        let mut answer = answer.ok_or_else(|| ServiceError::absent(&url))?;
        match answer.pointer_mut("/output/parameters").map(Value::take) {
            Some(Value::Array(all)) => {
                let one = |value| if let Value::Object(map) = value { Some(map) } else { None };
                all.into_iter()
                    .map(one)
                    .collect::<Option<_>>()
                    .ok_or_else(|| wrong("`output.parameters`: expected maps"))
            }
            Some(Value::Null) => Ok(Vec::new()),
            // An answer that is not one must not read as that there is nothing.
            _ => Err(wrong("`output.parameters`: expected a list")),
        }
    }
}
