//! What stands after a backslash.

use super::Dialect;

/// What an escape means.
pub(super) enum Escape<'a> {
    /// This character.
    Character(char),
    /// One of a set of characters, in the syntax here; it may stand in a class as well.
    Set(String),
    /// A place between characters, in the syntax here.
    Place(&'static str),
    /// These characters.
    Quoted(&'a str),
}

const CATEGORIES: [&str; 37] = [
    "C", "Cc", "Cf", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs", "Cs", "Any",
];
/// Scripts whose names have four letters. Every script has a short name of four letters as well, which Go does not know.
const SHORT_SCRIPTS: [&str; 8] = ["Ahom", "Cham", "Kawi", "Lisu", "Modi", "Newa", "Thai", "Toto"];
/// What the library here takes for scripts, and Go does not.
const NO_SCRIPTS: [&str; 2] = ["Katakana_Or_Hiragana", "Unknown"];

/// Reads the escape that a text begins with; what it means, and the rest of the text. In a class only characters and sets are
/// in order.
pub(super) fn read(text: &str, dialect: Dialect) -> Option<(Escape<'_>, &str)> {
    let rest = text.strip_prefix('\\')?;
    let letter = rest.chars().next()?;
    let rest = &rest[letter.len_utf8()..];
    let set = |set: &str| Some((Escape::Set(set.into()), rest));
    let place = |place: &'static str| Some((Escape::Place(place), rest));
    let character = |one: char| Some((Escape::Character(one), rest));
    match (letter, dialect) {
        ('p' | 'P', _) => property(letter == 'P', rest, dialect),
        ('x' | 'u', _) => coded(letter, rest, dialect),
        ('0'..='7', Dialect::Go) => octal(letter, rest),
        ('d', Dialect::Go) => set("[0-9]"),
        ('D', Dialect::Go) => set("[^0-9]"),
        ('s', Dialect::Go) => set(r"[\t\n\f\r ]"),
        ('S', Dialect::Go) => set(r"[^\t\n\f\r ]"),
        ('w', Dialect::Go) => set("[0-9A-Za-z_]"),
        ('W', Dialect::Go) => set("[^0-9A-Za-z_]"),
        ('d' | 'D' | 's' | 'S' | 'w' | 'W', Dialect::Net) => set(&format!("\\{letter}")),
        ('A', _) => place(r"\A"),
        ('z', _) => place(r"\z"),
        ('b', Dialect::Go) => place(r"(?-u:\b)"),
        ('B', Dialect::Go) => place(r"(?-u:\B)"),
        ('b', Dialect::Net) => place(r"\b"),
        ('B', Dialect::Net) => place(r"\B"),
        ('Z', Dialect::Net) => place(r"(?=\n?\z)"),
        ('Q', Dialect::Go) => {
            let (quoted, rest) = rest.split_once(r"\E").unwrap_or((rest, ""));
            Some((Escape::Quoted(quoted), rest))
        }
        ('a', _) => character('\x07'),
        ('f', _) => character('\x0c'),
        ('n', _) => character('\n'),
        ('r', _) => character('\r'),
        ('t', _) => character('\t'),
        ('v', _) => character('\x0b'),
        ('e', Dialect::Net) => character('\x1b'),
        ('_', Dialect::Net) => None,
        (other, _) if other.is_ascii() && !other.is_ascii_alphanumeric() => character(other),
        _ => None,
    }
}

/// Writes a character that means itself.
pub(super) fn write(out: &mut String, one: char) {
    out.push_str(&regex::escape(one.encode_utf8(&mut [0; 4])));
}

/// `\pL`, `\p{Greek}`, `\p{^Greek}`.
fn property(is_negated: bool, rest: &str, dialect: Dialect) -> Option<(Escape<'_>, &str)> {
    let (name, rest) = match rest.strip_prefix('{') {
        Some(rest) => rest.split_once('}')?,
        None if dialect == Dialect::Net => return None,
        None => rest.split_at_checked(1)?,
    };
    let (turned, name) = match name.strip_prefix('^') {
        Some(_) if dialect == Dialect::Net => return None,
        Some(name) => (true, name),
        None => (false, name),
    };
    let named = if CATEGORIES.contains(&name) && !(dialect == Dialect::Net && name == "Any") {
        name.to_owned()
    } else if dialect == Dialect::Go && is_script(name) {
        format!("Script={name}")
    } else {
        return None;
    };
    let sign = if is_negated == turned { 'p' } else { 'P' };
    Some((Escape::Set(format!("\\{sign}{{{named}}}")), rest))
}

/// Whether a name is written as scripts are: words that begin with a capital letter. The library here takes other ways to
/// write one as well, and knows which scripts there are.
fn is_script(name: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_uppercase())
            && word.len() > 1
            && word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
    };
    let is_short = name.len() == 4 && !SHORT_SCRIPTS.contains(&name);
    (name.split('_').all(is_word) || name == "SignWriting") && !is_short && !NO_SCRIPTS.contains(&name)
}

/// `\x41`, `\x{41}`, and .NET's `\u0041`.
fn coded(letter: char, rest: &str, dialect: Dialect) -> Option<(Escape<'_>, &str)> {
    let (digits, rest) = match (letter, dialect) {
        ('x', Dialect::Go) => match rest.strip_prefix('{') {
            Some(rest) => rest.split_once('}')?,
            None => rest.split_at_checked(2)?,
        },
        ('x', Dialect::Net) => rest.split_at_checked(2)?,
        ('u', Dialect::Net) => rest.split_at_checked(4)?,
        _ => return None,
    };
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
    Some((Escape::Character(char::from_u32(code)?), rest))
}

/// Up to three octal digits. A single one that is not 0 would refer to a group, which Go has not.
fn octal(first: char, rest: &str) -> Option<(Escape<'_>, &str)> {
    let more = rest.bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    if more == 0 && first != '0' {
        return None;
    }
    let digits = format!("{first}{}", &rest[..more]);
    let one = u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32)?;
    Some((Escape::Character(one), &rest[more..]))
}
