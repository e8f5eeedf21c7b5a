//! Carrying out a plan, decision by decision.
//!
//! The machine holds no connection and asks no clock: it is told what happened and when, and answers what to call next.
//! It ends from every state: each wait has a deadline and a reason.

mod calls;
mod event;
mod group;
mod machine;
mod progress;
mod round;
mod save;
mod start;
mod task;
mod terminate;
mod wait;

pub use event::{Action, Compared, Event, StepResult, Stored};
pub use machine::{Execution, Settings};
pub use progress::{Outcome, Phase as OutcomePhase, Progress, ResourceOutcome, ResourceStatus, TERMINATED, TaskState};

#[cfg(test)]
mod tests;
