use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gitops_core::{Clock, Timestamp};

/// How an embedded cluster behaves.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Whether workloads are simulated. Namespaces terminate and owned objects are collected in either case.
    pub controllers: Controllers,
    /// Who lets time pass for controllers.
    pub pace: Pace,
    /// Time between two steps of a controller; 200 ms unless set.
    pub step: Duration,
    /// Where the time comes from; the system's clock unless set.
    pub clock: Arc<dyn Clock>,
    /// How many changes are kept for watches; 20,000 unless set. A watch from before them is answered by 410.
    pub history: u32,
    /// The largest size of the store in bytes; 8 GiB unless set. Beyond it writes are refused as on a full disk.
    pub max_bytes: u64,
    /// How long a call waits for another process's write; 10 s unless set.
    pub busy_timeout: Duration,
}

/// Whether workloads are simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Controllers {
    /// Stand-ins make workloads ready, let Jobs finish, bind claims and give addresses.
    #[default]
    Simulated,
    /// Nothing happens to workloads.
    Off,
}

/// Who lets time pass for controllers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// A thread does what is due, as long as the cluster is open.
    #[default]
    Background,
    /// Only calls of [`advance`](crate::EmbeddedCluster::advance) and [`settle`](crate::EmbeddedCluster::settle) do.
    Manual,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            controllers: Controllers::Simulated,
            pace: Pace::Background,
            step: Duration::from_millis(200),
            clock: Arc::new(Timestamp::now),
            history: 20_000,
            max_bytes: 8 << 30,
            busy_timeout: Duration::from_secs(10),
        }
    }
}

impl Options {
    /// Simulated workloads on the system's clock.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with controllers that move only when asked, on this clock.
    #[must_use]
    pub fn manual(mut self, clock: Arc<dyn Clock>) -> Self {
        self.pace = Pace::Manual;
        self.clock = clock;
        self
    }

    /// The same without simulated workloads.
    #[must_use]
    pub fn without_controllers(mut self) -> Self {
        self.controllers = Controllers::Off;
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options")
            .field("controllers", &self.controllers)
            .field("pace", &self.pace)
            .field("step", &self.step)
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}
