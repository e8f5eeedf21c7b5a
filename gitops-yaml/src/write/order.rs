//! The order of a map's keys: go-yaml's natural order, in which `x2` comes before `x10`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// A map's entries in the order in which they are written.
pub(super) fn entries(map: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let entries: Vec<_> = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    if entries.iter().all(|(key, _)| key.bytes().all(|byte| byte.is_ascii_alphabetic()))
        && entries.is_sorted_by(|left, right| left.0 <= right.0)
    {
        return entries;
    }
    sort(entries)
}

/// A merge sort of its own: go-yaml's order is not transitive (`a2`, `a10`, `a1b` go round in a circle), and the
/// standard library's sort may panic on such an order.
fn sort<'a>(mut entries: Vec<(&'a str, &'a Value)>) -> Vec<(&'a str, &'a Value)> {
    if entries.len() < 2 {
        return entries;
    }
    let right = sort(entries.split_off(entries.len() / 2));
    let left = sort(entries);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        let take_right = compare(second.0, first.0) == Ordering::Less;
        merged.extend(if take_right { right.next() } else { left.next() });
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// go-yaml's `keyList.Less` for two strings.
fn compare(left: &str, right: &str) -> Ordering {
    let same = left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count();
    let same = (0..=same).rev().find(|at| left.is_char_boundary(*at) && right.is_char_boundary(*at)).unwrap_or(0);
    let (head, left) = left.split_at(same);
    let right = right.get(same..).unwrap_or_default();
    let (Some(first), Some(second)) = (left.chars().next(), right.chars().next()) else {
        return left.len().cmp(&right.len());
    };
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, true) => return first.cmp(&second),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // After digits that are the same in both, a zero counts as a place of the number that they all make up.
    let in_number =
        (first == '0' || second == '0') && head.bytes().rev().take_while(u8::is_ascii_digit).any(|digit| digit != b'0');
    let (left_number, left_length) = number(left, i64::from(in_number));
    let (right_number, right_length) = number(right, i64::from(in_number));
    left_number.cmp(&right_number).then(left_length.cmp(&right_length)).then(first.cmp(&second))
}

fn number(text: &str, start: i64) -> (i64, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    digits.fold((start, 0), |(number, length), digit| {
        (number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')), length + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_keys_count_as_numbers() {
        let keys = ["x10", "x2", "x-1", "x", "xa", "X", "1", "_", "01", "x100", "x02", ""];
        let map: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), Value::Null)).collect();
        let sorted: Vec<_> = entries(&map).into_iter().map(|(key, _)| key).collect();
        assert_eq!(sorted, ["", "_", "1", "01", "X", "x", "x-1", "x2", "x02", "x10", "x100", "xa"]);
    }

    #[test]
    fn an_order_that_goes_in_circles_is_no_panic() {
        let keys = (0..2000).map(|at| format!("a{at}{}", if at % 3 == 0 { "b" } else { "" }));
        let map: Map<String, Value> = keys.map(|key| (key, Value::Null)).collect();
        assert_eq!(entries(&map).len(), 2000);
    }
}
