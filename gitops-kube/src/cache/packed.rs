//! An object as it is kept: most of a live object is the record of who owns which field, in many small maps, and that is kept
//! as a text.

use std::sync::Arc;

use gitops_core::Object;

/// A whole object.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    object: Arc<Object>,
    owners: Option<Box<str>>,
}

impl Packed {
    pub(crate) fn of(object: Arc<Object>) -> Self {
        let Some(record) = object.get(&["metadata", "managedFields"]) else { return Self { object, owners: None } };
        // What was read from JSON can be written as JSON; otherwise it stays as it is.
        let Ok(owners) = serde_json::to_string(record) else { return Self { object, owners: None } };
        let mut lean = Object::clone(&object);
        drop(lean.take_managed_fields());
        Self { object: Arc::new(lean), owners: Some(owners.into()) }
    }

    /// The object but for who owns its fields.
    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    /// The object as it was.
    pub(crate) fn unpack(&self) -> Object {
        let mut object = Object::clone(&self.object);
        if let Some(owners) = self.owners.as_deref().and_then(|owners| serde_json::from_str(owners).ok()) {
            object.set_managed_fields(owners);
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use gitops_core::Value;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_comes_out_as_it_went_in() {
        let owners = json!([{"manager": "a", "operation": "Apply", "fieldsV1": {"f:data": {"f:k": {}}}}]);
        for owners in [Value::Null, owners] {
            let value =
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "managedFields": owners}});
            let object = Object::from_value(value).unwrap();
            let packed = Packed::of(Arc::new(object.clone()));
            assert!(packed.object().get(&["metadata", "managedFields"]).is_none());
            assert_eq!(packed.unpack(), object);
        }
    }
}
