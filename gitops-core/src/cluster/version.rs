//! The order of resource versions.

use std::cmp::Ordering;

/// How two resource versions of one kind lie to each other. They are whole numbers of any length (KEP-5504, "Comparable Resource
/// Version"); none where they are different and one of them is no number, since nobody but the server can tell then.
pub fn version_order(one: &str, other: &str) -> Option<Ordering> {
    if one == other {
        return Some(Ordering::Equal);
    }
    let (one, other) = (digits(one)?, digits(other)?);
    Some(one.len().cmp(&other.len()).then_with(|| one.cmp(other)))
}

/// Whether a resource version is later than another one, or nobody can tell: for who would rather do something twice than miss it.
pub fn may_be_later(one: &str, other: &str) -> bool {
    version_order(one, other).is_none_or(Ordering::is_gt)
}

/// The digits of a number, from the first one that counts.
fn digits(version: &str) -> Option<&str> {
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| version.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_of_any_length() {
        use Ordering::{Equal, Greater, Less};
        let huge = "340282366920938463463374607431768211456";
        for (one, other, order) in [
            ("9", "10", Some(Less)),
            ("10", "9", Some(Greater)),
            ("7", "7", Some(Equal)),
            ("0", "00", Some(Equal)),
            ("0", "1", Some(Less)),
            (huge, "18446744073709551615", Some(Greater)),
            ("a", "a", Some(Equal)),
            ("a", "1", None),
            ("", "1", None),
            ("-1", "1", None),
        ] {
            assert_eq!(version_order(one, other), order, "{one:?} {other:?}");
            assert_eq!(version_order(other, one), order.map(Ordering::reverse), "{other:?} {one:?}");
        }
        assert!(may_be_later("10", "9") && may_be_later("a", "9"));
        assert!(!may_be_later("9", "9") && !may_be_later("9", "10"));
    }
}
