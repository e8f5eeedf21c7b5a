use super::class::{bracketed, perl, unicode};
use super::error::PatternError;

/// Groups in each other, as Go limits them.
const MAX_DEPTH: usize = 1_000;

/// How often something may be repeated, repetitions in each other multiplied.
const MAX_REPEAT: u64 = 1_000;

/// An expression in the library's syntax, and the names of its groups.
pub(super) struct Translated {
    pub(super) pattern: String,
    pub(super) names: Vec<String>,
}

pub(super) fn translate(text: &[u8]) -> Result<Translated, PatternError> {
    let whole = std::str::from_utf8(text).map_err(|_| PatternError::new("invalid UTF-8", text))?;
    let mut translator = Translator {
        whole,
        out: String::with_capacity(text.len() + 16),
        names: vec![String::new()],
        groups: Vec::new(),
        flags: Flags::default(),
        last: None,
        heaviest: 1,
    };
    translator.expression()?;
    Ok(Translated { pattern: translator.out, names: translator.names })
}

#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_newline: bool,
    lazy: bool,
}

/// A group that is open: what was before it.
struct Group {
    flags: Flags,
    start: usize,
    heaviest: u64,
}

/// What a repetition would apply to: where it starts, and how often its parts are repeated already.
#[derive(Clone, Copy)]
struct Atom {
    start: usize,
    weight: u64,
}

struct Translator<'t> {
    whole: &'t str,
    out: String,
    names: Vec<String>,
    groups: Vec<Group>,
    flags: Flags,
    last: Option<Atom>,
    /// The heaviest repetition of the group that is open.
    heaviest: u64,
}

type Translating<T> = Result<T, PatternError>;

impl<'t> Translator<'t> {
    fn wrong<T>(&self, words: &'static str, part: &str) -> Translating<T> {
        Err(PatternError::new(words, part.as_bytes()))
    }

    fn expression(&mut self) -> Translating<()> {
        let mut rest = self.whole;
        // The repetition that was just read: two of them may not follow each other.
        let mut repeated: Option<&str> = None;
        while let Some(character) = rest.chars().next() {
            let after = rest.get(character.len_utf8()..).unwrap_or_default();
            let before = rest;
            let counted = if character == '{' { counts(rest) } else { None };
            let is_repeat = matches!(character, '*' | '+' | '?') || counted.is_some();
            rest = match character {
                '(' if after.starts_with('?') => self.special_group(rest)?,
                '(' => {
                    self.open("(")?;
                    self.names.push(String::new());
                    after
                }
                ')' => {
                    self.close()?;
                    after
                }
                '|' => {
                    self.out.push('|');
                    self.last = None;
                    after
                }
                '^' => {
                    let text = if self.flags.lines { "(?m:^)" } else { "\\A" };
                    self.atom(text);
                    after
                }
                '$' => {
                    let text = if self.flags.lines { "(?m:$)" } else { "\\z" };
                    self.atom(text);
                    after
                }
                '.' => {
                    let text = if self.flags.dot_newline { "(?s:.)" } else { "[^\\n]" };
                    self.atom(text);
                    after
                }
                '[' => {
                    let (class, after) = bracketed(rest)?;
                    self.folded(&class);
                    after
                }
                '\\' => self.backslash(rest)?,
                _ if is_repeat => {
                    let counts = counted.map(|(counts, _)| counts);
                    let after = counted.map_or(after, |(_, after)| after);
                    self.repeat(before, after, counts, repeated)?
                }
                character => {
                    self.literal(character);
                    after
                }
            };
            repeated = is_repeat.then_some(before);
        }
        if self.groups.is_empty() { Ok(()) } else { self.wrong("missing closing )", self.whole) }
    }

    fn atom(&mut self, text: &str) {
        self.last = Some(Atom { start: self.out.len(), weight: 1 });
        self.out.push_str(text);
    }

    /// An atom whose letters stand for their other case too where the flag says so.
    fn folded(&mut self, text: &str) {
        if self.flags.fold { self.atom(&format!("(?i:{text})")) } else { self.atom(text) }
    }

    fn literal(&mut self, character: char) {
        let text = if character.is_alphanumeric() {
            character.to_string()
        } else {
            format!("\\x{{{:X}}}", u32::from(character))
        };
        self.folded(&text);
    }

    fn open(&mut self, text: &str) -> Translating<()> {
        if self.groups.len() >= MAX_DEPTH {
            return self.wrong("expression nests too deeply", self.whole);
        }
        self.groups.push(Group { flags: self.flags, start: self.out.len(), heaviest: self.heaviest });
        self.out.push_str(text);
        (self.last, self.heaviest) = (None, 1);
        Ok(())
    }

    fn close(&mut self) -> Translating<()> {
        let Some(group) = self.groups.pop() else { return self.wrong("unexpected )", self.whole) };
        self.out.push(')');
        self.flags = group.flags;
        self.last = Some(Atom { start: group.start, weight: self.heaviest });
        self.heaviest = self.heaviest.max(group.heaviest);
        Ok(())
    }

    /// A group behind whose parenthesis a question mark stands: named, with flags, or flags alone.
    fn special_group(&mut self, text: &'t str) -> Translating<&'t str> {
        let named = text.strip_prefix("(?P<").or_else(|| text.strip_prefix("(?<"));
        if let Some(inside) = named.filter(|inside| !inside.is_empty()) {
            let Some(end) = inside.find('>') else { return self.wrong("invalid named capture", text) };
            let (name, after) = inside.split_at(end);
            let after = after.get(1..).unwrap_or_default();
            let is_name = |name: &str| name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
            if name.is_empty() || !is_name(name) {
                let capture = text.get(..text.len() - after.len()).unwrap_or_default();
                return self.wrong("invalid named capture", capture);
            }
            self.open("(")?;
            self.names.push(name.to_owned());
            return Ok(after);
        }
        let mut flags = self.flags;
        let (mut on, mut some) = (true, false);
        let mut rest = text.get(2..).unwrap_or_default();
        while let Some(letter) = rest.chars().next() {
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            match letter {
                'i' => flags.fold = on,
                'm' => flags.lines = on,
                's' => flags.dot_newline = on,
                'U' => flags.lazy = on,
                '-' if on => (on, some) = (false, false),
                ':' | ')' if on || some => {
                    if letter == ':' {
                        self.open("(?:")?;
                    }
                    self.flags = flags;
                    return Ok(rest);
                }
                _ => break,
            }
            some |= letter != '-';
        }
        self.wrong("invalid or unsupported Perl syntax", text.get(..text.len() - rest.len()).unwrap_or_default())
    }

    fn backslash(&mut self, text: &'t str) -> Translating<&'t str> {
        let letter = text.chars().nth(1);
        let after = text.get(2..).unwrap_or_default();
        match letter {
            Some('A') => self.atom("\\A"),
            Some('b') => self.atom("(?-u:\\b)"),
            Some('B') => self.atom("(?-u:\\B)"),
            Some('z') => self.atom("\\z"),
            Some('C') => return self.wrong("invalid escape sequence", "\\C"),
            Some('Q') => {
                let end = after.find("\\E").unwrap_or(after.len());
                let (literal, rest) = after.split_at(end);
                literal.chars().for_each(|character| self.literal(character));
                return Ok(rest.strip_prefix("\\E").unwrap_or(rest));
            }
            Some('p' | 'P') if !after.is_empty() => {
                if let Some(class) = unicode(text) {
                    let (class, after) = class?;
                    self.folded(&class);
                    return Ok(after);
                }
            }
            Some(letter) => match perl(letter) {
                Some((negated, ranges)) => self.folded(&format!("[{}{ranges}]", if negated { "^" } else { "" })),
                None => {
                    let (character, after) = escape(text)?;
                    self.literal(character);
                    return Ok(after);
                }
            },
            None => return self.wrong("trailing backslash at end of expression", ""),
        }
        Ok(after)
    }

    fn repeat(
        &mut self,
        before: &'t str,
        after: &'t str,
        counts: Option<(Count, Option<Count>)>,
        repeated: Option<&str>,
    ) -> Translating<&'t str> {
        let limit = Count(Some(MAX_REPEAT));
        if let Some((low, high)) = counts
            && (low > limit || high.is_some_and(|high| high > limit || low > high))
        {
            let part = before.get(..before.len() - after.len()).unwrap_or_default();
            return self.wrong("invalid repeat count", part);
        }
        let (lazy, after) = match after.strip_prefix('?') {
            Some(after) => (!self.flags.lazy, after),
            None => (self.flags.lazy, after),
        };
        if let Some(repeated) = repeated {
            let part = repeated.get(..repeated.len() - after.len()).unwrap_or_default();
            return self.wrong("invalid nested repetition operator", part);
        }
        let part = before.get(..before.len() - after.len()).unwrap_or_default();
        let Some(atom) = self.last else { return self.wrong("missing argument to repetition operator", part) };
        let mut weight = atom.weight;
        if let Some((low, high)) = counts {
            let most = high.unwrap_or(low).0.unwrap_or(MAX_REPEAT).max(1);
            weight = weight.saturating_mul(most);
            if most >= 2 && weight > MAX_REPEAT {
                return self.wrong("invalid repeat count", part);
            }
        }
        // A repetition of what is repeated by flags alone, `a*(?i)*`, needs a group.
        self.out.insert_str(atom.start, "(?:");
        self.out.push(')');
        self.out.push_str(&match counts {
            None => before.get(..1).unwrap_or_default().to_owned(),
            Some((low, None)) => format!("{{{},}}", low.0.unwrap_or_default()),
            Some((low, Some(high))) => format!("{{{},{}}}", low.0.unwrap_or_default(), high.0.unwrap_or_default()),
        });
        if lazy {
            self.out.push('?');
        }
        self.last = Some(Atom { start: atom.start, weight });
        self.heaviest = self.heaviest.max(weight);
        Ok(after)
    }
}

/// How often something is repeated; none where the number is too large to be one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Count(Option<u64>);

impl PartialOrd for Count {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.0.unwrap_or(u64::MAX).cmp(&other.0.unwrap_or(u64::MAX)))
    }
}

type Counts = (Count, Option<Count>);

/// `{2}`, `{2,}` or `{2,3}` at the start of a text, and what comes after it. Everything else is text.
fn counts(text: &str) -> Option<(Counts, &str)> {
    let (low, rest) = count(text.strip_prefix('{')?)?;
    let (high, rest) = match rest.strip_prefix(',') {
        None => (Some(low), rest),
        Some(rest) if rest.starts_with('}') => (None, rest),
        Some(rest) => {
            let (high, rest) = count(rest)?;
            (Some(high), rest)
        }
    };
    Some(((low, high), rest.strip_prefix('}')?))
}

fn count(text: &str) -> Option<(Count, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(length);
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((Count(digits.parse().ok()), rest))
}

/// The character of an escape at the start of a text, and what comes after it.
pub(super) fn escape(text: &str) -> Translating<(char, &str)> {
    let mut characters = text.chars();
    characters.next();
    let Some(letter) = characters.next() else {
        return Err(PatternError::new("trailing backslash at end of expression", b""));
    };
    let mut rest = characters.as_str();
    let found = match letter {
        '0'..='7' if letter == '0' || rest.starts_with(|digit: char| digit.is_digit(8)) => {
            let digits = rest.bytes().take(2).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
            let (octal, after) = rest.split_at(digits);
            rest = after;
            u32::from_str_radix(&format!("{letter}{octal}"), 8).ok().and_then(char::from_u32)
        }
        'x' => {
            let (code, after) = hexadecimal(rest);
            rest = after;
            code
        }
        'a' => Some('\x07'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        letter if letter.is_ascii() && !letter.is_ascii_alphanumeric() => Some(letter),
        _ => None,
    };
    let part = text.get(..text.len() - rest.len()).unwrap_or_default();
    let character = found.ok_or_else(|| PatternError::new("invalid escape sequence", part.as_bytes()))?;
    Ok((character, rest))
}

/// Two digits or any number of them in braces, and what comes after what was looked at.
fn hexadecimal(text: &str) -> (Option<char>, &str) {
    let behind = |text: &'_ str, length: usize| text.char_indices().nth(length).map_or(text.len(), |(at, _)| at);
    if let Some(inside) = text.strip_prefix('{') {
        let digits = inside.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (code, after) = inside.split_at(digits);
        let character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        let end = behind(after, 1);
        let closed = after.starts_with('}');
        return (character.filter(|_| closed), after.get(end..).unwrap_or_default());
    }
    let end = behind(text, 2);
    let (code, rest) = text.split_at(end);
    let digits = code.len() == 2 && code.bytes().all(|digit| digit.is_ascii_hexdigit());
    let character = if digits { u32::from_str_radix(code, 16).ok().and_then(char::from_u32) } else { None };
    if digits { (character, rest) } else { (None, text.get(behind(text, 1)..).unwrap_or_default()) }
}
