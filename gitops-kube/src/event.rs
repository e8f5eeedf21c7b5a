//! Reading one event of a watch. The record of who owns which field is half of most objects, in many small maps: where nobody
//! asks for it, it is passed over.

use std::fmt;

use gitops_core::{Map, Value};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::list::Extent;

/// An event as it came.
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) object: Value,
}

/// Which part of a document is read.
#[derive(Clone, Copy)]
enum Part {
    Object,
    Metadata,
}

/// A part without who owns the object's fields.
#[derive(Clone, Copy)]
struct Unowned(Part);

struct Reader(Extent);

impl Event {
    pub(crate) fn read(line: &[u8], extent: Extent) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_slice(line);
        let event = reader.deserialize_map(Reader(extent))?;
        reader.end()?;
        Ok(event)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Event;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an event of a watch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Event, A::Error> {
        let (mut kind, mut object) = (String::new(), Value::Null);
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "type" => kind = fields.next_value()?,
                "object" if self.0 == Extent::Unowned => {
                    object = Value::Object(fields.next_value_seed(Unowned(Part::Object))?);
                }
                "object" => object = fields.next_value()?,
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Event { kind, object })
    }
}

impl<'de> DeserializeSeed<'de> for Unowned {
    type Value = Map;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Map, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Unowned {
    type Value = Map;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Map, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = match (self.0, name.as_str()) {
                (Part::Metadata, "managedFields") => {
                    fields.next_value::<IgnoredAny>()?;
                    continue;
                }
                (Part::Object, "metadata") => Value::Object(fields.next_value_seed(Self(Part::Metadata))?),
                _ => fields.next_value()?,
            };
            map.insert(name, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_owns_the_fields_is_passed_over_where_nobody_asks() {
        let line = json!({"type": "MODIFIED", "more": [1], "object": {
            "kind": "A", "metadata": {"name": "a", "managedFields": [{"manager": "b", "fieldsV1": {"f:data": {}}}]},
            "spec": {"metadata": {"managedFields": "of somebody else's"}},
        }});
        let line = line.to_string();
        let whole = Event::read(line.as_bytes(), Extent::Whole).unwrap();
        let lean = Event::read(line.as_bytes(), Extent::Unowned).unwrap();
        assert_eq!((whole.kind.as_str(), lean.kind.as_str()), ("MODIFIED", "MODIFIED"));
        assert_eq!(whole.object["metadata"]["managedFields"][0]["manager"], "b");
        let mut expected = whole.object;
        expected["metadata"].as_object_mut().unwrap().remove("managedFields");
        assert_eq!(lean.object, expected);
    }

    #[test]
    fn an_event_that_is_cut_off_is_an_error() {
        for line in
            [r#"{"type": "ADDED", "object": {"metadata": {"#, r#"{"type": "ADDED"} {}"#, "[]", r#"{"object": 1}"#]
        {
            assert!(Event::read(line.as_bytes(), Extent::Unowned).is_err(), "{line}");
        }
    }
}
