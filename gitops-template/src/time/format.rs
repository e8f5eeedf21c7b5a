use super::Moment;
use super::calendar::{MONTHS, WEEKDAYS};
use super::layout::{Chunk, Element, Offset};

/// The layout of `time.Time`'s `String`.
const PLAIN: &[u8] = b"2006-01-02 15:04:05.999999999 -0700 MST";

/// The layout of times in JSON and TOML.
const RFC3339: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";

impl Moment {
    /// The moment by a layout, as `Time.Format` writes it.
    pub(crate) fn format(&self, layout: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = layout;
        while !rest.is_empty() {
            let chunk = Chunk::next(rest);
            out.extend_from_slice(chunk.before);
            if let Some((element, _)) = chunk.element {
                self.write(&mut out, element);
            }
            rest = chunk.after;
        }
        out
    }

    /// As `%v` prints it.
    pub(crate) fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.format(PLAIN)).into_owned()
    }

    /// As JSON has it.
    pub(crate) fn to_rfc3339(&self) -> String {
        String::from_utf8_lossy(&self.format(RFC3339)).into_owned()
    }

    fn write(&self, out: &mut Vec<u8>, element: Element) {
        let (date, (hour, minute, second)) = (self.date(), self.clock());
        let month = || name(&MONTHS, date.month - 1);
        let weekday = || WEEKDAYS.get(date.weekday()).copied().unwrap_or_default();
        let of_twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let width = |padded: bool| if padded { 2 } else { 0 };
        match element {
            Element::ShortYear => number(out, date.year.abs() % 100, 2),
            Element::Year => number(out, date.year, 4),
            Element::Month => out.extend_from_slice(month().as_bytes()),
            Element::ShortMonth => out.extend_from_slice(short(month())),
            Element::MonthNumber { padded } => number(out, date.month, width(padded)),
            Element::Weekday => out.extend_from_slice(weekday().as_bytes()),
            Element::ShortWeekday => out.extend_from_slice(short(weekday())),
            Element::Day => number(out, date.day, 0),
            Element::BlankPaddedDay => out.extend_from_slice(format!("{:2}", date.day).as_bytes()),
            Element::ZeroPaddedDay => number(out, date.day, 2),
            Element::DayOfYear { zeros: true } => number(out, date.day_of_year(), 3),
            Element::DayOfYear { zeros: false } => {
                out.extend_from_slice(format!("{:3}", date.day_of_year()).as_bytes())
            }
            Element::Hour => number(out, hour, 2),
            Element::HourOfTwelve { padded } => number(out, of_twelve, width(padded)),
            Element::Minute { padded } => number(out, minute, width(padded)),
            Element::Second { padded } => number(out, second, width(padded)),
            Element::Afternoon { upper } => out.extend_from_slice(match (hour >= 12, upper) {
                (true, true) => b"PM",
                (false, true) => b"AM",
                (true, false) => b"pm",
                (false, false) => b"am",
            }),
            Element::Offset(offset) => self.write_offset(out, offset),
            Element::ZoneName => match self.offset() {
                (offset, name) if name.is_empty() => {
                    write_offset(out, offset, Offset { zulu: false, colons: false, minutes: true, seconds: false });
                }
                (_, name) => out.extend_from_slice(name.as_bytes()),
            },
            Element::Fraction { digits, trimmed, mark } => self.write_fraction(out, digits, trimmed, mark),
        }
    }

    fn write_offset(&self, out: &mut Vec<u8>, offset: Offset) {
        match self.offset() {
            (0, _) if offset.zulu => out.push(b'Z'),
            (seconds, _) => write_offset(out, seconds, offset),
        }
    }

    fn write_fraction(&self, out: &mut Vec<u8>, digits: usize, trimmed: bool, mark: u8) {
        let all = format!("{:09}", self.nanoseconds);
        let mut shown = all.get(..digits.min(9)).unwrap_or_default().to_owned();
        if trimmed {
            shown.truncate(shown.trim_end_matches('0').len());
            if shown.is_empty() {
                return;
            }
        }
        out.push(mark);
        out.extend_from_slice(shown.as_bytes());
    }
}

fn write_offset(out: &mut Vec<u8>, seconds: i32, offset: Offset) {
    // Go takes the sign from the minutes.
    out.push(if seconds / 60 < 0 { b'-' } else { b'+' });
    let seconds = i64::from(seconds.unsigned_abs());
    number(out, seconds / 3_600, 2);
    let colon = |out: &mut Vec<u8>| out.extend_from_slice(if offset.colons { b":" } else { b"" });
    if offset.minutes {
        colon(out);
        number(out, seconds / 60 % 60, 2);
    }
    if offset.seconds {
        colon(out);
        number(out, seconds % 60, 2);
    }
}

fn name<'n>(names: &[&'n str], index: i64) -> &'n str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

fn short(name: &str) -> &[u8] {
    name.as_bytes().get(..3).unwrap_or_default()
}

/// A number with zeros before it up to a width, the sign apart.
fn number(out: &mut Vec<u8>, number: i64, width: usize) {
    let sign = if number < 0 { "-" } else { "" };
    out.extend_from_slice(format!("{sign}{:0width$}", number.unsigned_abs()).as_bytes());
}
