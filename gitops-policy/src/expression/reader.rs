//! Alternatives, groups and what is repeated.

use std::collections::BTreeSet;

use super::Dialect;
use super::class;
use super::escape::{self, Escape};
use super::repetition::{MAX_COUNT, repetition};

/// Groups in each other, as many as the library that compiles the result takes.
const MAX_NESTING: usize = 200;

/// Reads from the front of a text, and writes what it read.
pub(super) struct Reader<'a> {
    rest: &'a str,
    dialect: Dialect,
    nesting: usize,
    names: BTreeSet<&'a str>,
    out: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { rest: text, dialect, nesting: 0, names: BTreeSet::new(), out: String::with_capacity(text.len()) }
    }

    pub(super) fn all(mut self) -> Option<String> {
        self.alternatives()?;
        self.rest.is_empty().then_some(self.out)
    }

    /// Reads up to the end, or to the parenthesis that closes a group, which stays. Gives how often at most something within
    /// it is counted, by all counts that stand in each other.
    fn alternatives(&mut self) -> Option<u32> {
        let mut highest = 1;
        while let Some(next) = self.rest.chars().next().filter(|next| *next != ')') {
            if next == '|' {
                self.take('|');
                self.out.push('|');
                continue;
            }
            // A group of flags is nothing that can be repeated.
            let Some(count) = self.atom(next)? else { continue };
            highest = highest.max(self.repeated(count)?);
        }
        Some(highest)
    }

    /// One thing that may be repeated, with its highest count; none where it is none.
    fn atom(&mut self, next: char) -> Option<Option<u32>> {
        match next {
            '(' => return self.group(),
            '[' => {
                let (class, rest) = class::read(self.rest, self.dialect)?;
                self.out.push_str(&class);
                self.rest = rest;
            }
            '\\' => return self.escaped(),
            '*' | '+' | '?' => return None,
            '{' if self.dialect == Dialect::Net || repetition(self.rest).is_some() => return None,
            '.' | '^' | '$' => {
                self.take(next);
                self.out.push(next);
            }
            literal => {
                self.take(literal);
                escape::write(&mut self.out, literal);
            }
        }
        Some(Some(1))
    }

    fn escaped(&mut self) -> Option<Option<u32>> {
        let (escape, rest) = escape::read(self.rest, self.dialect)?;
        self.rest = rest;
        match escape {
            Escape::Character(one) => escape::write(&mut self.out, one),
            Escape::Set(set) => self.out.push_str(&set),
            Escape::Place(place) => self.out.push_str(place),
            Escape::Quoted("") => return Some(None),
            Escape::Quoted(text) => text.chars().for_each(|one| escape::write(&mut self.out, one)),
        }
        Some(Some(1))
    }

    /// A group, or flags for the rest of the group that they stand in.
    fn group(&mut self) -> Option<Option<u32>> {
        self.rest = self.rest.strip_prefix('(')?;
        let flags = match self.rest.strip_prefix('?') {
            None => "?:".to_owned(),
            Some(rest) => self.kind(rest)?,
        };
        if flags == "?" {
            // No flags at all: an empty group says nothing either.
            self.out.push_str("(?:)");
            return Some(None);
        }
        self.out.push('(');
        self.out.push_str(&flags);
        if !flags.ends_with([':', '=', '!', '>']) {
            self.out.push(')');
            return Some(None);
        }
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return None;
        }
        let count = self.alternatives()?;
        self.nesting -= 1;
        self.rest = self.rest.strip_prefix(')')?;
        self.out.push(')');
        Some(Some(count))
    }

    /// What stands between a parenthesis with its question mark and the group's content. Flags alone take their parenthesis.
    fn kind(&mut self, rest: &'a str) -> Option<String> {
        const AROUND: [&str; 5] = ["=", "!", "<=", "<!", ">"];
        if self.dialect == Dialect::Net
            && let Some(sign) = AROUND.into_iter().find(|sign| rest.starts_with(sign))
        {
            self.rest = &rest[sign.len()..];
            return Some(format!("?{sign}"));
        }
        let named = match self.dialect {
            Dialect::Go => rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<')),
            Dialect::Net => rest.strip_prefix('<'),
        };
        if let Some(named) = named {
            let (name, rest) = named.split_once('>')?;
            let valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            self.rest = rest;
            return (valid && self.names.insert(name)).then(|| "?:".to_owned());
        }
        self.flags(rest)
    }

    fn flags(&mut self, rest: &'a str) -> Option<String> {
        let end = rest.find([':', ')'])?;
        let (flags, known) = (&rest[..end], if self.dialect == Dialect::Go { "imsU" } else { "is" });
        let (on, off) = flags.split_once('-').map_or((flags, None), |(on, off)| (on, Some(off)));
        let all_known = |flags: &str| flags.chars().all(|flag| known.contains(flag));
        if !all_known(on) || off.is_some_and(|off| off.is_empty() || !all_known(off)) {
            return None;
        }
        // The later one counts.
        let off: BTreeSet<char> = off.unwrap_or_default().chars().collect();
        let mut out: String = "?".into();
        out.extend(on.chars().filter(|flag| !off.contains(flag)).collect::<BTreeSet<_>>());
        if !off.is_empty() {
            out.push('-');
            out.extend(off);
        }
        self.rest = &rest[end + 1..];
        if rest[end..].starts_with(':') {
            out.push(':');
        } else if out == "?" && self.dialect == Dialect::Net {
            return None;
        }
        Some(out)
    }

    /// Reads how often what was read is repeated; the highest count of all.
    fn repeated(&mut self, count: u32) -> Option<u32> {
        let Some((length, most)) = repetition(self.rest) else { return Some(count) };
        let total = count.saturating_mul(most?);
        if total > MAX_COUNT {
            return None;
        }
        let (written, mut rest) = self.rest.split_at(length);
        self.out.push_str(written);
        if let Some(after) = rest.strip_prefix('?') {
            self.out.push('?');
            rest = after;
        }
        self.rest = rest;
        // What is repeated cannot be repeated once more.
        if repetition(rest).is_some() { None } else { Some(total) }
    }

    fn take(&mut self, one: char) {
        self.rest = self.rest.strip_prefix(one).unwrap_or(self.rest);
    }
}
