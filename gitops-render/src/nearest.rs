//! The nearest name to one that was not found, for messages.

/// Edits beyond which a name is no help.
const MAX_DISTANCE: usize = 8;
/// Names that are compared.
const MAX_CANDIDATES: usize = 10_000;

/// The candidate with the fewest edits to the wanted text, where it is near enough to help.
pub(crate) fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (wanted.chars().count() / 2).clamp(1, MAX_DISTANCE);
    let scored = candidates.into_iter().take(MAX_CANDIDATES).map(|name| (distance(wanted, name), name));
    scored.filter(|(edits, _)| *edits <= allowed).min().map(|(_, name)| name)
}

/// The Levenshtein distance, without regard to case.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.to_lowercase().chars().take(200).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.to_lowercase().chars().take(200).enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, candidate) in row.iter_mut().skip(1).zip(&other) {
            let above = *cell;
            left = (diagonal + usize::from(letter != *candidate)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(nearest("web", ["webapp", "db"]), None);
        assert_eq!(nearest("Deployment web", ["Deployment webapp", "Service db"]), Some("Deployment webapp"));
        assert_eq!(nearest("namePrefx", ["namespace", "namePrefix"]), Some("namePrefix"));
    }
}
