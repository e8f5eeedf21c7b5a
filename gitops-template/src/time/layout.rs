/// An element of a layout: what Go calls a standard chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    ShortYear,
    Year,
    ShortMonth,
    Month,
    MonthNumber {
        padded: bool,
    },
    ShortWeekday,
    Weekday,
    Day,
    BlankPaddedDay,
    ZeroPaddedDay,
    DayOfYear {
        zeros: bool,
    },
    Hour,
    HourOfTwelve {
        padded: bool,
    },
    Minute {
        padded: bool,
    },
    Second {
        padded: bool,
    },
    Afternoon {
        upper: bool,
    },
    Offset(Offset),
    ZoneName,
    /// Digits behind the second: so many, or no more than so many without zeros at the end.
    Fraction {
        digits: usize,
        trimmed: bool,
        mark: u8,
    },
}

/// How an offset from Greenwich is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` stands for none.
    pub(super) zulu: bool,
    pub(super) colons: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

/// Elements of fixed text by the text, longer ones before those that they start with.
const WORDS: &[(&[u8], Element)] = &[
    (b"January", Element::Month),
    (b"Jan", Element::ShortMonth),
    (b"Monday", Element::Weekday),
    (b"Mon", Element::ShortWeekday),
    (b"MST", Element::ZoneName),
    (b"01", Element::MonthNumber { padded: true }),
    (b"02", Element::ZeroPaddedDay),
    (b"03", Element::HourOfTwelve { padded: true }),
    (b"04", Element::Minute { padded: true }),
    (b"05", Element::Second { padded: true }),
    (b"06", Element::ShortYear),
    (b"002", Element::DayOfYear { zeros: true }),
    (b"15", Element::Hour),
    (b"1", Element::MonthNumber { padded: false }),
    (b"2006", Element::Year),
    (b"2", Element::Day),
    (b"__2", Element::DayOfYear { zeros: false }),
    (b"_2", Element::BlankPaddedDay),
    (b"3", Element::HourOfTwelve { padded: false }),
    (b"4", Element::Minute { padded: false }),
    (b"5", Element::Second { padded: false }),
    (b"PM", Element::Afternoon { upper: true }),
    (b"pm", Element::Afternoon { upper: false }),
    (b"-070000", offset(false, false, true, true)),
    (b"-07:00:00", offset(false, true, true, true)),
    (b"-0700", offset(false, false, true, false)),
    (b"-07:00", offset(false, true, true, false)),
    (b"-07", offset(false, false, false, false)),
    (b"Z070000", offset(true, false, true, true)),
    (b"Z07:00:00", offset(true, true, true, true)),
    (b"Z0700", offset(true, false, true, false)),
    (b"Z07:00", offset(true, true, true, false)),
    (b"Z07", offset(true, false, false, false)),
];

const fn offset(zulu: bool, colons: bool, minutes: bool, seconds: bool) -> Element {
    Element::Offset(Offset { zulu, colons, minutes, seconds })
}

/// The text before the next element, the element with its text, and what comes after; only text where there is none.
pub(super) struct Chunk<'l> {
    pub(super) before: &'l [u8],
    pub(super) element: Option<(Element, &'l [u8])>,
    pub(super) after: &'l [u8],
}

impl<'l> Chunk<'l> {
    pub(super) fn next(layout: &'l [u8]) -> Self {
        for at in 0..layout.len() {
            let rest = layout.get(at..).unwrap_or_default();
            // In `_2006` the underscore is text.
            if rest.starts_with(b"_2006") {
                continue;
            }
            if let Some((element, length)) = element_at(rest) {
                let (text, after) = rest.split_at(length);
                return Self { before: layout.get(..at).unwrap_or_default(), element: Some((element, text)), after };
            }
        }
        Self { before: layout, element: None, after: b"" }
    }
}

fn element_at(rest: &[u8]) -> Option<(Element, usize)> {
    if matches!(rest.first(), Some(b'.' | b',')) {
        return fraction(rest);
    }
    let (text, element) = WORDS.iter().find(|(text, _)| rest.starts_with(text))?;
    // A short name with more small letters is another word.
    let is_short = matches!(element, Element::ShortMonth | Element::ShortWeekday);
    if is_short && rest.get(text.len()).is_some_and(u8::is_ascii_lowercase) {
        return None;
    }
    Some((*element, text.len()))
}

fn fraction(rest: &[u8]) -> Option<(Element, usize)> {
    let (mark, rest) = rest.split_first()?;
    let digit = *rest.first().filter(|digit| matches!(digit, b'0' | b'9'))?;
    let digits = rest.iter().take_while(|byte| **byte == digit).count();
    if rest.get(digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((Element::Fraction { digits, trimmed: digit == b'9', mark: *mark }, digits + 1))
}
