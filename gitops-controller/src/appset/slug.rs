//! Texts for addresses and names, as `github.com/gosimple/slug` makes them.

/// Lower case letters, digits, dashes and underscores, no longer than `longest` bytes, where that is not 0. It is cut between
/// words, or anywhere where `whole_words` is false.
///
/// Letters beyond ASCII become dashes: callers give normalized names, which have none.
pub(super) fn make(text: &str, longest: usize, whole_words: bool) -> String {
    let mut slug = words(text.trim()).to_lowercase();
    if !whole_words && slug.len() >= longest {
        let end = (0..=longest).rev().find(|end| slug.is_char_boundary(*end)).unwrap_or_default();
        slug.truncate(end);
    }
    let mut dashed = String::with_capacity(slug.len());
    for character in slug.chars() {
        let character = if character.is_ascii_alphanumeric() || character == '_' { character } else { '-' };
        if character != '-' || !dashed.ends_with('-') {
            dashed.push(character);
        }
    }
    let slug = dashed.trim_matches(['-', '_']);
    if longest == 0 || !whole_words || slug.len() <= longest {
        return slug.to_owned();
    }
    let head = slug.get(..=longest).unwrap_or(slug);
    let end = head.rfind('-').unwrap_or(longest);
    slug.get(..end).unwrap_or(slug).to_owned()
}

/// Signs that are words in English.
fn words(text: &str) -> String {
    text.replace('&', "and").replace('@', "at")
}
