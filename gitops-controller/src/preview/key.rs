//! The key of what is remembered where no cluster keeps one.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use gitops_core::secret::DigestKey;

/// The key in a file that nobody else can read; made at the first call.
///
/// # Errors
/// Where the file cannot be read or made, or holds no key.
pub fn local_key(path: &Path) -> io::Result<DigestKey> {
    match fs::read(path) {
        Ok(bytes) => of_bytes(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let bytes: [u8; 32] = rand::random();
            match options.open(path).and_then(|mut file| file.write_all(&bytes)) {
                Ok(()) => Ok(DigestKey::new(bytes)),
                // Another process made it in between.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => of_bytes(&fs::read(path)?),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

fn of_bytes(bytes: &[u8]) -> io::Result<DigestKey> {
    let malformed = |_| io::Error::new(io::ErrorKind::InvalidData, "the key has not 32 bytes: delete the file");
    bytes.try_into().map(DigestKey::new).map_err(malformed)
}
