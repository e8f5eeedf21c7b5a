use super::calendar::{Date, MONTHS, WEEKDAYS, days_in, is_leap};
use super::layout::{Chunk, Element, Offset};
use super::{Moment, Zone};
use crate::quote::quote;

/// Reads a moment by a layout, as `time.ParseInLocation` does where UTC is local. The error is Go's.
pub(crate) fn parse(layout: &[u8], text: &[u8]) -> Result<Moment, String> {
    let fail = |message: &str| format!("parsing time {}{message}", quote(text));
    let cannot = |found: &[u8], wanted: &[u8]| {
        fail(&format!(" as {}: cannot parse {} as {}", quote(layout), quote(found), quote(wanted)))
    };
    let mut fields = Fields::default();
    let (mut rest, mut value) = (layout, text);
    loop {
        let chunk = Chunk::next(rest);
        value = skip(value, chunk.before).map_err(|found| cannot(found, chunk.before))?;
        let Some((element, written)) = chunk.element else { break };
        rest = chunk.after;
        let start = value;
        match fields.read(element, &mut value, rest) {
            Ok(()) => {}
            Err(Wrong::Value) => return Err(cannot(start, written)),
            Err(Wrong::Range(what)) => return Err(fail(&format!(": {what} out of range"))),
        }
    }
    if !value.is_empty() {
        return Err(fail(&format!(": extra text: {}", quote(value))));
    }
    fields.moment().map_err(|words| fail(&format!(": {words}")))
}

/// Why a value doesn't fit an element.
enum Wrong {
    Value,
    Range(&'static str),
}

/// What was read so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanoseconds: u32,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: String,
}

impl Fields {
    fn read(&mut self, element: Element, value: &mut &[u8], next: &[u8]) -> Result<(), Wrong> {
        match element {
            Element::ShortYear => {
                let year = whole(take(value, 2)?)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            Element::Year => {
                if !value.first().is_some_and(u8::is_ascii_digit) {
                    return Err(Wrong::Value);
                }
                self.year = whole(take(value, 4)?)?;
            }
            Element::Month => self.month = Some(named(&MONTHS, 9, value)? + 1),
            Element::ShortMonth => self.month = Some(named(&MONTHS, 3, value)? + 1),
            Element::Weekday => drop(named(&WEEKDAYS, 9, value)?),
            Element::ShortWeekday => drop(named(&WEEKDAYS, 3, value)?),
            Element::MonthNumber { padded } => {
                let month = number(value, padded, 2)?;
                self.month = Some(checked(month, 1..=12, "month")?);
            }
            Element::Day => self.day = Some(number(value, false, 2)?),
            Element::ZeroPaddedDay => self.day = Some(number(value, true, 2)?),
            Element::BlankPaddedDay => {
                *value = value.strip_prefix(b" ").unwrap_or(value);
                self.day = Some(number(value, false, 2)?);
            }
            Element::DayOfYear { zeros } => {
                if !zeros {
                    *value = value.strip_prefix(b" ").unwrap_or(value);
                    *value = value.strip_prefix(b" ").unwrap_or(value);
                }
                self.day_of_year = Some(number(value, zeros, 3)?);
            }
            Element::Hour => self.hour = checked(number(value, false, 2)?, 0..=23, "hour")?,
            Element::HourOfTwelve { padded } => self.hour = checked(number(value, padded, 2)?, 0..=12, "hour")?,
            Element::Minute { padded } => self.minute = checked(number(value, padded, 2)?, 0..=59, "minute")?,
            Element::Second { padded } => {
                self.second = checked(number(value, padded, 2)?, 0..=59, "second")?;
                self.unasked_fraction(value, next)?;
            }
            Element::Afternoon { upper } => {
                let (before, after) = if upper { (b"AM", b"PM") } else { (b"am", b"pm") };
                self.afternoon = match take(value, 2)? {
                    text if text == after => Some(true),
                    // Go keeps an afternoon that was read before.
                    text if text == before => Some(self.afternoon == Some(true)),
                    _ => return Err(Wrong::Value),
                };
            }
            Element::Offset(offset) => self.read_offset(offset, value)?,
            Element::ZoneName => match value.strip_prefix(b"UTC") {
                Some(after) => (self.utc, *value) = (true, after),
                None => {
                    let length = zone_length(value).ok_or(Wrong::Value)?;
                    self.zone = String::from_utf8_lossy(take(value, length)?).into_owned();
                }
            },
            Element::Fraction { digits, trimmed: false, .. } => {
                self.nanoseconds = fraction(take(value, digits + 1)?)?;
            }
            Element::Fraction { .. } => self.any_fraction(value)?,
        }
        Ok(())
    }

    /// A fraction behind the seconds is read also where the layout has none.
    fn unasked_fraction(&mut self, value: &mut &[u8], next: &[u8]) -> Result<(), Wrong> {
        match Chunk::next(next).element {
            Some((Element::Fraction { .. }, _)) => Ok(()),
            _ => self.any_fraction(value),
        }
    }

    fn any_fraction(&mut self, value: &mut &[u8]) -> Result<(), Wrong> {
        let [b'.' | b',', rest @ ..] = *value else { return Ok(()) };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 {
            self.nanoseconds = fraction(take(value, digits + 1)?)?;
        }
        Ok(())
    }

    fn read_offset(&mut self, offset: Offset, value: &mut &[u8]) -> Result<(), Wrong> {
        if offset.zulu
            && let Some(after) = value.strip_prefix(b"Z")
        {
            (self.utc, *value) = (true, after);
            return Ok(());
        }
        let parts = 1 + usize::from(offset.minutes) + usize::from(offset.seconds);
        let length = 1 + 2 * parts + if offset.colons { parts - 1 } else { 0 };
        let text = take(value, length)?;
        let (sign, digits) = text.split_first().ok_or(Wrong::Value)?;
        let mut seconds = 0;
        let names = ["time zone offset hour", "time zone offset minute", "time zone offset second"];
        for (index, name) in names.into_iter().enumerate() {
            let start = if offset.colons { index * 3 } else { index * 2 };
            let part = if index < parts { digits.get(start..start + 2).unwrap_or_default() } else { b"00" };
            if index > 0 && index < parts && offset.colons && digits.get(start - 1) != Some(&b':') {
                return Err(Wrong::Value);
            }
            let part = checked(two_digits(part)?, 0..=if index == 0 { 24 } else { 60 }, name)?;
            seconds = seconds * 60 + part;
        }
        let seconds = i32::try_from(seconds).map_err(|_| Wrong::Value)?;
        self.offset = Some(match sign {
            b'+' => seconds,
            b'-' => -seconds,
            _ => return Err(Wrong::Value),
        });
        Ok(())
    }

    fn moment(self) -> Result<Moment, &'static str> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let (month, day) = self.month_and_day()?;
        if day < 1 || day > days_in(month, self.year) {
            return Err("day out of range");
        }
        let days = Date { year: self.year, month, day }.to_day();
        let shown = days * 86_400 + hour * 3_600 + self.minute * 60 + self.second;
        let at = |seconds, zone| Moment { seconds, nanoseconds: self.nanoseconds, zone };
        if self.utc {
            return Ok(at(shown, Zone::Utc));
        }
        if let Some(offset) = self.offset {
            let known = offset == 0 && matches!(self.zone.as_str(), "" | "UTC");
            let zone = if known { Zone::Utc } else { Zone::Fixed { offset, name: self.zone } };
            return Ok(Moment { seconds: shown - i64::from(offset), nanoseconds: self.nanoseconds, zone });
        }
        if self.zone.is_empty() {
            return Ok(at(shown, Zone::Utc));
        }
        // The offset of a name that is not known here is not known either, save for `GMT+3`.
        let hours = self.zone.strip_prefix("GMT").and_then(|hours| hours.parse::<i32>().ok()).unwrap_or(0);
        let zone = Zone::Fixed { offset: hours * 3_600, name: self.zone };
        Ok(Moment { seconds: shown, nanoseconds: self.nanoseconds, zone })
    }

    fn month_and_day(&self) -> Result<(i64, i64), &'static str> {
        let Some(day_of_year) = self.day_of_year else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        let length = if is_leap(self.year) { 366 } else { 365 };
        if !(1..=length).contains(&day_of_year) {
            return Err("day-of-year out of range");
        }
        let date = Date::of_day(Date { year: self.year, month: 1, day: day_of_year }.to_day());
        if self.month.is_some_and(|month| month != date.month) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|day| day != date.day) {
            return Err("day-of-year does not match day");
        }
        Ok((date.month, date.day))
    }
}

/// A value behind the text of a layout, any number of blanks for any number of them; else what was found.
fn skip<'v>(mut value: &'v [u8], mut text: &[u8]) -> Result<&'v [u8], &'v [u8]> {
    while let Some((wanted, after)) = text.split_first() {
        match (wanted, value.split_first()) {
            (b' ', Some((found, _))) if *found != b' ' => return Err(value),
            (b' ', _) => {
                text = without_blanks(text);
                value = without_blanks(value);
            }
            (_, Some((found, rest))) if found == wanted => (text, value) = (after, rest),
            _ => return Err(value),
        }
    }
    Ok(value)
}

fn without_blanks(text: &[u8]) -> &[u8] {
    text.get(text.iter().take_while(|byte| **byte == b' ').count()..).unwrap_or_default()
}

fn take<'v>(value: &mut &'v [u8], length: usize) -> Result<&'v [u8], Wrong> {
    let (taken, rest) = value.split_at_checked(length).ok_or(Wrong::Value)?;
    *value = rest;
    Ok(taken)
}

/// Digits, with a sign perhaps.
fn whole(text: &[u8]) -> Result<i64, Wrong> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(Wrong::Value)
}

/// The number at the start: up to so many digits, or just as many.
fn number(value: &mut &[u8], exact: bool, most: usize) -> Result<i64, Wrong> {
    let digits = value.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || (exact && digits != most) {
        return Err(Wrong::Value);
    }
    whole(take(value, digits)?)
}

fn two_digits(text: &[u8]) -> Result<i64, Wrong> {
    if text.len() == 2 && text.iter().all(u8::is_ascii_digit) { whole(text) } else { Err(Wrong::Value) }
}

fn checked(number: i64, range: std::ops::RangeInclusive<i64>, what: &'static str) -> Result<i64, Wrong> {
    if range.contains(&number) { Ok(number) } else { Err(Wrong::Range(what)) }
}

/// Which of some names the value starts with, in any case, by so many letters of the names.
fn named(names: &[&str], letters: usize, value: &mut &[u8]) -> Result<i64, Wrong> {
    for (index, name) in names.iter().enumerate() {
        let name = name.as_bytes().get(..letters.min(name.len())).unwrap_or_default();
        if value.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            take(value, name.len())?;
            return i64::try_from(index).map_err(|_| Wrong::Value);
        }
    }
    Err(Wrong::Value)
}

/// A mark and digits as nanoseconds. More than nine digits are of no account.
fn fraction(text: &[u8]) -> Result<u32, Wrong> {
    let [b'.' | b',', digits @ ..] = text else { return Err(Wrong::Value) };
    let digits = digits.get(..digits.len().min(9)).unwrap_or_default();
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Wrong::Value);
    }
    let number = whole(digits)? * 10i64.pow(9 - u32::try_from(digits.len()).unwrap_or(9));
    u32::try_from(number).map_err(|_| Wrong::Value)
}

/// How long the name of a zone at the start is, if there is one.
fn zone_length(value: &[u8]) -> Option<usize> {
    if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(after) = value.strip_prefix(b"GMT") {
        return Some(3 + signed_hours(after).unwrap_or(0));
    }
    if matches!(value.first(), Some(b'+' | b'-')) {
        return signed_hours(value);
    }
    let letters = value.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    match letters {
        3 => Some(3),
        4 if value.get(3) == Some(&b'T') || value.starts_with(b"WITA") => Some(4),
        5 if value.get(4) == Some(&b'T') => Some(5),
        _ => None,
    }
}

/// The length of a sign and a number up to 23.
fn signed_hours(value: &[u8]) -> Option<usize> {
    let (sign, rest) = value.split_first()?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let hours = whole(rest.get(..digits)?).ok()?;
    (matches!(sign, b'+' | b'-') && hours <= 23).then_some(digits + 1)
}
