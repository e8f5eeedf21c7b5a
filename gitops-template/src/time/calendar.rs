/// A day of the Gregorian calendar, also before it was in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Date {
    /// The day that is so many days after 1970-01-01 (Howard Hinnant's `civil_from_days`).
    pub(super) fn of_day(days: i64) -> Self {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self { year: year_of_era + era * 400 + i64::from(month <= 2), month, day }
    }

    /// Days since 1970-01-01. Months and days may lie outside of the year and the month.
    pub(super) fn to_day(self) -> i64 {
        let month = self.month - 1;
        let year = self.year.saturating_add(month.div_euclid(12)).clamp(-300_000_000_000, 300_000_000_000);
        let month = month.rem_euclid(12) + 1;
        let year = if month <= 2 { year - 1 } else { year };
        let shifted = if month > 2 { month - 3 } else { month + 9 };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * shifted + 2) / 5;
        (era * 146_097 + day_of_era - 719_468).saturating_add(self.day - 1)
    }

    /// From 1.
    pub(super) fn day_of_year(self) -> i64 {
        self.to_day() - Self { month: 1, day: 1, ..self }.to_day() + 1
    }

    /// Sunday is 0.
    pub(super) fn weekday(self) -> usize {
        usize::try_from((self.to_day() + 4).rem_euclid(7)).unwrap_or_default()
    }
}
