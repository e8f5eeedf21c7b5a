use super::Pattern;
use super::search::{Groups, Subject};

impl Pattern {
    /// The text with each match replaced. In `with`, `$1` and `${name}` stand for groups unless it is `literal`.
    /// `spend` is told how many bytes were made since it was last told.
    pub(crate) fn replace<E>(
        &self,
        subject: &Subject<'_>,
        with: &[u8],
        literal: bool,
        mut spend: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        let mut out = Vec::with_capacity(subject.text.len());
        let mut behind = 0;
        self.each_replaced(subject, |groups| {
            let before = out.len();
            let whole = groups.first().cloned().flatten().unwrap_or_default();
            out.extend_from_slice(subject.part(behind..whole.start));
            if literal {
                out.extend_from_slice(with);
            } else {
                self.expand(&mut out, with, subject, groups);
            }
            behind = whole.end;
            spend(out.len() - before)
        })?;
        out.extend_from_slice(subject.part(behind..subject.text.len()));
        Ok(out)
    }

    fn expand(&self, out: &mut Vec<u8>, with: &[u8], subject: &Subject<'_>, groups: &Groups) {
        let mut rest = with;
        while let Some(dollar) = memchr::memchr(b'$', rest) {
            let (before, after) = rest.split_at(dollar);
            out.extend_from_slice(before);
            let after = after.get(1..).unwrap_or_default();
            if let Some(after) = after.strip_prefix(b"$") {
                out.push(b'$');
                rest = after;
                continue;
            }
            let Some((name, after)) = reference(after) else {
                out.push(b'$');
                rest = after;
                continue;
            };
            rest = after;
            let found = match number(name) {
                Some(index) => groups.get(index).cloned().flatten(),
                None => {
                    let named = self.names.iter().zip(groups).filter(|(known, _)| **known == *name);
                    named.filter_map(|(_, group)| group.clone()).next()
                }
            };
            out.extend_from_slice(found.map(|range| subject.part(range)).unwrap_or_default());
        }
        out.extend_from_slice(rest);
    }
}

/// The name behind a dollar sign, and what comes after it.
fn reference(text: &[u8]) -> Option<(&str, &[u8])> {
    let (braced, inside) = text.strip_prefix(b"{").map_or((false, text), |inside| (true, inside));
    let valid = match std::str::from_utf8(inside) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(inside.get(..error.valid_up_to())?).ok()?,
    };
    let end = valid.find(|letter: char| letter != '_' && !letter.is_alphanumeric()).unwrap_or(valid.len());
    let name = valid.get(..end).filter(|name| !name.is_empty())?;
    let after = inside.get(end..)?;
    Some((name, if braced { after.strip_prefix(b"}")? } else { after }))
}

/// A name that is a number without zeros before it.
fn number(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0'));
    if digits && name.len() <= 9 { name.parse().ok() } else { None }
}
