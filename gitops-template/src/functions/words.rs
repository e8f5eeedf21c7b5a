//! Words in texts: their cases, their first letters, and lines that they are wrapped into.

/// Go's `unicode.ToUpper`: one character stays one.
pub(super) fn upper(letter: char) -> char {
    let mut letters = letter.to_uppercase();
    match (letters.next(), letters.next()) {
        (Some(upper), None) => upper,
        _ => letter,
    }
}

/// Go's `unicode.ToLower`.
pub(super) fn lower(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

/// Go's `strings.Title`: a letter that follows no letter, digit, underscore or the like is upper case.
pub(super) fn title(text: &str) -> String {
    let mut starts = true;
    let letter = |letter: char| {
        let titled = if starts { upper(letter) } else { letter };
        starts = match letter {
            '_' => false,
            letter if letter.is_ascii() => !letter.is_ascii_alphanumeric(),
            letter if letter.is_alphanumeric() => false,
            letter => letter.is_whitespace(),
        };
        titled
    };
    text.chars().map(letter).collect()
}

/// The first letter of each word in lower case.
pub(super) fn untitle(text: &str) -> String {
    let mut starts = true;
    let letter = |letter: char| {
        if letter.is_whitespace() {
            starts = true;
            return letter;
        }
        let changed = if starts { lower(letter) } else { letter };
        starts = false;
        changed
    };
    text.chars().map(letter).collect()
}

/// Upper case for lower case and the other way.
pub(super) fn swap_case(text: &str) -> String {
    let letter = |letter: char| {
        if letter.is_uppercase() {
            lower(letter)
        } else if letter.is_lowercase() {
            upper(letter)
        } else {
            letter
        }
    };
    text.chars().map(letter).collect()
}

/// The first byte of each word, taken as a character.
pub(super) fn initials(text: &str) -> String {
    let mut after_gap = true;
    let mut out = String::new();
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_whitespace() {
            after_gap = true;
        } else if after_gap {
            out.push(letter);
            after_gap = false;
        }
    }
    out
}

/// A text cut to a width, with dots where something is left out. It starts at the offset if that is far enough in.
pub(super) fn abbreviate(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let (Ok(offset), Ok(width)) = (usize::try_from(offset.max(0)), usize::try_from(width)) else {
        return text.to_vec();
    };
    let length = text.len();
    if length <= width || width < 4 {
        return text.to_vec();
    }
    let mut offset = offset.min(length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    let dots = b"...".as_slice();
    if offset <= 4 {
        return [text.get(..width - 3).unwrap_or_default(), dots].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < length {
        let rest = text.get(offset..).unwrap_or_default();
        let inner = i64::try_from(width - 3).unwrap_or(i64::MAX);
        return [dots, &abbreviate(rest, 0, inner)].concat();
    }
    [dots, text.get(length - (width - 3)..).unwrap_or_default()].concat()
}

/// A text in lines of a length, broken at blanks, and inside of long words only if these are to be.
pub(super) fn wrap(text: &[u8], width: i64, separator: &[u8], break_words: bool) -> Vec<u8> {
    let width = usize::try_from(width.max(1)).unwrap_or(1);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while text.len() - at > width {
        if text.get(at) == Some(&b' ') {
            at += 1;
            continue;
        }
        let window = text.get(at..=at + width).unwrap_or_default();
        let blank = match window.iter().rposition(|byte| *byte == b' ') {
            Some(blank) => Some(at + blank),
            None if break_words => {
                out.extend_from_slice(text.get(at..at + width).unwrap_or_default());
                out.extend_from_slice(separator);
                at += width;
                continue;
            }
            None => {
                let rest = text.get(at + width..).unwrap_or_default();
                rest.iter().position(|byte| *byte == b' ').map(|blank| at + width + blank)
            }
        };
        let Some(blank) = blank else { break };
        out.extend_from_slice(text.get(at..blank).unwrap_or_default());
        out.extend_from_slice(separator);
        at = blank + 1;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}

fn is_connector(letter: char) -> bool {
    matches!(letter, '-' | '_') || letter.is_whitespace()
}

/// `some_words` as `SomeWords` (xstrings' `ToPascalCase`). Connectors at the start stay.
pub(super) fn camel(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next_if(|letter| is_connector(*letter)) {
        out.push(letter);
    }
    let Some(start) = letters.next() else { return out };
    // Of a run of upper case letters only the first stays so.
    let mut in_upper_run = start.is_uppercase();
    let mut before = upper(start);
    for letter in letters {
        let mut letter = letter;
        if is_connector(letter) && is_connector(before) {
            out.push(before);
            continue;
        }
        if is_connector(before) {
            in_upper_run = letter.is_uppercase();
            letter = upper(letter);
        } else {
            if in_upper_run {
                if letter.is_uppercase() {
                    letter = lower(letter);
                } else {
                    in_upper_run = false;
                }
            }
            out.push(before);
        }
        before = letter;
    }
    out.push(before);
    out
}

/// `SomeWords` as `some_words`.
pub(super) fn snake(text: &str) -> String {
    connected(text, '_')
}

/// `SomeWords` as `some-words`.
pub(super) fn kebab(text: &str) -> String {
    connected(text, '-')
}

/// What a part of a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Number,
    Upper,
    Letters,
    Connector,
    Punctuation,
    Other,
}

fn is_letter(letter: char) -> bool {
    letter.is_alphabetic()
}

fn is_punctuation(letter: char) -> bool {
    letter.is_ascii_punctuation() && !matches!(letter, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
}

fn part_of(letter: char) -> Part {
    match letter {
        letter if is_connector(letter) => Part::Connector,
        letter if is_punctuation(letter) => Part::Punctuation,
        letter if letter.is_uppercase() => Part::Upper,
        letter if is_letter(letter) => Part::Letters,
        letter if letter.is_numeric() => Part::Number,
        _ => Part::Other,
    }
}

/// The parts of a text: a word is a capital with the letters after it, or capitals up to the one that starts a word.
fn parts(text: &str) -> Vec<(Part, &str)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.chars().next() {
        let kind = part_of(start);
        let letters: Vec<(usize, char)> = rest.char_indices().collect();
        let small = |letter: char| is_letter(letter) && !letter.is_uppercase();
        let mut count = 1;
        let letter_at = |place: usize| letters.get(place).map(|(_, letter)| *letter);
        match kind {
            Part::Upper => {
                if letter_at(1).is_some_and(char::is_uppercase) {
                    while letter_at(count).is_some_and(char::is_uppercase) {
                        count += 1;
                    }
                    if letter_at(count).is_some_and(is_letter) {
                        count -= 1;
                    }
                } else {
                    while letter_at(count).is_some_and(small) {
                        count += 1;
                    }
                }
            }
            Part::Letters => {
                while letter_at(count).is_some_and(small) {
                    count += 1;
                }
            }
            kind => {
                while letter_at(count).is_some_and(|letter| part_of(letter) == kind) {
                    count += 1;
                }
            }
        }
        let end = letters.get(count).map_or(rest.len(), |(at, _)| *at);
        let (word, after) = rest.split_at(end);
        parts.push((kind, word));
        rest = after;
    }
    parts
}

/// Words in lower case with a connector between them. Digits belong to the word before them, unless small letters follow.
fn connected(text: &str, connector: char) -> String {
    let parts = parts(text);
    let mut out = String::with_capacity(text.len() + 4);
    let mut at = 0;
    let parted = |part: Option<&(Part, &str)>| {
        part.is_some_and(|(kind, _)| !matches!(kind, Part::Connector | Part::Punctuation))
    };
    // Letters and digits that go on a number.
    let tail = |out: &mut String, mut at: usize| {
        while let Some((Part::Letters | Part::Number, word)) = parts.get(at) {
            write(out, word, connector);
            at += 1;
        }
        at
    };
    while let Some((kind, word)) = parts.get(at) {
        let is_last = at + 1 == parts.len();
        write(&mut out, word, connector);
        at += 1;
        if is_last {
            break;
        }
        match kind {
            Part::Connector | Part::Punctuation => {}
            Part::Number => {
                at = tail(&mut out, at);
                if parted(parts.get(at)) {
                    out.push(connector);
                }
            }
            _ => match parts.get(at) {
                Some((Part::Number, number)) => {
                    if at + 1 == parts.len() {
                        continue;
                    }
                    if matches!(parts.get(at + 1), Some((Part::Letters, _))) {
                        out.push(connector);
                        write(&mut out, number, connector);
                        at = tail(&mut out, at + 1);
                    } else {
                        write(&mut out, number, connector);
                        at += 1;
                    }
                    if parted(parts.get(at)) {
                        out.push(connector);
                    }
                }
                next => {
                    if parted(next) {
                        out.push(connector);
                    }
                }
            },
        }
    }
    out
}

/// A part in lower case; what is a connector is the one that is wanted.
fn write(out: &mut String, word: &str, connector: char) {
    for letter in word.chars() {
        out.push(if is_connector(letter) { connector } else { lower(letter) });
    }
}
