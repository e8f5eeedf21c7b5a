//! Schedules in the notation of github.com/robfig/cron, version 3, with five fields, as Argo CD reads those of sync windows:
//! no words such as `@daily`, weekdays from 0 to 6, `5/10` for `5-59/10`, and days that match by either of their two fields
//! unless one of these is a star. A time zone may stand before them as `CRON_TZ=Asia/Tokyo `.

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use thiserror::Error;

use super::zone;

/// How far ahead a time is looked for: a schedule may have none, such as the 31st of February.
const YEARS: i16 = 5;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// When something begins, again and again.
#[derive(Clone, Debug)]
pub struct Schedule {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
    zone: Option<TimeZone>,
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{schedule}` is no schedule: {reason}")]
pub struct ScheduleError {
    /// The text.
    pub schedule: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The values of a field as bits.
#[derive(Clone, Copy, Debug)]
struct Field {
    bits: u64,
    is_star: bool,
}

impl Field {
    fn has(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.bits >> value & 1 == 1)
    }
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// Where the text is none.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        Self::read(text).map_err(|reason| ScheduleError { schedule: text.into(), reason })
    }

    fn read(text: &str) -> Result<Self, String> {
        let zoned = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ="));
        let (zone, text) = match zoned {
            None => (None, text),
            Some(rest) => {
                let (name, rest) = rest.split_once(' ').ok_or("there is nothing after the time zone")?;
                (Some(zone::named(name).ok_or_else(|| format!("there is no time zone `{name}`"))?), rest)
            }
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(format!("it has {} fields and not five", fields.len()));
        };
        Ok(Self {
            minutes: field(minutes, 0..=59, &[])?,
            hours: field(hours, 0..=23, &[])?,
            days: field(days, 1..=31, &[])?,
            months: field(months, 1..=12, &MONTHS)?,
            weekdays: field(weekdays, 0..=6, &WEEKDAYS)?,
            zone,
        })
    }

    /// The zone that stands before the fields.
    pub(super) fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// The first time after a moment, both on the schedule's own clock; none within five years.
    pub fn next_after(&self, moment: DateTime) -> Option<DateTime> {
        let this_minute = moment.with().second(0).subsec_nanosecond(0).build().ok()?;
        let start = this_minute.checked_add(1.minute()).ok()?;
        let last_year = start.year().saturating_add(YEARS);
        let mut date = start.date();
        while date.year() <= last_year {
            if !self.months.has(date.month()) {
                date = date.first_of_month().checked_add(1.month()).ok()?;
                continue;
            }
            if self.is_day(date) {
                let from = if date == start.date() { Some(start) } else { None };
                if let Some(found) = self.within_day(date, from) {
                    return Some(found);
                }
            }
            date = date.checked_add(Span::new().days(1)).ok()?;
        }
        None
    }

    fn is_day(&self, date: Date) -> bool {
        let day = self.days.has(date.day());
        let weekday = self.weekdays.has(date.weekday().to_sunday_zero_offset());
        if self.days.is_star || self.weekdays.is_star { day && weekday } else { day || weekday }
    }

    fn within_day(&self, date: Date, from: Option<DateTime>) -> Option<DateTime> {
        let (first_hour, first_minute) = from.map_or((0, 0), |from| (from.hour(), from.minute()));
        for hour in (first_hour..24).filter(|hour| self.hours.has(*hour)) {
            let first = if hour == first_hour { first_minute } else { 0 };
            if let Some(minute) = (first..60).find(|minute| self.minutes.has(*minute)) {
                return Some(date.at(hour, minute, 0, 0));
            }
        }
        None
    }
}

fn field(text: &str, bounds: RangeInclusive<u32>, names: &[&str]) -> Result<Field, String> {
    let mut all = Field { bits: 0, is_star: false };
    for range in text.split(',').filter(|range| !range.is_empty()) {
        let one = range_of(range, &bounds, names)?;
        all.bits |= one.bits;
        all.is_star |= one.is_star;
    }
    Ok(all)
}

/// `*`, `7`, `mon-fri`, each possibly with a step such as `/5`.
fn range_of(text: &str, bounds: &RangeInclusive<u32>, names: &[&str]) -> Result<Field, String> {
    let (range, step) = match text.split_once('/') {
        None => (text, None),
        Some((range, step)) => (range, Some(number(step)?)),
    };
    let (low, high) = range.split_once('-').map_or((range, None), |(low, high)| (low, Some(high)));
    let is_star = matches!(low, "*" | "?");
    let (start, mut end) = match high {
        _ if is_star => (*bounds.start(), *bounds.end()),
        None => {
            let only = value(low, bounds, names)?;
            (only, only)
        }
        Some(high) => (value(low, bounds, names)?, value(high, bounds, names)?),
    };
    if step.is_some() && high.is_none() {
        end = *bounds.end();
    }
    if start < *bounds.start() || end > *bounds.end() || start > end {
        return Err(format!("`{text}` is not within {} and {}", bounds.start(), bounds.end()));
    }
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(format!("`{text}` has no step"));
    }
    let bits = (start..=end).step_by(step as usize).fold(0, |bits, value| bits | 1 << value);
    Ok(Field { bits, is_star: is_star && step == 1 })
}

fn value(text: &str, bounds: &RangeInclusive<u32>, names: &[&str]) -> Result<u32, String> {
    let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
    match named.and_then(|index| u32::try_from(index).ok()) {
        Some(index) => Ok(bounds.start() + index),
        None => number(text),
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str) -> Option<String> {
        Schedule::parse(schedule).unwrap().next_after(after.parse().unwrap()).map(|found| found.to_string())
    }

    #[test]
    fn the_next_time_comes_after_the_moment() {
        assert_eq!(next("0 8 * * *", "2026-03-10T08:00:00").as_deref(), Some("2026-03-11T08:00:00"));
        assert_eq!(next("0 8 * * *", "2026-03-10T07:59:59.5").as_deref(), Some("2026-03-10T08:00:00"));
        assert_eq!(next("*/20 8-9 * * *", "2026-03-10T09:40:00").as_deref(), Some("2026-03-11T08:00:00"));
        assert_eq!(next("5/25 * * * *", "2026-03-10T09:06:00").as_deref(), Some("2026-03-10T09:30:00"));
        assert_eq!(next("0 0 29 feb *", "2026-03-10T09:06:00").as_deref(), Some("2028-02-29T00:00:00"));
        assert_eq!(next("0 8 31 2 *", "2026-03-10T09:06:00"), None);
    }

    #[test]
    fn days_match_by_either_field() {
        assert_eq!(next("0 0 13 * FRI", "2026-03-10T00:00:00").as_deref(), Some("2026-03-13T00:00:00"));
        assert_eq!(next("0 0 12 * FRI", "2026-03-10T00:00:00").as_deref(), Some("2026-03-12T00:00:00"));
        assert_eq!(next("0 0 ? * 1", "2026-03-10T00:00:00").as_deref(), Some("2026-03-16T00:00:00"));
        assert_eq!(next("0 0 */2 * 1", "2026-03-10T00:00:00").as_deref(), Some("2026-03-11T00:00:00"));
    }

    #[test]
    fn what_is_no_schedule_says_why() {
        for (text, reason) in [
            ("", "0 fields"),
            ("@daily", "1 fields"),
            ("60 * * * *", "`60` is not within 0 and 59"),
            ("* * * * 7", "`7` is not within 0 and 6"),
            ("*/0 * * * *", "no step"),
            ("5-3 * * * *", "`5-3`"),
            ("1-2-3 * * * *", "`2-3` is no number"),
            ("1/2/3 * * * *", "`2/3` is no number"),
            ("x * * * *", "`x` is no number"),
            ("CRON_TZ=Nowhere/X 0 8 * * *", "`Nowhere/X`"),
            ("CRON_TZ=UTC", "nothing after"),
        ] {
            let error = Schedule::parse(text).unwrap_err();
            assert!(error.reason.contains(reason), "{text}: {error}");
        }
    }
}
