//! One sync window: which Applications it is for, and when it is open.

use gitops_apply::duration::go_duration;
use gitops_core::Timestamp;
use gitops_core::api::{Application, SyncWindow, SyncWindowKind};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::schedule::{Schedule, ScheduleError};
use super::zone;
use crate::glob::Rule;

/// How many openings that run into each other are followed; one that is still open then counts as open for good.
const MAX_OPENINGS: usize = 1_000;

/// A compiled window.
#[derive(Clone, Debug)]
pub struct Window {
    /// Which of the project's windows it is, counted from 0.
    pub index: usize,
    /// As it was written.
    pub written: SyncWindow,
    times: Result<Times, WindowError>,
    applications: Vec<Rule>,
    namespaces: Vec<Rule>,
    clusters: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Times {
    schedule: Schedule,
    duration: SignedDuration,
    zone: TimeZone,
}

/// Why a window cannot be used. Argo CD syncs nothing then, and neither does this.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WindowError {
    /// Its schedule cannot be read.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Its duration cannot be read.
    #[error("`{0}` is no duration")]
    Duration(String),
}

impl Window {
    pub(super) fn new(index: usize, window: &SyncWindow) -> Self {
        let globs =
            |list: &Option<Vec<String>>| list.iter().flatten().map(|pattern| Rule::plain(pattern, "")).collect();
        Self {
            index,
            times: Times::of(window),
            applications: globs(&window.applications),
            namespaces: globs(&window.namespaces),
            clusters: globs(&window.clusters),
            written: window.clone(),
        }
    }

    /// Whether it is for an Application (Argo CD's `SyncWindows.Matches`): by its name, its destination's cluster or
    /// namespace, and with `andOperator` by all of them that are written.
    pub(super) fn is_for(&self, application: &Application) -> bool {
        let destination = &application.spec.destination;
        let any = |globs: &[Rule], text: &str| globs.iter().any(|rule| rule.allows(text));
        let mut clusters = [destination.name(), destination.server()].into_iter().flatten();
        let lists = [
            (&self.applications, any(&self.applications, application.name())),
            (&self.clusters, clusters.any(|text| any(&self.clusters, text))),
            (&self.namespaces, any(&self.namespaces, destination.namespace().unwrap_or_default())),
        ];
        let mut written = lists.iter().filter(|(globs, _)| !globs.is_empty()).map(|(_, matched)| *matched);
        if self.written.use_and_operator == Some(true) {
            !self.written_lists_are_empty() && written.all(|matched| matched)
        } else {
            written.any(|matched| matched)
        }
    }

    fn written_lists_are_empty(&self) -> bool {
        self.applications.is_empty() && self.clusters.is_empty() && self.namespaces.is_empty()
    }

    pub(super) fn allows(&self) -> bool {
        self.written.kind == Some(SyncWindowKind::Allow)
    }

    pub(super) fn denies(&self) -> bool {
        self.written.kind == Some(SyncWindowKind::Deny)
    }

    pub(super) fn is_manual(&self) -> bool {
        self.written.manual_sync == Some(true)
    }

    pub(super) fn is_overrun(&self) -> bool {
        self.written.sync_overrun == Some(true)
    }

    /// Whether it can be used.
    ///
    /// # Errors
    /// Where its schedule or duration cannot be read.
    pub fn check(&self) -> Result<(), WindowError> {
        self.times().map(drop)
    }

    /// Whether it is open: it began, and its duration is not over. At the moment it begins it is not open yet, as in
    /// Argo CD.
    ///
    /// # Errors
    /// Where its schedule or duration cannot be read.
    pub fn is_open(&self, now: Timestamp) -> Result<bool, WindowError> {
        let times = self.times()?;
        let shown = times.shown(now);
        Ok(times.opening_before(shown).is_some())
    }

    /// When it next opens or closes; never where that does not happen within the years that are looked at.
    ///
    /// # Errors
    /// Where its schedule or duration cannot be read.
    pub fn next_change(&self, now: Timestamp) -> Result<Option<Timestamp>, WindowError> {
        let times = self.times()?;
        let shown = times.shown(now);
        let change = match times.opening_before(shown) {
            None => times.schedule.next_after(shown),
            Some(opening) => times.closing(opening),
        };
        Ok(change.and_then(|change| zone::moment(times.clock(), change)))
    }

    fn times(&self) -> Result<&Times, WindowError> {
        self.times.as_ref().map_err(Clone::clone)
    }
}

impl Times {
    fn of(window: &SyncWindow) -> Result<Self, WindowError> {
        let duration = window.duration.as_deref().unwrap_or_default();
        Ok(Self {
            schedule: Schedule::parse(window.schedule.as_deref().unwrap_or_default())?,
            duration: go_duration(duration).ok_or_else(|| WindowError::Duration(duration.into()))?,
            // Argo CD warns of a zone that there is not, and takes UTC.
            zone: zone::named(window.time_zone.as_deref().unwrap_or_default()).unwrap_or(TimeZone::UTC),
        })
    }

    fn clock(&self) -> &TimeZone {
        self.schedule.zone().unwrap_or(&self.zone)
    }

    fn shown(&self, now: Timestamp) -> DateTime {
        zone::clock(self.clock(), now)
    }

    /// The first opening whose duration is not over.
    fn opening_before(&self, shown: DateTime) -> Option<DateTime> {
        let since = shown.checked_sub(self.duration).ok()?;
        self.schedule.next_after(since).filter(|opening| *opening < shown)
    }

    /// When it closes that opened then; never where its openings run into each other.
    fn closing(&self, mut opening: DateTime) -> Option<DateTime> {
        for _ in 0..MAX_OPENINGS {
            let closing = opening.checked_add(self.duration).ok()?;
            match self.schedule.next_after(opening).filter(|next| *next < closing) {
                Some(next) => opening = next,
                None => return Some(closing),
            }
        }
        None
    }
}
