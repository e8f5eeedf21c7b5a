/// The parts of what is written like a version, none of them checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts<'t> {
    pub(super) major: &'t str,
    pub(super) minor: Option<&'t str>,
    pub(super) patch: Option<&'t str>,
    pub(super) prerelease: &'t str,
    pub(super) metadata: &'t str,
}

impl<'t> Parts<'t> {
    /// The parts of the longest version at the start of a text, and what comes after it. `digit` says what a number is
    /// made of.
    pub(super) fn read(text: &'t str, digit: fn(char) -> bool) -> Option<(Self, &'t str)> {
        let (major, rest) = run(text.strip_prefix('v').unwrap_or(text), digit)?;
        let mut parts = Self { major, ..Self::default() };
        let mut rest = rest;
        if let Some((minor, after)) = rest.strip_prefix('.').and_then(|rest| run(rest, digit)) {
            (parts.minor, rest) = (Some(minor), after);
            if let Some((patch, after)) = rest.strip_prefix('.').and_then(|rest| run(rest, digit)) {
                (parts.patch, rest) = (Some(patch), after);
            }
        }
        if let Some((prerelease, after)) = rest.strip_prefix('-').and_then(identifiers) {
            (parts.prerelease, rest) = (prerelease, after);
        }
        if let Some((metadata, after)) = rest.strip_prefix('+').and_then(identifiers) {
            (parts.metadata, rest) = (metadata, after);
        }
        Some((parts, rest))
    }
}

/// The characters of some kind at the start, at least one.
fn run(text: &str, wanted: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(|character| !wanted(character)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Identifiers with dots between them.
fn identifiers(text: &str) -> Option<(&str, &str)> {
    let identifier = |text| run(text, |character: char| character.is_ascii_alphanumeric() || character == '-');
    let (_, mut rest) = identifier(text)?;
    while let Some((_, after)) = rest.strip_prefix('.').and_then(identifier) {
        rest = after;
    }
    Some(text.split_at(text.len() - rest.len()))
}
