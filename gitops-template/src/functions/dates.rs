//! sprig's dates. Local is UTC, so that a render is the same everywhere.

use super::items::NIL_DEREFERENCE;
use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::time::{Moment, SECOND, Zone, duration_text, parse, parse_duration, round_to_second};
use crate::value::Value;

use Parameter::{Any, Text};

const TIME: Parameter = Parameter::Object("time.Time");
const ONE: Signature = Signature::of(&[Any]);
const FORMATTED: Signature = Signature::of(&[Text, Any]);
const IN_ZONE: Signature = Signature::of(&[Text, Any, Text]);
const MODIFIED: Signature = Signature::of(&[Text, TIME]);
const READ: Signature = Signature::of(&[Text, Text]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "now", signature: Signature::of(&[]), call: now },
    Function { name: "date", signature: FORMATTED, call: date },
    Function { name: "dateInZone", signature: IN_ZONE, call: date_in_zone },
    Function { name: "date_in_zone", signature: IN_ZONE, call: date_in_zone },
    Function { name: "htmlDate", signature: ONE, call: html_date },
    Function { name: "htmlDateInZone", signature: FORMATTED_IN_ZONE, call: html_date_in_zone },
    Function { name: "dateModify", signature: MODIFIED, call: modify },
    Function { name: "date_modify", signature: MODIFIED, call: modify },
    Function { name: "mustDateModify", signature: MODIFIED, call: must_modify },
    Function { name: "must_date_modify", signature: MODIFIED, call: must_modify },
    Function { name: "toDate", signature: READ, call: to_date },
    Function { name: "mustToDate", signature: READ, call: must_to_date },
    Function { name: "unixEpoch", signature: Signature::of(&[TIME]), call: unix_epoch },
    Function { name: "ago", signature: ONE, call: ago },
    Function { name: "duration", signature: ONE, call: duration },
    Function { name: "durationRound", signature: ONE, call: duration_round },
];

const FORMATTED_IN_ZONE: Signature = Signature::of(&[Any, Text]);

/// The layout of dates in HTML.
const HTML: &[u8] = b"2006-01-02";

type Called = Result<Value, Failure>;

fn present(render: &Render<'_>) -> Moment {
    let (seconds, nanoseconds) = render.host().now();
    Moment::at(seconds, nanoseconds)
}

fn now(render: &mut Render<'_>, _: &[Value]) -> Called {
    Ok(Value::object(present(render)))
}

/// The moment of a value: seconds since 1970, or now where it is neither that nor a time.
fn moment(render: &Render<'_>, value: &Value) -> Moment {
    match value {
        Value::Int(seconds) | Value::Int64(seconds) => Moment::at(*seconds, 0),
        other => Moment::of(other).cloned().unwrap_or_else(|| present(render)),
    }
}

fn formatted(render: &mut Render<'_>, layout: &[u8], value: &Value, zone: Zone) -> Called {
    let moment = match value {
        Value::Rune(seconds) => Moment::at((*seconds).into(), 0),
        other => moment(render, other),
    };
    render.charge(layout.len() as u64)?;
    render.written(moment.within(zone).format(layout))
}

/// A zone that isn't known is UTC.
fn zone(name: &[u8]) -> Zone {
    std::str::from_utf8(name).ok().and_then(Zone::load).unwrap_or(Zone::Utc)
}

fn date(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    formatted(render, &arguments.text(0), arguments.any(1), Zone::Utc)
}

fn date_in_zone(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    formatted(render, &arguments.text(0), arguments.any(1), zone(&arguments.text(2)))
}

fn html_date(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    formatted(render, HTML, arguments.any(0), Zone::Utc)
}

fn html_date_in_zone(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    formatted(render, HTML, arguments.any(0), zone(&arguments.text(1)))
}

fn modified(arguments: &[Value]) -> Result<Result<Value, String>, Failure> {
    let Some(moment) = Moment::of(arguments.any(1)) else { return Err(Failure::new(NIL_DEREFERENCE)) };
    Ok(parse_duration(&arguments.text(0)).map(|duration| Value::object(moment.plus(duration))))
}

fn modify(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    Ok(modified(arguments)?.unwrap_or_else(|_| arguments.any(1).clone()))
}

fn must_modify(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    modified(arguments)?.map_err(Failure::new)
}

fn to_date(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let moment = parse(&arguments.text(0), &arguments.text(1));
    Ok(Value::object(moment.unwrap_or_else(|_| Moment::zero())))
}

fn must_to_date(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    parse(&arguments.text(0), &arguments.text(1)).map(Value::object).map_err(Failure::new)
}

fn unix_epoch(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let seconds = Moment::of(arguments.any(0)).map_or(0, |moment| moment.seconds);
    Ok(Value::text(seconds.to_string()))
}

fn ago(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let since = present(render).since(&moment(render, arguments.any(0)));
    Ok(Value::text(duration_text(round_to_second(since))))
}

/// Seconds as a duration: digits or an `int64`, everything else is none.
fn duration(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let seconds = match arguments.any(0) {
        Value::Int64(seconds) => *seconds,
        Value::Text(text) => super::conversions::decimal(&text.to_str()),
        _ => 0,
    };
    Ok(Value::text(duration_text(seconds.wrapping_mul(SECOND))))
}

/// A duration in its largest unit, without the rest.
fn duration_round(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let nanoseconds = match arguments.any(0) {
        Value::Int64(nanoseconds) => *nanoseconds,
        Value::Text(text) => parse_duration(text).unwrap_or(0),
        other => Moment::of(other).map_or(0, |moment| present(render).since(moment)),
    };
    let seconds = |unit: i64| (unit * SECOND).unsigned_abs();
    let units = [
        (seconds(365 * 86_400), "y"),
        (seconds(30 * 86_400), "mo"),
        (seconds(86_400), "d"),
        (seconds(3_600), "h"),
        (seconds(60), "m"),
        (seconds(1), "s"),
    ];
    let whole = nanoseconds.unsigned_abs();
    let largest = units.into_iter().find(|(unit, _)| whole > *unit);
    Ok(Value::text(largest.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", whole / unit))))
}
