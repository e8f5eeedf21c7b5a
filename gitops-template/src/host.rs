use std::sync::Arc;

use crate::functions::Failure;
use crate::keys::KeyMaker;
use crate::value::{Map, Value};

/// What a render may ask of the world outside: everything that could make two renders differ comes from here.
pub trait Host {
    /// Seconds and nanoseconds since 1970 that `now` gives.
    fn now(&self) -> (i64, u32);

    /// Told before each template that is executed for itself, so that each can draw its own randomness.
    fn begin(&self, _template: &str) {}

    /// Fills bytes from the source of randomness of this render.
    fn random(&self, bytes: &mut [u8]);

    /// What a cluster has, for `lookup`: by API version, kind, namespace and name; all of them where the name is empty.
    /// Without a cluster nothing is found, and an empty map says so.
    ///
    /// # Errors
    /// Where the cluster cannot be read.
    fn lookup(&self, _api_version: &str, _kind: &str, _namespace: &str, _name: &str) -> Result<Value, Failure> {
        Ok(Value::Map(Map::default()))
    }

    /// Who makes private keys and certificates; without one, a template that asks for them fails.
    fn keys(&self) -> Option<&dyn KeyMaker> {
        None
    }
}

/// A host of fixed answers: a clock that stands, and randomness from a seed.
pub struct Fixed {
    seconds: i64,
    state: std::cell::Cell<u64>,
    keys: Option<Arc<dyn KeyMaker>>,
}

impl Fixed {
    /// A clock at these seconds since 1970, and a seed.
    pub fn new(seconds: i64, seed: u64) -> Self {
        Self { seconds, state: std::cell::Cell::new(seed), keys: None }
    }

    /// The same, with keys and certificates from a maker.
    #[must_use]
    pub fn with_keys(self, keys: Arc<dyn KeyMaker>) -> Self {
        Self { keys: Some(keys), ..self }
    }
}

impl Host for Fixed {
    fn now(&self) -> (i64, u32) {
        (self.seconds, 0)
    }

    fn random(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64, by Steele, Lea and Flood (2014): each state gives one well mixed number.
            let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.state.set(state);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice((mixed ^ (mixed >> 31)).to_le_bytes().get(..chunk.len()).unwrap_or_default());
        }
    }

    fn keys(&self) -> Option<&dyn KeyMaker> {
        self.keys.as_deref()
    }
}
