//! Files on disk under the digest of their bytes.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use bytes::Bytes;
use gitops_core::Digest;

/// A folder of files, each under its digest. What does not have its digest any more is not there.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    directory: PathBuf,
}

impl Store {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The folder of a caller inside this one; this one for anybody.
    pub(crate) fn of(&self, partition: Option<&str>) -> Self {
        let inner = |partition| Self { directory: self.directory.join(format!("as-{partition}")) };
        partition.map_or_else(|| self.clone(), inner)
    }

    pub(crate) fn get(&self, digest: &str) -> Option<Bytes> {
        let bytes = fs::read(self.place(digest)?).ok()?;
        (Digest::of(&bytes).as_str() == digest).then(|| bytes.into())
    }

    /// Keeps bytes; where the disk does not take them, they are got again next time.
    pub(crate) fn put(&self, digest: &Digest, bytes: &Bytes) {
        let Some(place) = self.place(digest.as_str()) else { return };
        let write = || {
            fs::create_dir_all(&self.directory)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            file.write_all(bytes)?;
            file.persist(&place).map_err(|error| error.error)
        };
        // A cache that cannot be written is none.
        drop(write());
    }

    fn place(&self, digest: &str) -> Option<PathBuf> {
        let digits = digest.strip_prefix("sha256:")?;
        let plain = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        plain.then(|| self.directory.join(digits))
    }
}
