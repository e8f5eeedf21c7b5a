//! Go's `strconv.FormatFloat`.

/// The letter that a float is written by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `b`: the mantissa and the power of two.
    Binary,
    /// `e` and `E`: an exponent.
    Exponent { upper: bool },
    /// `f`: none.
    Fixed,
    /// `g` and `G`: an exponent where the number is large or small.
    Shortest { upper: bool },
    /// `x` and `X`: hexadecimal digits and the power of two.
    Hexadecimal { upper: bool },
}

const MANTISSA_BITS: u32 = 52;
const BIAS: i32 = 1023;

/// No float has more digits than this, so that only zeros follow; Rust takes no precision beyond 16 bits.
const MOST_DIGITS: usize = 1_100;

/// A float as Go writes it: with a sign if it is negative or infinite, and with the shortest digits that mean it where
/// there is no precision.
pub(super) fn float(number: f64, style: Style, precision: Option<usize>) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    match style {
        Style::Binary => binary(number),
        Style::Hexadecimal { upper } => hexadecimal(number, precision, upper),
        Style::Fixed => fixed(number, precision),
        Style::Exponent { upper } => exponent(number, precision, upper),
        Style::Shortest { upper } => shortest(number, precision, upper),
    }
}

fn fixed(number: f64, precision: Option<usize>) -> String {
    let Some(precision) = precision else { return number.to_string() };
    let exact = precision.min(MOST_DIGITS);
    let mut text = format!("{number:.exact$}");
    text.extend(std::iter::repeat_n('0', precision - exact));
    text
}

fn exponent(number: f64, precision: Option<usize>, upper: bool) -> String {
    let exact = precision.map(|precision| precision.min(MOST_DIGITS));
    let text = match exact {
        Some(exact) => format!("{number:.exact$e}"),
        None => format!("{number:e}"),
    };
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let mut written = digits.to_owned();
    let zeros = precision.unwrap_or_default() - exact.unwrap_or_default();
    written.extend(std::iter::repeat_n('0', zeros));
    written.push_str(&power_of_ten(power, upper));
    written
}

/// An exponent with its sign and at least two digits.
fn power_of_ten(power: &str, upper: bool) -> String {
    let (sign, digits) = power.strip_prefix('-').map_or(('+', power), |digits| ('-', digits));
    format!("{}{sign}{digits:0>2}", if upper { 'E' } else { 'e' })
}

fn shortest(number: f64, precision: Option<usize>, upper: bool) -> String {
    if number == 0.0 {
        return if number.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let text = match precision {
        Some(precision) => {
            let behind = precision.clamp(1, MOST_DIGITS) - 1;
            format!("{number:.behind$e}")
        }
        None => format!("{number:e}"),
    };
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    let digits = mantissa.chars().filter(char::is_ascii_digit).count();
    let exponent: i64 = power.parse().unwrap_or_default();
    let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    // From how many digits before the point on there is an exponent.
    let limit = match precision {
        None => 6,
        Some(precision) if precision.max(1) > digits && signed(digits) > exponent => signed(digits),
        Some(precision) => signed(precision.max(1)),
    };
    if exponent < -4 || exponent >= limit {
        return format!("{mantissa}{}", power_of_ten(power, upper));
    }
    place_point(mantissa, exponent)
}

/// Digits with a point after the first one, with the point moved.
fn place_point(mantissa: &str, exponent: i64) -> String {
    let (sign, unsigned) = mantissa.strip_prefix('-').map_or(("", mantissa), |unsigned| ("-", unsigned));
    let digits: String = unsigned.chars().filter(char::is_ascii_digit).collect();
    match usize::try_from(exponent) {
        Err(_) => {
            let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
            format!("{sign}0.{}{digits}", "0".repeat(zeros))
        }
        Ok(before) => match digits.split_at_checked(before + 1) {
            Some((whole, "")) => format!("{sign}{whole}"),
            Some((whole, part)) => format!("{sign}{whole}.{part}"),
            None => format!("{sign}{digits}{}", "0".repeat(before + 1 - digits.len())),
        },
    }
}

/// The mantissa with its leading bit, and the exponent of the lowest bit.
fn parts(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1);
    let exponent = i32::try_from((bits >> MANTISSA_BITS) & 0x7ff).unwrap_or_default();
    if exponent == 0 { (mantissa, 1 - BIAS) } else { (mantissa | (1 << MANTISSA_BITS), exponent - BIAS) }
}

fn sign_of(number: f64) -> &'static str {
    if number.is_sign_negative() { "-" } else { "" }
}

fn binary(number: f64) -> String {
    let (mantissa, exponent) = parts(number);
    let exponent = exponent - 52;
    format!("{}{mantissa}p{exponent:+}", sign_of(number))
}

fn hexadecimal(number: f64, precision: Option<usize>, upper: bool) -> String {
    let (mut mantissa, mut exponent) = parts(number);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // The leading bit comes to stand before the point, with 60 bits after it.
        mantissa <<= 60 - MANTISSA_BITS;
        let shift = mantissa.leading_zeros().saturating_sub(3);
        mantissa <<= shift;
        exponent -= i32::try_from(shift).unwrap_or_default();
    }
    if let Some(digits) = precision.filter(|digits| *digits < 15) {
        let shift = 60 - 4 * u32::try_from(digits).unwrap_or_default();
        let dropped = mantissa & ((1 << shift) - 1);
        let half = 1 << (shift - 1);
        mantissa >>= shift;
        // Halves are rounded to the even digit.
        if dropped > half || (dropped == half && mantissa & 1 == 1) {
            mantissa += 1;
        }
        mantissa <<= shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let (whole, part) = (mantissa >> 60, mantissa & ((1 << 60) - 1));
    let mut fraction = format!("{part:015x}");
    match precision {
        None => fraction.truncate(fraction.trim_end_matches('0').len()),
        Some(digits) if digits <= 15 => fraction.truncate(digits),
        Some(digits) => fraction.extend(std::iter::repeat_n('0', digits - 15)),
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("{}0x{whole}{point}{fraction}p{sign}{:02}", sign_of(number), exponent.unsigned_abs());
    if upper { text.to_ascii_uppercase() } else { text }
}
