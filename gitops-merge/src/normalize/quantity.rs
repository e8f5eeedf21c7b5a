//! Quantities in their canonical form (`k8s.io/apimachinery/pkg/api/resource` v0.34).

/// The form in which the API server writes a quantity: `1024Mi` is `1Gi`, `0.5` is `500m`. None where the text is no
/// quantity.
///
/// Text that already looks canonical to the parser is kept as it is, which `1.500` does.
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    let quantity = parse(text)?;
    Some(if looks_canonical(text) { text.to_owned() } else { quantity.print() })
}

/// A quantity with nothing below a thousandth, rounded away from zero: what becomes of the amounts of resources.
#[must_use]
pub fn round_up_to_milli(text: &str) -> Option<String> {
    let mut quantity = parse(text)?;
    while quantity.exponent < -3 && quantity.mantissa != 0 && quantity.mantissa % 10 == 0 {
        quantity.mantissa /= 10;
        quantity.exponent += 1;
    }
    if quantity.exponent >= -3 || quantity.mantissa == 0 {
        return Some(text.to_owned());
    }
    while quantity.exponent < -3 {
        quantity.shorten();
    }
    Some(quantity.print())
}

/// The test by which the reference keeps the text of a quantity.
fn looks_canonical(text: &str) -> bool {
    let unsigned = text.trim_start_matches(['+', '-']).trim_start_matches('0');
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if let Some(power) = BINARY.iter().position(|known| *known == suffix) {
        // The power of two takes about three digits for every factor of 1024.
        let fits = digits.len() + 3 * (power + 1) <= FAST_BINARY_DIGITS;
        let odd = digits.parse::<u64>().is_ok_and(|value| value & 7 != 0);
        return fraction.is_empty() && fits && odd;
    }
    let scale = DECIMAL.iter().find(|(known, _)| *known == suffix).map(|(_, scale)| *scale);
    let scale = scale.or_else(|| suffix.strip_prefix(['e', 'E'])?.parse().ok());
    match (scale, i32::try_from(fraction.len())) {
        (Some(scale), Ok(places)) => {
            let scale = scale - places;
            digits.len() <= FAST_DIGITS
                && scale >= MIN_EXPONENT
                && scale % 3 == 0
                && !digits.ends_with("000")
                && digits.starts_with(|c: char| c != '0')
        }
        _ => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Decimal,
    Binary,
    Exponent,
}

/// `mantissa * 10^exponent`.
struct Quantity {
    mantissa: i128,
    exponent: i32,
    format: Format,
}

/// More digits than this cannot be told apart by any quantity, which ends at 2^63-1.
const MAX_DIGITS: usize = 30;
/// Longer numbers take the reference's slow path, which keeps no text.
const FAST_DIGITS: usize = 18;
/// The same for binary quantities, with the digits that their power takes.
const FAST_BINARY_DIGITS: usize = 14;
/// The API server rounds up to this precision: nano.
const MIN_EXPONENT: i32 = -9;

const DECIMAL: &[(&str, i32)] =
    &[("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: &[&str] = &["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

fn parse(text: &str) -> Option<Quantity> {
    let unsigned = text.trim_start_matches(['+', '-']);
    if text.len() - unsigned.len() > 1 {
        return None;
    }
    let negative = text.starts_with('-');
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() + fraction.len() > MAX_DIGITS {
        return None;
    }
    let digits = format!("0{whole}{fraction}");
    let mut mantissa: i128 = digits.parse().ok()?;
    let mut exponent = -i32::try_from(fraction.len()).ok()?;
    if negative {
        mantissa = -mantissa;
    }
    let mut format = Format::Decimal;
    if let Some(power) = BINARY.iter().position(|known| *known == suffix) {
        format = Format::Binary;
        for _ in 0..=power {
            mantissa = mantissa.checked_mul(1024)?;
        }
    } else if let Some((_, scale)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        exponent += scale;
    } else {
        exponent += suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok().filter(|scale| scale.abs() <= 30)?;
        format = Format::Exponent;
    }
    let mut quantity = Quantity { mantissa, exponent, format };
    quantity.limit();
    Some(quantity)
}

impl Quantity {
    /// Takes the last digit away, rounding away from zero.
    fn shorten(&mut self) {
        self.mantissa = self.mantissa / 10 + (self.mantissa % 10).signum();
        self.exponent += 1;
    }

    /// Rounds away from zero to nano and caps binary quantities at the largest 64-bit number.
    fn limit(&mut self) {
        while self.exponent < MIN_EXPONENT {
            self.shorten();
        }
        let limit = i128::from(i64::MAX);
        if self.format == Format::Binary
            && let Some(value) = self.integer().filter(|value| value.abs() > limit)
        {
            self.mantissa = limit * value.signum();
            self.exponent = 0;
        }
    }

    /// The value where it is a whole number.
    fn integer(&self) -> Option<i128> {
        let power = 10_i128.checked_pow(self.exponent.unsigned_abs())?;
        if self.exponent >= 0 {
            return Some(self.mantissa.saturating_mul(power));
        }
        (self.mantissa % power == 0).then_some(self.mantissa / power)
    }

    fn print(&self) -> String {
        if self.mantissa == 0 {
            return "0".to_owned();
        }
        if self.format == Format::Binary
            && let Some(value) = self.integer().filter(|value| value.abs() >= 1024)
        {
            return print_binary(value);
        }
        let (mut mantissa, mut exponent) = (self.mantissa, self.exponent);
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        while exponent.rem_euclid(3) != 0 || exponent > 18 {
            mantissa *= 10;
            exponent -= 1;
        }
        if self.format == Format::Exponent {
            return if exponent == 0 { mantissa.to_string() } else { format!("{mantissa}e{exponent}") };
        }
        let suffix = DECIMAL.iter().find(|(_, scale)| *scale == exponent).map_or("", |(suffix, _)| *suffix);
        format!("{mantissa}{suffix}")
    }
}

fn print_binary(mut value: i128) -> String {
    let mut suffix = "";
    for next in BINARY {
        if value % 1024 != 0 {
            break;
        }
        value /= 1024;
        suffix = next;
    }
    format!("{value}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::{canonical, round_up_to_milli};

    #[test]
    fn amounts_of_resources_are_rounded_up() {
        for (text, expected) in [("100n", "1m"), ("1000500u", "1001m"), ("1500m", "1500m"), ("1Gi", "1Gi"), ("0", "0")]
        {
            assert_eq!(round_up_to_milli(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn forms_are_canonical() {
        let cases = [
            ("1024Mi", "1Gi"),
            ("1Gi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("1000m", "1"),
            ("500m", "500m"),
            ("0.5", "500m"),
            ("1000", "1k"),
            ("1500", "1500"),
            ("100Ki", "100Ki"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("12e0", "12e0"),
            ("12e1", "120"),
            ("1.500", "1.500"),
            ("1.50", "1500m"),
            ("0.5000", "500m"),
            ("0", "0"),
            ("-0.10", "-100m"),
            ("0.1n", "1n"),
            ("12345678901234567890", "12345678901234567890"),
            ("9Ei", "9223372036854775807"),
            ("+5", "+5"),
            ("05", "05"),
            ("03Gi", "03Gi"),
            ("08Gi", "8Gi"),
            (".5", "500m"),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "x", "1x", "1.2.3", "--1", "1 Gi", "Mi"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
