//! Files on disk under the digest of their bytes.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use bytes::Bytes;
use gitops_core::Digest;
use gitops_git::{caller_of_folder, folder_of_caller, folders_of_cache};

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
        let inner = |partition| Self { directory: folder_of_caller(&self.directory, partition) };
        partition.map_or_else(|| self.clone(), inner)
    }

    /// Removes the folders of all callers but these. Files are read and written whole, so that nobody is in the way.
    pub(crate) fn sweep(&self, keep: &BTreeSet<String>) -> io::Result<()> {
        for folder in folders_of_cache(&self.directory)? {
            if caller_of_folder(&folder).is_some_and(|caller| !keep.contains(caller)) {
                fs::remove_dir_all(&folder)?;
            }
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callers_got_goes_with_them() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::new(place.path().join("files"));
        store.sweep(&BTreeSet::new()).unwrap();
        let bytes = Bytes::from_static(b"a");
        let digest = Digest::of(&bytes);
        let (one, other) = (store.of(Some("one")), store.of(Some("other")));
        for store in [&store, &one, &other] {
            store.put(&digest, &bytes);
        }
        store.sweep(&BTreeSet::from(["one".to_owned()])).unwrap();
        let has = [&store, &one, &other].map(|store| store.get(digest.as_str()).is_some());
        assert_eq!(has, [true, true, false]);
    }
}
