/// A moment, to the nanosecond, in UTC.
pub use jiff::Timestamp;

/// Where the time comes from: the pure crates are told the time, they never ask the machine for it.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}
