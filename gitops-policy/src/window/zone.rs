//! Time zones, from the database that the program carries: the machine's own is not looked at.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone of this name; none where there is none. The empty name is UTC, as for Go.
pub(super) fn named(name: &str) -> Option<TimeZone> {
    match name {
        "" | "UTC" => Some(TimeZone::UTC),
        name => TimeZoneDatabase::bundled().get(name).ok(),
    }
}

/// What the clock of a zone shows.
pub(super) fn clock(zone: &TimeZone, moment: Timestamp) -> DateTime {
    zone.to_datetime(moment)
}

/// When the clock of a zone shows this.
pub(super) fn moment(zone: &TimeZone, shown: DateTime) -> Option<Timestamp> {
    zone.to_timestamp(shown).ok()
}
