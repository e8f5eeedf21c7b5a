//! Times as Go's `time` has them: moments in zones, layouts to write and read them by, durations.

mod calendar;
mod duration;
mod format;
mod layout;
mod object;
mod parse;
mod zone;

pub(crate) use duration::{SECOND, duration_text, parse_duration, round_to_second};
pub(crate) use parse::parse;
pub(crate) use zone::Zone;

use calendar::Date;

/// Nanoseconds of a second.
const NANOSECONDS: i128 = 1_000_000_000;

/// Seconds from the year 1 to 1970: Go's zero time is that far before ours.
const YEAR_ONE: i64 = -62_135_596_800;

/// A moment, and the zone that it is shown in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moment {
    /// Seconds since 1970.
    pub(crate) seconds: i64,
    /// Nanoseconds on top of them, below a second.
    pub(crate) nanoseconds: u32,
    pub(crate) zone: Zone,
}

impl Moment {
    /// Go's zero time.
    pub(crate) fn zero() -> Self {
        Self::at(YEAR_ONE, 0)
    }

    /// Seconds and nanoseconds since 1970, in UTC.
    pub(crate) fn at(seconds: i64, nanoseconds: u32) -> Self {
        Self { seconds, nanoseconds, zone: Zone::Utc }
    }

    pub(crate) fn within(&self, zone: Zone) -> Self {
        Self { zone, ..*self }
    }

    /// Later by a duration in nanoseconds.
    pub(crate) fn plus(&self, nanoseconds: i64) -> Self {
        let whole = i128::from(self.seconds) * NANOSECONDS + i128::from(self.nanoseconds) + i128::from(nanoseconds);
        let seconds = i64::try_from(whole.div_euclid(NANOSECONDS)).unwrap_or(i64::MAX);
        let nanoseconds = u32::try_from(whole.rem_euclid(NANOSECONDS)).unwrap_or_default();
        Self { seconds, nanoseconds, zone: self.zone.clone() }
    }

    /// The duration since another moment in nanoseconds, the longest where there is no place for it.
    pub(crate) fn since(&self, other: &Self) -> i64 {
        let seconds = i128::from(self.seconds) - i128::from(other.seconds);
        let whole = seconds * NANOSECONDS + i128::from(self.nanoseconds) - i128::from(other.nanoseconds);
        i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX })
    }

    /// Seconds east of Greenwich, and the short name of the zone then.
    pub(crate) fn offset(&self) -> (i32, String) {
        self.zone.offset_at(self.seconds)
    }

    /// Seconds since 1970 as the clock on the wall has it.
    fn local_seconds(&self) -> i64 {
        self.seconds.saturating_add(self.offset().0.into())
    }

    fn date(&self) -> Date {
        Date::of_day(self.local_seconds().div_euclid(86_400))
    }

    /// Hour, minute and second.
    fn clock(&self) -> (i64, i64, i64) {
        let second = self.local_seconds().rem_euclid(86_400);
        (second / 3_600, second / 60 % 60, second % 60)
    }
}
