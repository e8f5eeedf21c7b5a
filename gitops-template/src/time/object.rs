//! Times, durations, months and days of the week as values with methods.

use std::any::Any;
use std::cmp::Ordering;

use super::calendar::{Date, MONTHS, WEEKDAYS};
use super::{Moment, SECOND, Zone, duration_text};
use crate::functions::{Arguments, Failure, Parameter, Signature};
use crate::value::{Object, Value};

/// Go's names of the types.
const TIME: &str = "time.Time";
const DURATION: &str = "time.Duration";

const NOTHING: Signature = Signature::of(&[]);

impl Moment {
    /// The moment in a value, if it is one.
    pub(crate) fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }
}

impl Object for Moment {
    fn type_name(&self) -> &str {
        TIME
    }

    fn method(&self, name: &str) -> Option<Signature> {
        Some(match name {
            "Year" | "Month" | "Day" | "Weekday" | "YearDay" | "Hour" | "Minute" | "Second" | "Nanosecond" => NOTHING,
            "Unix" | "UnixMilli" | "UnixMicro" | "UnixNano" | "UTC" | "Local" | "IsZero" | "IsDST" => NOTHING,
            "String" | "GoString" | "Location" | "MarshalJSON" | "MarshalText" => NOTHING,
            "Format" => Signature::of(&[Parameter::Text]),
            "AddDate" => Signature::of(&[Parameter::Int, Parameter::Int, Parameter::Int]),
            "Add" | "Truncate" | "Round" => Signature::of(&[Parameter::Object(DURATION)]),
            "Sub" | "After" | "Before" | "Equal" | "Compare" => Signature::of(&[Parameter::Object(TIME)]),
            _ => return None,
        })
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, Failure> {
        if let Some(other) = Self::of(arguments.any(0)) {
            return Ok(self.beside(name, other));
        }
        if let Some(duration) = Duration::of(arguments.any(0)) {
            return Ok(Value::object(self.moved(name, duration)));
        }
        let (date, (hour, minute, second)) = (self.date(), self.clock());
        let nanoseconds = i64::from(self.nanoseconds);
        Ok(match name {
            "Year" => Value::Int(date.year),
            "Month" => Value::object(Named { type_name: "time.Month", number: date.month, first: 1, names: &MONTHS }),
            "Weekday" => {
                let number = i64::try_from(date.weekday()).unwrap_or_default();
                Value::object(Named { type_name: "time.Weekday", number, first: 0, names: &WEEKDAYS })
            }
            "Day" => Value::Int(date.day),
            "YearDay" => Value::Int(date.day_of_year()),
            "Hour" => Value::Int(hour),
            "Minute" => Value::Int(minute),
            "Second" => Value::Int(second),
            "Nanosecond" => Value::Int(nanoseconds),
            "Unix" => Value::Int64(self.seconds),
            "UnixMilli" => Value::Int64(self.counted(1_000)),
            "UnixMicro" => Value::Int64(self.counted(1_000_000)),
            "UnixNano" => Value::Int64(self.counted(SECOND)),
            "UTC" | "Local" => Value::object(self.within(Zone::Utc)),
            "IsZero" => Value::Bool(*self == Self { zone: self.zone.clone(), ..Self::zero() }),
            "IsDST" => Value::Bool(self.zone.is_summer(self.seconds)),
            "Format" => Value::text(self.format(&arguments.text(0))),
            "AddDate" => Value::object(self.later(arguments.int(0), arguments.int(1), arguments.int(2))),
            "Location" => Value::text(self.zone.name()),
            "MarshalJSON" => Value::Bytes(format!("\"{}\"", self.to_rfc3339()).into()),
            "MarshalText" => Value::Bytes(self.to_rfc3339().into()),
            "String" => Value::text(self.to_text()),
            _ => return Err(Failure::new(format!("{name} is no method of {TIME} here"))),
        })
    }

    fn text(&self) -> Option<String> {
        Some(self.to_text())
    }

    fn plain(&self) -> Value {
        Value::text(self.to_rfc3339())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Moment {
    /// Units since 1970, so many to a second.
    fn counted(&self, units: i64) -> i64 {
        self.seconds.wrapping_mul(units).wrapping_add(i64::from(self.nanoseconds) / (SECOND / units))
    }

    fn beside(&self, name: &str, other: &Self) -> Value {
        let order = (self.seconds, self.nanoseconds).cmp(&(other.seconds, other.nanoseconds));
        match name {
            "After" => Value::Bool(order == Ordering::Greater),
            "Before" => Value::Bool(order == Ordering::Less),
            "Equal" => Value::Bool(order == Ordering::Equal),
            "Compare" => Value::Int(order as i64),
            _ => Value::object(Duration { nanoseconds: self.since(other) }),
        }
    }

    /// Moved by a duration, or to the last or nearest multiple of it since the year 1.
    fn moved(&self, name: &str, duration: &Duration) -> Self {
        let step = duration.nanoseconds;
        if name == "Add" || step <= 0 {
            return if name == "Add" { self.plus(step) } else { self.clone() };
        }
        let since = i128::from(self.seconds) - i128::from(super::YEAR_ONE);
        let whole = since * super::NANOSECONDS + i128::from(self.nanoseconds);
        let rest = i64::try_from(whole.rem_euclid(step.into())).unwrap_or_default();
        if name == "Truncate" || rest < step - rest { self.plus(-rest) } else { self.plus(step - rest) }
    }

    fn later(&self, years: i64, months: i64, days: i64) -> Self {
        let date = self.date();
        let moved = Date {
            year: date.year.saturating_add(years),
            month: date.month.saturating_add(months),
            day: date.day.saturating_add(days),
        };
        let clock = self.local_seconds().rem_euclid(86_400);
        let shown = moved.to_day().saturating_mul(86_400).saturating_add(clock);
        Self { seconds: self.zone.moment_of(shown), nanoseconds: self.nanoseconds, zone: self.zone.clone() }
    }
}

/// A time between two others.
#[derive(Debug)]
struct Duration {
    nanoseconds: i64,
}

impl Duration {
    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }
}

impl Object for Duration {
    fn type_name(&self) -> &str {
        DURATION
    }

    fn kind_name(&self) -> &str {
        "int64"
    }

    fn method(&self, name: &str) -> Option<Signature> {
        Some(match name {
            "Hours" | "Minutes" | "Seconds" | "Milliseconds" | "Microseconds" | "Nanoseconds" | "String" | "Abs" => {
                NOTHING
            }
            "Truncate" | "Round" => Signature::of(&[Parameter::Object(DURATION)]),
            _ => return None,
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "Go's conversion rounds")]
    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, Failure> {
        let whole = self.nanoseconds;
        // Go adds the whole units and the rest of them as floats.
        let float = |unit: i64| (whole / unit) as f64 + (whole % unit) as f64 / unit as f64;
        let step = Self::of(arguments.any(0)).map_or(0, |duration| duration.nanoseconds);
        let duration = |nanoseconds| Value::object(Self { nanoseconds });
        Ok(match name {
            "Hours" => Value::Float(float(3_600 * SECOND)),
            "Minutes" => Value::Float(float(60 * SECOND)),
            "Seconds" => Value::Float(float(SECOND)),
            "Milliseconds" => Value::Int64(whole / 1_000_000),
            "Microseconds" => Value::Int64(whole / 1_000),
            "Nanoseconds" => Value::Int64(whole),
            "Abs" => duration(whole.saturating_abs()),
            "Truncate" | "Round" if step <= 0 => duration(whole),
            "Truncate" => duration(whole - whole % step),
            "Round" => {
                let rest = whole % step;
                let up = if rest.unsigned_abs() < step.unsigned_abs() - rest.unsigned_abs() { 0 } else { step };
                duration((whole - rest).saturating_add(up * whole.signum()))
            }
            _ => Value::text(duration_text(whole)),
        })
    }

    fn truth(&self) -> bool {
        self.nanoseconds != 0
    }

    fn text(&self) -> Option<String> {
        Some(duration_text(self.nanoseconds))
    }

    fn plain(&self) -> Value {
        Value::Int64(self.nanoseconds)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A number that prints as a name: a month, a day of the week.
#[derive(Debug)]
struct Named {
    type_name: &'static str,
    number: i64,
    /// The number of the first name.
    first: i64,
    names: &'static [&'static str],
}

impl Object for Named {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn kind_name(&self) -> &str {
        "int"
    }

    fn method(&self, name: &str) -> Option<Signature> {
        (name == "String").then_some(NOTHING)
    }

    fn call(&self, _: &str, _: &[Value]) -> Result<Value, Failure> {
        Ok(Value::text(self.text().unwrap_or_default()))
    }

    fn truth(&self) -> bool {
        self.number != 0
    }

    fn text(&self) -> Option<String> {
        let place = usize::try_from(self.number - self.first).ok()?;
        self.names.get(place).map(|name| (*name).to_owned())
    }

    fn plain(&self) -> Value {
        Value::Int(self.number)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
