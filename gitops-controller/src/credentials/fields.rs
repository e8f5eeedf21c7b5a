use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gitops_core::secret::{Purpose, Reveal, Secret};
use gitops_core::{Object, Value};

use crate::settings::is_true;

/// The fields of a Secret, opened for a purpose.
pub(crate) struct Fields {
    data: BTreeMap<String, Secret<Value>>,
    reveal: Reveal,
}

impl Fields {
    pub(crate) fn of(object: &Object, purpose: Purpose) -> Self {
        Self { data: object.secret_data(), reveal: Reveal::granted(purpose) }
    }

    /// A field's text; none where it is empty or no text, which Argo CD takes for none.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        let bytes = STANDARD.decode(self.data.get(key)?.reveal(&self.reveal).as_str()?).ok()?;
        String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
    }

    /// Whether a field is `true`, in one of the ways that Go writes it.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.text(key).is_some_and(|text| is_true(text.trim()))
    }
}
