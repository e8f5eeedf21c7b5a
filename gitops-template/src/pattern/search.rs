use std::borrow::Cow;
use std::ops::Range;

use super::Pattern;
use crate::syntax::character::first;

/// A text to search in. The library takes bytes that are not UTF-8 for no characters; Go takes each for U+FFFD.
pub(crate) struct Subject<'t> {
    pub(super) text: &'t [u8],
    decoded: Cow<'t, [u8]>,
    /// The places in the text of those in the decoded one, where they differ.
    places: Vec<usize>,
}

impl<'t> Subject<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        if std::str::from_utf8(text).is_ok() {
            return Self { text, decoded: Cow::Borrowed(text), places: Vec::new() };
        }
        let (mut decoded, mut places) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        let mut at = 0;
        while let Some((character, length)) = first(text.get(at..).unwrap_or_default()) {
            let mut buffer = [0; 4];
            let encoded = character.encode_utf8(&mut buffer).as_bytes();
            places.extend(std::iter::repeat_n(at, encoded.len()));
            decoded.extend_from_slice(encoded);
            at += length;
        }
        places.push(text.len());
        Self { text, decoded: Cow::Owned(decoded), places }
    }

    fn len(&self) -> usize {
        self.decoded.len()
    }

    /// How many bytes the character at a place has; 0 at the end.
    fn width(&self, at: usize) -> usize {
        first(self.decoded.get(at..).unwrap_or_default()).map_or(0, |(_, length)| length)
    }

    fn original(&self, range: Range<usize>) -> Range<usize> {
        let place = |at: usize| if self.places.is_empty() { at } else { self.places.get(at).copied().unwrap_or(at) };
        place(range.start)..place(range.end)
    }

    pub(super) fn part(&self, range: Range<usize>) -> &'t [u8] {
        self.text.get(range).unwrap_or_default()
    }
}

/// A match: the whole and the groups, as places in the text.
pub(super) type Groups = Vec<Option<Range<usize>>>;

impl Pattern {
    pub(crate) fn is_match(&self, subject: &Subject<'_>) -> bool {
        self.regex.is_match(&subject.decoded)
    }

    pub(crate) fn find<'t>(&self, subject: &Subject<'t>) -> Option<&'t [u8]> {
        let found = self.regex.find(&subject.decoded)?;
        Some(subject.part(subject.original(found.range())))
    }

    /// The first matches, none of them empty right behind another; `spend` is told of each.
    pub(crate) fn find_all<E>(
        &self,
        subject: &Subject<'_>,
        limit: usize,
        mut spend: impl FnMut() -> Result<(), E>,
    ) -> Result<Vec<Range<usize>>, E> {
        let mut all = Vec::new();
        let (mut at, mut behind) = (0, None);
        while all.len() < limit && at <= subject.len() {
            spend()?;
            let Some(found) = self.regex.find_at(&subject.decoded, at) else { break };
            let mut accept = true;
            if found.end() == at {
                accept = behind != Some(found.start());
                at += subject.width(at).max(1);
            } else {
                at = found.end();
            }
            behind = Some(found.end());
            if accept {
                all.push(subject.original(found.range()));
            }
        }
        Ok(all)
    }

    /// The text in parts, as `Regexp.Split` gives them; none for a limit of 0.
    pub(crate) fn split<'t, E>(
        &self,
        subject: &Subject<'t>,
        limit: Option<usize>,
        spend: impl FnMut() -> Result<(), E>,
    ) -> Result<Option<Vec<&'t [u8]>>, E> {
        if limit == Some(0) {
            return Ok(None);
        }
        if !self.is_empty && subject.text.is_empty() {
            return Ok(Some(vec![b""]));
        }
        let mut parts = Vec::new();
        let (mut start, mut end) = (0, 0);
        for found in self.find_all(subject, limit.unwrap_or(usize::MAX), spend)? {
            if limit.is_some_and(|limit| parts.len() + 1 == limit) {
                break;
            }
            end = found.start;
            if found.end != 0 {
                parts.push(subject.part(start..end));
            }
            start = found.end;
        }
        if end != subject.text.len() {
            parts.push(subject.part(start..subject.text.len()));
        }
        Ok(Some(parts))
    }

    /// Calls back for each match that is to be replaced.
    pub(super) fn each_replaced<E>(
        &self,
        subject: &Subject<'_>,
        mut found: impl FnMut(&Groups) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut locations = self.regex.capture_locations();
        let (mut at, mut behind) = (0, 0);
        while at <= subject.len() {
            let Some(whole) = self.regex.captures_read_at(&mut locations, &subject.decoded, at) else { break };
            let (start, end) = (whole.start(), whole.end());
            if end > behind || start == 0 {
                let group = |index| locations.get(index).map(|(start, end)| subject.original(start..end));
                found(&(0..locations.len()).map(group).collect())?;
            }
            behind = end;
            let width = subject.width(at);
            at = if at + width > end {
                at + width
            } else if at + 1 > end {
                at + 1
            } else {
                end
            };
        }
        Ok(())
    }
}
