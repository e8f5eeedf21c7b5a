//! Configurations as Go reads them: names in any case, null as nothing, what is not known passed over. A kustomization
//! itself is read strictly.

use gitops_core::{Map, Value};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use crate::kustomize::model::{Field, GeneratorOptions, Image, PatchOptions, Replica, Selector};

/// A part with fields of these names.
pub(super) trait Known: DeserializeOwned {
    const FIELDS: &'static [&'static str];
}

/// A part that is read so.
#[derive(Clone, Debug, Default)]
pub(super) struct Loose<T>(pub(super) T);

impl<'de, T: Known> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        let known = map.into_iter().filter(|(_, value)| !value.is_null()).filter_map(|(name, value)| {
            let field = T::FIELDS.iter().find(|field| field.eq_ignore_ascii_case(&name))?;
            Some(((*field).to_owned(), value))
        });
        T::deserialize(Value::Object(known.collect())).map(Self).map_err(D::Error::custom)
    }
}

impl Known for Field {
    const FIELDS: &'static [&'static str] = &["group", "version", "kind", "path", "create"];
}

impl Known for Selector {
    const FIELDS: &'static [&'static str] =
        &["group", "version", "kind", "name", "namespace", "annotationSelector", "labelSelector"];
}

impl Known for Image {
    const FIELDS: &'static [&'static str] = &["name", "newName", "tagSuffix", "newTag", "digest"];
}

impl Known for Replica {
    const FIELDS: &'static [&'static str] = &["name", "count"];
}

impl Known for PatchOptions {
    const FIELDS: &'static [&'static str] = &["allowNameChange", "allowKindChange"];
}

impl Known for GeneratorOptions {
    const FIELDS: &'static [&'static str] = &["labels", "annotations", "disableNameSuffixHash", "immutable"];
}
