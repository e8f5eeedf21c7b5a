use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// A time zone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Zone {
    /// UTC, and what Go calls local: a render knows no other place.
    Utc,
    /// Always so many seconds east of Greenwich, with a name that may be empty.
    Fixed {
        /// Seconds.
        offset: i32,
        /// The short name.
        name: String,
    },
    /// A zone of the IANA's database, which is a part of the program.
    Named(TimeZone),
}

impl Zone {
    /// The zone of a name, as `time.LoadLocation` finds it.
    pub(crate) fn load(name: &str) -> Option<Self> {
        if matches!(name, "" | "UTC" | "Local") {
            return Some(Self::Utc);
        }
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        // Names of files have a case.
        (zone.iana_name() == Some(name)).then_some(Self::Named(zone))
    }

    /// Seconds east of Greenwich, and the short name then.
    pub(super) fn offset_at(&self, seconds: i64) -> (i32, String) {
        match self {
            Self::Utc => (0, "UTC".to_owned()),
            Self::Fixed { offset, name } => (*offset, name.clone()),
            Self::Named(zone) => {
                let earliest = Timestamp::MIN.as_second();
                let latest = Timestamp::MAX.as_second();
                let time = Timestamp::from_second(seconds.clamp(earliest, latest)).unwrap_or_default();
                let info = zone.to_offset_info(time);
                (info.offset().seconds(), info.abbreviation().to_owned())
            }
        }
    }

    /// The moment when a clock in the zone shows so many seconds since 1970. Where it shows them twice or never, Go
    /// takes the offset that holds a little before or after.
    pub(super) fn moment_of(&self, shown: i64) -> i64 {
        let (offset, _) = self.offset_at(shown);
        let guess = shown.saturating_sub(offset.into());
        let (then, _) = self.offset_at(guess);
        if then == offset {
            return guess;
        }
        let other = shown.saturating_sub(then.into());
        if self.offset_at(other).0 == then { other } else { guess }
    }

    /// Whether summer time holds.
    pub(super) fn is_summer(&self, seconds: i64) -> bool {
        match self {
            Self::Named(zone) => {
                Timestamp::from_second(seconds).is_ok_and(|time| zone.to_offset_info(time).dst() == jiff::tz::Dst::Yes)
            }
            _ => false,
        }
    }

    /// What `Location` prints.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Fixed { name, .. } => name,
            Self::Named(zone) => zone.iana_name().unwrap_or_default(),
        }
    }
}
