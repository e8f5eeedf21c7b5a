//! How often something is repeated.

/// The most that may be counted, by one count or by several in each other: Go's limit.
pub(super) const MAX_COUNT: u32 = 1000;

/// The length of the repetition that a text begins with, and the factor that it is to counts within it, or that it counts too
/// high; none where the text begins with something else. A brace that begins no count is a letter.
pub(super) fn repetition(text: &str) -> Option<(usize, Option<u32>)> {
    if text.starts_with(['*', '+', '?']) {
        return Some((1, Some(1)));
    }
    let inside = text.strip_prefix('{')?.split_once('}')?.0;
    let (least, most) = inside
        .split_once(',')
        .map_or((inside, Some(inside)), |(least, most)| (least, Some(most).filter(|most| !most.is_empty())));
    let is_number = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
    };
    if !is_number(least) || !most.is_none_or(is_number) {
        return None;
    }
    let count = |text: &str| text.parse::<u32>().ok().filter(|count| *count <= MAX_COUNT);
    let factor = match (count(least), most.map(count)) {
        (Some(least), None) => Some(least.max(1)),
        (Some(least), Some(Some(most))) if least <= most => Some(most.max(1)),
        _ => None,
    };
    Some((inside.len() + 2, factor))
}
