//! `os.time` and `os.date`, all that Argo CD leaves of the `os` library (`util/lua/oslib_safe.go`), at one moment for a whole
//! run, in UTC as in its containers.

use gitops_core::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use mlua::{Lua, Table, Value};

/// The library, for scripts that run at this moment.
pub(crate) fn library(lua: &Lua, now: Timestamp) -> mlua::Result<Table> {
    let os = lua.create_table()?;
    os.set("time", lua.create_function(move |_, at: Option<Table>| time(now, at))?)?;
    let date = move |lua: &Lua, (format, at): (Option<String>, Option<i64>)| {
        let moment = at.map_or(Ok(now), Timestamp::from_second).map_err(mlua::Error::external)?;
        date(lua, format.as_deref().unwrap_or("%c"), moment)
    };
    os.set("date", lua.create_function(date)?)?;
    Ok(os)
}

/// Seconds since 1970: now, or of the moment that a table tells. As in Argo CD, only numbers in it count, days and months beyond
/// their end go on in the next, and a table without a date is one of long ago.
fn time(now: Timestamp, at: Option<Table>) -> mlua::Result<i64> {
    let Some(at) = at else { return Ok(now.as_second()) };
    let field = |name: &str, absent: i64| -> mlua::Result<i64> {
        Ok(match at.raw_get(name)? {
            Value::Integer(number) => number,
            #[allow(clippy::cast_possible_truncation)] // A number of Lua; what no integer holds is bounded by the cast.
            Value::Number(number) => number as i64,
            _ => absent,
        })
    };
    let (year, month, day) = (field("year", -1)?, field("month", -1)?, field("day", -1)?);
    let (hour, minute, second) = (field("hour", 12)?, field("min", 0)?, field("sec", 0)?);
    seconds([year, month, day], [hour, minute, second])
        .ok_or_else(|| mlua::Error::runtime("the date is out of the range of times"))
}

fn seconds([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let months = year.checked_mul(12)?.checked_add(month.checked_sub(1)?)?;
    let (year, month) = (i16::try_from(months.div_euclid(12)).ok()?, i8::try_from(months.rem_euclid(12) + 1).ok()?);
    let first = Date::new(year, month, 1).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    let parts = [(day.checked_sub(1)?, 86_400), (hour, 3_600), (minute, 60), (second, 1)];
    parts.into_iter().try_fold(first, |sum, (count, unit)| sum.checked_add(count.checked_mul(unit)?))
}

/// A moment in the words of a format, or as a table where that is `*t`. The exclamation mark that asks for UTC changes nothing.
fn date(lua: &Lua, format: &str, moment: Timestamp) -> mlua::Result<Value> {
    let format = format.trim_start_matches('!');
    let at = moment.to_zoned(TimeZone::UTC).datetime();
    if !format.starts_with("*t") {
        return Ok(Value::String(lua.create_string(written(format, at))?));
    }
    let table = lua.create_table()?;
    let numbers = [
        ("year", i64::from(at.year())),
        ("month", at.month().into()),
        ("day", at.day().into()),
        ("hour", at.hour().into()),
        ("min", at.minute().into()),
        ("sec", at.second().into()),
        ("wday", i64::from(at.weekday().to_sunday_zero_offset()) + 1),
        ("yday", 0),
    ];
    for (name, number) in numbers {
        table.set(name, number)?;
    }
    table.set("isdst", false)?;
    Ok(Value::Table(table))
}

fn written(format: &str, at: DateTime) -> String {
    let mut out = String::with_capacity(format.len());
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '%') {
            (_, true) => match letters.next() {
                Some(flag) => part(&mut out, flag, at),
                None => out.push('%'),
            },
            (letter, false) => out.push(letter),
        }
    }
    out
}

/// What a flag stands for. `%a`, `%x` and `%c` are as Argo CD's interpreter has them, which differs from C's.
fn part(out: &mut String, flag: char, at: DateTime) {
    let format = match flag {
        'A' => "%A",
        'b' => "%b",
        'B' => "%B",
        'c' => "%d %b %y %H:%M UTC",
        'd' => "%d",
        'F' => "%Y-%m-%d",
        'H' => "%H",
        'I' => "%I",
        'm' => "%m",
        'M' => "%M",
        'p' => "%p",
        'P' => "%P",
        'S' => "%S",
        'x' => "%H/%M/%S",
        'X' => "%H:%M:%S",
        'y' => "%y",
        'Y' => "%Y",
        'w' => "%w",
        'a' => return out.push_str("mon"),
        'z' => return out.push_str("+0000"),
        'Z' => return out.push_str("UTC"),
        '%' => return out.push('%'),
        other => return out.extend(['%', other]),
    };
    out.push_str(&at.strftime(format).to_string());
}
