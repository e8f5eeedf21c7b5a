//! Sync windows: when Applications of a project are synced. The time is an argument.

mod one;
mod schedule;
mod zone;

use gitops_apply::gate::Violation;
use gitops_core::Timestamp;
use gitops_core::api::{AppProjectSpec, Application};

pub use one::{Window, WindowError};
pub use schedule::{Schedule, ScheduleError};

/// Who asks for a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A person, or a program on their behalf.
    Manual,
    /// The Application's own policy.
    Automated,
}

/// A sync that is to run, or runs.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Who asked for it.
    pub trigger: Trigger,
    /// When it began; none where it has not.
    pub started: Option<Timestamp>,
}

/// Windows of a project.
#[derive(Clone, Debug)]
pub struct SyncWindows(Vec<Window>);

/// Whether a sync may run, and which windows decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may.
    pub allowed: bool,
    /// The windows that keep it from running, by their position in the project: those that are open and deny, or those that
    /// allow and are not open.
    pub by: Vec<usize>,
}

impl SyncWindows {
    /// Those of a project.
    pub fn of(spec: &AppProjectSpec) -> Self {
        let windows = spec.sync_windows.iter().flatten().enumerate();
        Self(windows.map(|(index, window)| Window::new(index, window)).collect())
    }

    /// Those that are for an Application.
    #[must_use]
    pub fn matching(&self, application: &Application) -> Self {
        Self(self.0.iter().filter(|window| window.is_for(application)).cloned().collect())
    }

    /// Each window.
    pub fn iter(&self) -> impl Iterator<Item = &Window> {
        self.0.iter()
    }

    /// Those that are open.
    ///
    /// # Errors
    /// Where a window cannot be used.
    pub fn open(&self, now: Timestamp) -> Result<Vec<&Window>, WindowError> {
        self.by_state(now, |_| true, true)
    }

    /// Those that allow syncs and are not open.
    ///
    /// # Errors
    /// Where a window that allows cannot be used.
    pub fn closed_allowing(&self, now: Timestamp) -> Result<Vec<&Window>, WindowError> {
        self.by_state(now, Window::allows, false)
    }

    fn by_state(
        &self,
        now: Timestamp,
        is_asked: impl Fn(&Window) -> bool,
        open: bool,
    ) -> Result<Vec<&Window>, WindowError> {
        let mut found = Vec::new();
        for window in self.0.iter().filter(|window| is_asked(window)) {
            if window.is_open(now)? == open {
                found.push(window);
            }
        }
        Ok(found)
    }

    /// Whether a sync may run by windows that all are for its Application (Argo CD's `SyncWindows.CanSync`). An open window
    /// that denies keeps it; where none does and one that allows is open it may; where there are windows that allow and none
    /// is open it may not. A manual sync may all the same where each window in its way has `manualSync`, and one that began
    /// when it was allowed may go on where each has `syncOverrun`.
    ///
    /// # Errors
    /// Where a window cannot be used; nothing is synced then.
    pub fn decide(&self, attempt: Attempt, now: Timestamp) -> Result<Decision, WindowError> {
        let open = self.open(now)?;
        let denying: Vec<&Window> = open.iter().copied().filter(|window| window.denies()).collect();
        let in_the_way = if !denying.is_empty() {
            denying
        } else if open.iter().any(|window| window.allows()) {
            Vec::new()
        } else {
            self.closed_allowing(now)?
        };
        let every = |asked: fn(&Window) -> bool| in_the_way.iter().all(|window| asked(window));
        let mut allowed = in_the_way.is_empty() || attempt.trigger == Trigger::Manual && every(Window::is_manual);
        if let Some(started) = attempt.started.filter(|_| !allowed && every(Window::is_overrun)) {
            allowed = self.decide(Attempt { started: None, ..attempt }, started)?.allowed;
        }
        let by = if allowed { Vec::new() } else { in_the_way.iter().map(|window| window.index).collect() };
        Ok(Decision { allowed, by })
    }

    /// When a window next opens or closes; never where none does.
    ///
    /// # Errors
    /// Where a window cannot be used.
    pub fn next_change(&self, now: Timestamp) -> Result<Option<Timestamp>, WindowError> {
        let mut next = None;
        for window in &self.0 {
            if let Some(change) = window.next_change(now)? {
                next = Some(next.map_or(change, |known: Timestamp| known.min(change)));
            }
        }
        Ok(next)
    }
}

impl crate::Project {
    /// Why a sync of an Application may not run now by its project's windows.
    pub fn window_violation(&self, application: &Application, attempt: Attempt, now: Timestamp) -> Option<Violation> {
        let windows = self.windows()?.matching(application);
        let object = format!("a sync of the Application `{}` now", application.name());
        const RULE: &str = "spec.syncWindows";
        let decision = match windows.decide(attempt, now) {
            Ok(decision) => decision,
            Err(error) => return Some(self.violation(RULE, object, error.to_string(), "correct that window")),
        };
        if decision.allowed {
            return None;
        }
        let by: Vec<&Window> = windows.iter().filter(|window| decision.by.contains(&window.index)).collect();
        let words: Vec<String> = by.iter().map(|window| describe(window)).collect();
        let state = if by.iter().any(|window| window.denies()) { "open" } else { "not open" };
        let reason = format!("{} {} {state}", words.join(" and "), if by.len() == 1 { "is" } else { "are" });
        let changes = by.iter().filter_map(|window| window.next_change(now).ok().flatten());
        let wait = changes.min().map_or_else(String::new, |change| format!("wait until {change}, or "));
        let remedy = match attempt.trigger {
            Trigger::Manual => format!("{wait}set `manualSync` there to allow syncs by hand"),
            Trigger::Automated => format!("{wait}change the window"),
        };
        Some(self.violation(RULE, object, reason, remedy))
    }
}

/// A window as a person finds it again.
fn describe(window: &Window) -> String {
    let written = &window.written;
    let kind = written.kind.as_ref().map_or("", |kind| kind.as_str());
    let schedule = written.schedule.as_deref().unwrap_or_default();
    let duration = written.duration.as_deref().unwrap_or_default();
    let zone = written.time_zone.as_deref().filter(|zone| !zone.is_empty()).unwrap_or("UTC");
    format!("`syncWindows[{}]` ({kind}, `{schedule}` for {duration}, {zone})", window.index)
}

#[cfg(test)]
mod tests;
