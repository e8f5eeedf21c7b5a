//! Variables of a cluster's Secret over those of the process.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use gitops_core::secret::{Purpose, Reveal, Secret};

use crate::IdentityError;

/// Bytes of a file with a credential.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// Says what a variable is.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What says who to be: a Secret's own variables, and those of the process. It does not print.
#[derive(Clone)]
pub struct Variables {
    given: Secret<BTreeMap<String, String>>,
    own: Arc<Lookup>,
}

impl Variables {
    /// Those of the process.
    pub fn own() -> Self {
        Self { given: Secret::new(BTreeMap::new()), own: Arc::new(|name| std::env::var(name).ok()) }
    }

    /// The same, with a Secret's own over them.
    #[must_use]
    pub fn with(mut self, given: BTreeMap<String, String>) -> Self {
        self.given = Secret::new(given);
        self
    }

    /// The same, with these in place of the process's own.
    #[must_use]
    pub fn in_place_of_own(mut self, own: BTreeMap<String, String>) -> Self {
        self.own = Arc::new(move |name| own.get(name).cloned());
        self
    }

    /// What a variable says; an empty one says nothing.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.given(name).or_else(|| self.of_process(name))
    }

    /// The first of several that says something.
    pub(crate) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }

    /// What the Secret says.
    pub(crate) fn given(&self, name: &str) -> Option<String> {
        let given = self.given.reveal(&Reveal::granted(Purpose::Connection));
        given.get(name).filter(|text| !text.is_empty()).cloned()
    }

    /// What the process's own environment says.
    pub(crate) fn of_process(&self, name: &str) -> Option<String> {
        (self.own)(name).filter(|text| !text.is_empty())
    }

    /// To whom something is shown: what the process says, or the Secret where that is one of those that are known.
    ///
    /// # Errors
    /// Where only the Secret says it.
    pub(crate) fn address(&self, name: &str, known: &[&str]) -> Result<Option<String>, IdentityError> {
        let own = self.of_process(name);
        match self.given(name) {
            None => Ok(own),
            given if given == own => Ok(own),
            Some(given) if known.contains(&given.trim_end_matches('/')) => Ok(Some(given)),
            Some(_) => Err(IdentityError::Address { name: name.into() }),
        }
    }

    /// The text of the file that a variable names, without space around it.
    pub(crate) fn file_of(&self, name: &str) -> Result<Option<String>, IdentityError> {
        self.get(name)
            .map(|path| file(name, Path::new(&path)))
            .transpose()
            .map(|text| text.map(|text| text.trim().into()))
    }
}

/// The text of a file, which something names.
pub(crate) fn file(name: &str, path: &Path) -> Result<String, IdentityError> {
    let failed = |source: std::io::Error| IdentityError::File {
        name: name.into(),
        path: path.display().to_string(),
        source: Arc::new(source),
    };
    let mut text = String::new();
    let opened = std::fs::File::open(path).map_err(failed)?;
    let bytes = opened.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if bytes as u64 > MAX_FILE_BYTES {
        return Err(failed(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "it is larger than 64 KiB")));
    }
    Ok(text)
}

impl fmt::Debug for Variables {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(gitops_core::secret::MARKER)
    }
}
