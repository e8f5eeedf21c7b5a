//! Where results of earlier work are kept.

use bytes::Bytes;

use crate::Digest;

/// Keeps bytes under keys, for as long as it likes: what was put may be gone at the next call, and nothing is lost by it.
///
/// The bytes may hold values of Secrets. A store that outlives the process or is read by others encrypts them, and never
/// gives back what it did not put there itself.
pub trait MemoStore: Send + Sync {
    /// What was put under a key; none where nothing was, it is gone, or it cannot be trusted.
    fn get(&self, key: &Digest) -> Option<Bytes>;

    /// Keeps bytes under a key, in the place of what was there. Where that fails, nothing is kept.
    fn put(&self, key: &Digest, bytes: &[u8]);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMemo;

impl MemoStore for NoMemo {
    fn get(&self, _: &Digest) -> Option<Bytes> {
        None
    }

    fn put(&self, _: &Digest, _: &[u8]) {}
}
