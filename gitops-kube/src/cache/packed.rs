//! An object as it is kept: as a text. As values it takes several times as much memory, in many small maps, and who asks for it gets
//! a copy of its own anyway.

use std::sync::Arc;

use gitops_core::Object;

/// A whole object.
#[derive(Clone, Debug)]
pub(crate) struct Packed(Form);

#[derive(Clone, Debug)]
enum Form {
    Text(Arc<str>),
    /// What is in a Secret is in no text.
    Object(Arc<Object>),
}

impl Packed {
    pub(crate) fn of(object: &Arc<Object>) -> Self {
        let whole = || Form::Object(Arc::clone(object));
        if object.is_secret() {
            return Self(whole());
        }
        // What was read from JSON can be written as JSON; otherwise it stays as it is.
        Self(serde_json::to_string(object.body()).map_or_else(|_| whole(), |text| Form::Text(text.into())))
    }

    /// The object as it was; none where it cannot be read again.
    pub(crate) fn unpack(&self) -> Option<Object> {
        match &self.0 {
            Form::Text(text) => Object::from_value(serde_json::from_str(text).ok()?).ok(),
            Form::Object(object) => Some(Object::clone(object)),
        }
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
        let values = [Value::Null, owners, 0.1.into(), u64::MAX.into(), i64::MIN.into(), 1.5e300.into()];
        for value in values {
            for kind in ["ConfigMap", "Secret"] {
                let metadata = json!({"name": "a", "managedFields": value});
                let value = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": {"k": "dg=="}});
                let object = Arc::new(Object::from_value(value).unwrap());
                assert_eq!(Packed::of(&object).unpack().as_ref(), Some(object.as_ref()));
            }
        }
    }

    #[test]
    fn secrets_are_kept_in_no_text() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "dg=="}});
        let packed = Packed::of(&Arc::new(Object::from_value(secret).unwrap()));
        assert!(matches!(packed.0, Form::Object(_)));
        assert!(!format!("{packed:?}").contains("dg=="));
    }
}
