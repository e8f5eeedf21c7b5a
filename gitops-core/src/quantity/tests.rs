use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Quantity {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What `k8s.io/apimachinery` v0.34.2 makes of these.
#[test]
fn canonical_forms_are_the_reference_s() {
    let cases = [
        ("0", "0"),
        ("1", "1"),
        ("1.", "1"),
        (".5", "500m"),
        (".", "0"),
        ("+", "0"),
        ("m", "0"),
        ("649585853.344430200413Ei", "9223372036854775807"),
        ("00.5", "500m"),
        ("0.5", "500m"),
        ("-0.5", "-500m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.1n", "1n"),
        ("-0.1n", "-1n"),
        ("100M", "100M"),
        ("1e3", "1e3"),
        ("1E3", "1e3"),
        ("1e+3", "1e3"),
        ("1e-3", "1e-3"),
        ("1e-10", "1e-9"),
        ("1e21", "1e21"),
        ("1e1000", "10e999"),
        ("1e2147483647", "10e2147483646"),
        ("1E", "1E"),
        ("0Ki", "0"),
        ("0.5Ki", "512"),
        ("1024", "1024"),
        ("1024Ki", "1Mi"),
        ("1025Ki", "1025Ki"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1.2345678901234567890123Gi", "1325607178192992078n"),
        ("1Ei", "1Ei"),
        ("9Ei", "9223372036854775807"),
        ("-9Ei", "-9223372036854775807"),
        ("99999999999999999999999999999999999999Ki", "9223372036854775807"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ];
    for (text, canonical) in cases {
        assert_eq!(parse(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn what_is_no_quantity_is_refused() {
    for text in ["", " 1", "1 ", "1_0", "0x10", "--1", "1K", "1ki", "1e", "1EE", "1e3i", "abc", "1.2.3", "1mm", "NaN"] {
        assert!(text.parse::<Quantity>().is_err(), "{text:?}");
    }
    assert_eq!("5K".parse::<Quantity>().unwrap_err().to_string(), "unknown suffix `K` of the quantity `5K`");
    assert!(matches!("1e99999999999".parse::<Quantity>(), Err(QuantityError::OutOfRange(_))));
    let long = "1".repeat(39);
    assert!(matches!(long.parse::<Quantity>(), Err(QuantityError::OutOfRange(_))));
}

#[test]
fn huge_exponents_cost_nothing() {
    assert!(parse("1e2147483647") > parse("9e2147483646"));
    assert_eq!(parse("1e-2147483648"), parse("1n"));
    assert!(parse("-1e2147483647") < parse("-1"));
}

#[test]
fn a_thousand_e_keeps_its_suffix() {
    assert_eq!(parse("1000E").to_string(), "1000E");
    assert_eq!(parse(&parse("1000E").to_string()), parse("1e21"));
}

#[test]
fn numbers_and_strings_are_read() {
    let of = |text: &str| serde_json::from_str::<Quantity>(text).unwrap();
    assert_eq!(of("1"), of("\"1000m\""));
    assert_eq!(of("0.5"), of("\"500m\""));
    assert_eq!(of("1e21"), of("\"1e21\""));
    assert_eq!(serde_json::to_string(&of("\"1024Mi\"")).unwrap(), "\"1Gi\"");
    assert!(serde_json::from_str::<Quantity>("true").is_err());
}

/// A number of billionths, small enough to be counted in an `i128`, and texts for it.
fn billionths(whole: u32, fraction: u32, power: u32) -> i128 {
    (i128::from(whole) * 1_000_000 + i128::from(fraction)) * 10_i128.pow(power + 3)
}

proptest! {
    #[test]
    fn comparison_is_that_of_numbers(
        a in (any::<u32>(), 0_u32..1_000_000, 0_u32..7, any::<bool>()),
        b in (any::<u32>(), 0_u32..1_000_000, 0_u32..7, any::<bool>()),
    ) {
        let text = |(whole, fraction, power, negative): (u32, u32, u32, bool)| {
            format!("{}{whole}.{fraction:06}e{power}", if negative { "-" } else { "" })
        };
        let value = |(whole, fraction, power, negative): (u32, u32, u32, bool)| {
            billionths(whole, fraction, power) * if negative { -1 } else { 1 }
        };
        prop_assert_eq!(parse(&text(a)).cmp(&parse(&text(b))), value(a).cmp(&value(b)));
        prop_assert_eq!(parse(&text(a)) == parse(&text(b)), value(a) == value(b));
    }

    #[test]
    fn the_canonical_form_means_the_same_and_is_its_own(
        sign in "[+-]?", whole in "[0-9]{1,12}", fraction in "(\\.[0-9]{0,6})?",
        suffix in "(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e-?[0-9]{1,2})?",
    ) {
        let text = format!("{sign}{whole}{fraction}{suffix}");
        let quantity = parse(&text);
        let canonical = quantity.to_string();
        prop_assert_eq!(parse(&canonical), quantity, "{} as {}", text, canonical);
        prop_assert_eq!(parse(&canonical).to_string(), canonical);
    }

    #[test]
    fn suffixes_of_1024_are_powers_of_two(number in 0_i64..1 << 22, step in 1_usize..5) {
        let suffix = ["", "Ki", "Mi", "Gi", "Ti"][step];
        let plain = i128::from(number) << (10 * step);
        prop_assert_eq!(parse(&format!("{number}{suffix}")), parse(&plain.to_string()));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-+0-9.eEinumkKMGTP]{0,60}") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert!(quantity.to_string().len() < 100);
        }
    }
}
