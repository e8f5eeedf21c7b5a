//! Names that are close to one that was not found.

/// Names that are shown at most.
const MAX_SHOWN: usize = 5;
/// Names and bytes of a name that are compared at most: the comparison takes the product of the lengths.
const MAX_NAMES: usize = 20_000;
const MAX_LENGTH: usize = 200;

/// What to say of a revision that was not found.
pub(crate) fn hint(wanted: &str, branches: &[String], tags: &[String]) -> String {
    let near = near(wanted, branches.iter().chain(tags));
    if !near.is_empty() {
        return format!("; similar: {}", listed(&near));
    }
    match branches {
        [] => "; the repository has no branches".into(),
        _ => format!("; branches: {}", listed(&branches.iter().map(String::as_str).collect::<Vec<_>>())),
    }
}

/// What to say of a range of versions that no tag lies in.
pub(crate) fn range_hint(tags: &[String]) -> String {
    match tags {
        [] => "; the repository has no tags".into(),
        _ => format!("; tags: {}", listed(&tags.iter().rev().map(String::as_str).collect::<Vec<_>>())),
    }
}

fn listed(names: &[&str]) -> String {
    let mut text = names.iter().take(MAX_SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_SHOWN {
        text.push_str(&format!(" and {} more", names.len() - MAX_SHOWN));
    }
    text
}

fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let short = wanted.rsplit('/').next().unwrap_or(wanted).to_lowercase();
    let allowed = (wanted.chars().count() / 3).clamp(1, 4);
    let score = |name: &'a String| {
        let distance = distance(&wanted.to_lowercase(), &name.to_lowercase());
        let contains = short.len() >= 3 && name.to_lowercase().contains(&short);
        (distance <= allowed || contains).then_some((distance, name.as_str()))
    };
    let mut found: Vec<_> = names.take(MAX_NAMES).filter(|name| name.len() <= MAX_LENGTH).filter_map(score).collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(_, name)| name).collect()
}

/// How many characters must be put in, taken out, changed or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(MAX_LENGTH).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (row, char) in one.chars().take(MAX_LENGTH).enumerate() {
        let mut line = vec![row + 1];
        for (column, candidate) in other.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&last, column) + usize::from(char != *candidate))
                .min(at(&last, column + 1) + 1)
                .min(at(&line, column) + 1);
            let swapped = column > 0 && previous == Some(*candidate) && other.get(column - 1) == Some(&char);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut last, line);
        previous = Some(char);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_come_first_and_branches_stand_in() {
        let branches = ["main".to_owned(), "release-1.2".to_owned()];
        let tags = ["v1.0.0".to_owned()];
        assert_eq!(hint("mian", &branches, &tags), "; similar: `main`");
        assert_eq!(hint("release", &branches, &tags), "; similar: `release-1.2`");
        assert_eq!(hint("quite-other", &branches, &tags), "; branches: `main`, `release-1.2`");
        assert_eq!(hint("x", &[], &[]), "; the repository has no branches");
    }

    #[test]
    fn distances() {
        assert_eq!(distance("main", "mian"), 1);
        assert_eq!(distance("main", "master"), 4);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }
}
