use super::token::{Kind, Token, Wrong};
use crate::quote::quote_with;

/// Arrays and inline tables in each other.
const MAX_DEPTH: usize = 500;

type Lexed<T = ()> = Result<T, Wrong>;

/// The pieces of a text, and what is wrong behind the last of them.
pub(super) fn lex(text: &[u8]) -> (Vec<Token<'_>>, Option<Wrong>) {
    let (valid, invalid) = match std::str::from_utf8(text) {
        Ok(text) => (text, None),
        Err(error) => {
            let (valid, rest) = text.split_at(error.valid_up_to());
            (std::str::from_utf8(valid).unwrap_or_default(), rest.first().copied())
        }
    };
    let mut lexer =
        Lexer { text: valid, invalid, start: 0, at: 0, line: 1, ended: false, depth: 0, tokens: Vec::new() };
    let wrong = lexer.document().err();
    (lexer.tokens, wrong)
}

struct Lexer<'t> {
    /// The text up to what is not UTF-8, and the first byte of that.
    text: &'t str,
    invalid: Option<u8>,
    /// Where the piece starts that is being read, and how far it was read.
    start: usize,
    at: usize,
    line: usize,
    /// Whether the end was read.
    ended: bool,
    depth: usize,
    tokens: Vec<Token<'t>>,
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

fn is_newline(character: char) -> bool {
    matches!(character, '\n' | '\r')
}

/// A character as errors show it: Go takes the end for the character 0.
fn shown(character: Option<char>) -> String {
    quote_with(character.unwrap_or('\0').encode_utf8(&mut [0; 4]).as_bytes(), '\'', false)
}

fn shown_or_end(character: Option<char>) -> String {
    character.map_or_else(|| "end of file".to_owned(), |character| format!("'{character}'"))
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What has been read of the piece.
    fn current(&self) -> &'t str {
        self.text.get(self.start..self.at).unwrap_or_default()
    }

    /// The character that comes next; none at the end.
    fn peek(&self) -> Lexed<Option<char>> {
        let mut characters = self.rest().chars();
        let wrong = |message| Err(Wrong { line: self.line, message });
        match (characters.next(), self.invalid) {
            (None, Some(byte)) => wrong(format!("invalid UTF-8 byte: 0x{byte:02x}")),
            (Some('\r'), _) if characters.next() != Some('\n') => wrong(control('\r')),
            (Some(character), _) if character.is_ascii_control() && !is_blank(character) && !is_newline(character) => {
                wrong(control(character))
            }
            (character, _) => Ok(character),
        }
    }

    fn next(&mut self) -> Lexed<Option<char>> {
        let next = self.peek()?;
        match next {
            Some(character) => {
                self.at += character.len_utf8();
                self.line += usize::from(character == '\n');
            }
            None => self.ended = true,
        }
        Ok(next)
    }

    fn accept(&mut self, wanted: char) -> Lexed<bool> {
        let there = self.peek()? == Some(wanted);
        if there {
            self.next()?;
        }
        Ok(there)
    }

    fn skip(&mut self, unwanted: fn(char) -> bool) -> Lexed {
        while self.peek()?.is_some_and(unwanted) {
            self.next()?;
        }
        self.start = self.at;
        Ok(())
    }

    fn emit(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, text: self.current(), line: self.line });
        self.start = self.at;
    }

    /// Nothing of what was read.
    fn emit_empty(&mut self, kind: Kind) {
        self.start = self.at;
        self.emit(kind);
    }

    fn wrong<T>(&self, message: String) -> Lexed<T> {
        let before_end = self.ended && self.text.as_bytes().get(self.at.wrapping_sub(1)) == Some(&b'\n');
        Err(Wrong { line: self.line - usize::from(before_end), message })
    }

    /// Wrong in the line before, whose newline was read.
    fn wrong_before<T>(&self, message: String) -> Lexed<T> {
        Err(Wrong { line: self.line - 1, message })
    }

    fn document(&mut self) -> Lexed {
        loop {
            self.skip(|character| is_blank(character) || is_newline(character))?;
            match self.peek()? {
                None => {
                    self.emit(Kind::End);
                    return Ok(());
                }
                Some('#') => self.comment()?,
                Some('[') => {
                    self.next()?;
                    self.table()?;
                    self.line_end()?;
                }
                Some(_) => {
                    self.key_and_value()?;
                    self.line_end()?;
                }
            }
        }
    }

    fn comment(&mut self) -> Lexed {
        while self.peek()?.is_some_and(|character| !is_newline(character)) {
            self.next()?;
        }
        self.start = self.at;
        Ok(())
    }

    /// What may come behind an item of the top.
    fn line_end(&mut self) -> Lexed {
        loop {
            match self.next()? {
                Some('#') => return self.comment(),
                Some(character) if is_blank(character) => {}
                Some(character) if is_newline(character) => {
                    self.start = self.at;
                    return Ok(());
                }
                None => {
                    self.ended = false;
                    return Ok(());
                }
                other => {
                    let words = "expected a top-level item to end with a newline, comment, or EOF, but got";
                    return self.wrong(format!("{words} {} instead", shown(other)));
                }
            }
        }
    }

    fn table(&mut self) -> Lexed {
        let array = self.accept('[')?;
        self.emit(if array { Kind::TableArray } else { Kind::Table });
        loop {
            self.skip(is_blank)?;
            match self.peek()? {
                Some(']') | None => {
                    return self.wrong("unexpected end of table name (table names cannot be empty)".to_owned());
                }
                Some('.') => return self.wrong("unexpected table separator (table names cannot be empty)".to_owned()),
                Some('"' | '\'') => self.quoted_name()?,
                Some(_) => self.bare_name()?,
            }
            self.skip(is_blank)?;
            match self.next()? {
                Some('.') => self.start = self.at,
                Some(']') => break,
                other => {
                    return self
                        .wrong(format!("expected '.' or ']' to end table name, but got {} instead", shown(other)));
                }
            }
        }
        if array {
            let next = self.next()?;
            if next != Some(']') {
                return self
                    .wrong(format!("expected end of table array name delimiter ']', but got {} instead", shown(next)));
            }
        }
        self.emit(if array { Kind::TableArrayEnd } else { Kind::TableEnd });
        Ok(())
    }

    fn bare_name(&mut self) -> Lexed {
        while self.peek()?.is_some_and(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')) {
            self.next()?;
        }
        self.emit(Kind::Word);
        Ok(())
    }

    fn quoted_name(&mut self) -> Lexed {
        if self.next()? == Some('"') { self.text() } else { self.raw_text() }
    }

    fn key_and_value(&mut self) -> Lexed {
        self.skip(is_blank)?;
        match self.peek()? {
            Some('=') | None => return self.wrong("unexpected '=': key name appears blank".to_owned()),
            Some('.') => return self.wrong("unexpected '.': keys cannot start with a '.'".to_owned()),
            Some(_) => self.emit(Kind::Key),
        }
        loop {
            self.skip(is_blank)?;
            match self.peek()? {
                Some('"' | '\'') => self.quoted_name()?,
                Some('=') | None => return self.wrong("unexpected '='".to_owned()),
                Some('.') => return self.wrong("unexpected '.'".to_owned()),
                Some(_) => self.bare_name()?,
            }
            self.skip(is_blank)?;
            match self.next()? {
                Some('.') => self.start = self.at,
                Some('=') => break,
                None => return self.wrong("unexpected EOF; expected key separator '='".to_owned()),
                other => {
                    let message = format!("expected '.' or '=', but got {} instead", shown(other));
                    return if other == Some('\n') { self.wrong_before(message) } else { self.wrong(message) };
                }
            }
        }
        self.emit(Kind::KeyEnd);
        self.value()
    }

    fn value(&mut self) -> Lexed {
        self.skip(is_blank)?;
        let next = self.peek()?;
        if next.is_some_and(|digit| digit.is_ascii_digit()) {
            return self.number_or_date();
        }
        match self.next()? {
            Some('[') => self.nested(Self::array),
            Some('{') => self.nested(Self::inline_table),
            Some('"') if self.rest().starts_with("\"\"") => self.multiline('"'),
            Some('"') => self.text(),
            Some('\'') if self.rest().starts_with("''") => self.multiline('\''),
            Some('\'') => self.raw_text(),
            Some('.') => self.wrong("floats must start with a digit, not '.'".to_owned()),
            Some('i' | 'n') if self.rest().starts_with("nf") || self.rest().starts_with("an") => {
                self.next()?;
                self.next()?;
                self.emit(Kind::Float);
                Ok(())
            }
            Some('-' | '+') => self.signed_number(),
            Some(letter) if letter.is_alphabetic() => self.truth(),
            None => self.wrong("unexpected EOF; expected value".to_owned()),
            Some('\n') => self.wrong_before(format!("expected value but found {} instead", shown(next))),
            other => self.wrong(format!("expected value but found {} instead", shown(other))),
        }
    }

    fn nested(&mut self, inside: fn(&mut Self) -> Lexed) -> Lexed {
        if self.depth >= MAX_DEPTH {
            return self.wrong(format!("arrays and tables are nested deeper than the {MAX_DEPTH} levels allowed"));
        }
        self.depth += 1;
        inside(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// Blanks, newlines and comments.
    fn skip_between(&mut self) -> Lexed {
        loop {
            self.skip(|character| is_blank(character) || is_newline(character))?;
            if self.peek()? != Some('#') {
                return Ok(());
            }
            self.comment()?;
        }
    }

    fn array(&mut self) -> Lexed {
        self.emit_empty(Kind::Array);
        loop {
            self.skip_between()?;
            match self.peek()? {
                Some(',') => {
                    self.next()?;
                    return self.wrong("unexpected comma".to_owned());
                }
                Some(']') => break,
                _ => self.value()?,
            }
            self.skip_between()?;
            match self.peek()? {
                Some(',') => drop(self.next()?),
                Some(']') => break,
                _ => {
                    let next = self.next()?;
                    let words = "expected a comma (',') or array terminator (']'), but got";
                    return self.wrong(format!("{words} {}", shown_or_end(next)));
                }
            }
        }
        self.next()?;
        self.emit_empty(Kind::ArrayEnd);
        Ok(())
    }

    fn inline_table(&mut self) -> Lexed {
        self.emit_empty(Kind::InlineTable);
        loop {
            self.skip_between()?;
            match self.peek()? {
                Some(',') => {
                    self.next()?;
                    return self.wrong("unexpected comma".to_owned());
                }
                Some('}') => break,
                _ => self.key_and_value()?,
            }
            self.skip_between()?;
            match self.next()? {
                Some(',') => self.skip(is_blank)?,
                Some('}') => {
                    self.emit_empty(Kind::InlineTableEnd);
                    return Ok(());
                }
                other => {
                    let words = "expected a comma or an inline table terminator '}', but got";
                    return self.wrong(format!("{words} {} instead", shown_or_end(other)));
                }
            }
        }
        self.next()?;
        self.emit_empty(Kind::InlineTableEnd);
        Ok(())
    }

    /// Text behind its first quotation mark.
    fn text(&mut self) -> Lexed {
        self.start = self.at;
        let mut kind = Kind::Text;
        loop {
            match self.peek()? {
                Some('"') => break,
                Some('\\') => {
                    self.next()?;
                    self.escape()?;
                    kind = Kind::EscapedText;
                }
                Some(character) => {
                    self.next()?;
                    if is_newline(character) {
                        return self.wrong_before("strings cannot contain newlines".to_owned());
                    }
                }
                None => {
                    self.next()?;
                    return self.wrong("unexpected EOF; expected '\"'".to_owned());
                }
            }
        }
        self.emit(kind);
        self.next()?;
        self.start = self.at;
        Ok(())
    }

    fn raw_text(&mut self) -> Lexed {
        self.start = self.at;
        loop {
            match self.peek()? {
                Some('\'') => break,
                Some(character) => {
                    self.next()?;
                    if is_newline(character) {
                        return self.wrong_before("strings cannot contain newlines".to_owned());
                    }
                }
                None => {
                    self.next()?;
                    return self.wrong("unexpected EOF; expected \"'\"".to_owned());
                }
            }
        }
        self.emit(Kind::RawText);
        self.next()?;
        self.start = self.at;
        Ok(())
    }

    /// Text behind the first of three marks. Up to two marks more belong to it where it ends.
    fn multiline(&mut self, mark: char) -> Lexed {
        self.next()?;
        self.next()?;
        self.start = self.at;
        let three = mark.to_string().repeat(3);
        while !self.rest().starts_with(&three) {
            match self.next()? {
                Some('\\') if mark == '"' => {
                    if self.peek()?.is_some_and(is_newline) {
                        self.next()?;
                    } else {
                        self.escape()?;
                    }
                }
                Some(_) => {}
                None => {
                    let outer = if mark == '"' { '\'' } else { '"' };
                    return self.wrong(format!("unexpected EOF; expected {outer}{three}{outer}"));
                }
            }
        }
        let marks = self.rest().chars().take_while(|character| *character == mark).count();
        if marks > 5 {
            let outer = if mark == '"' { '\'' } else { '"' };
            return self.wrong(format!("unexpected {outer}{three}{three}{outer}"));
        }
        for _ in 3..marks {
            self.next()?;
        }
        self.emit(if mark == '"' { Kind::MultilineText } else { Kind::RawMultilineText });
        for _ in 0..3 {
            self.next()?;
        }
        self.start = self.at;
        Ok(())
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Lexed {
        let (count, words) = match self.next()? {
            Some('e' | 'b' | 't' | 'n' | 'f' | 'r' | '"' | ' ' | '\t' | '\\') => return Ok(()),
            Some('x') => (2, "expected two hexadecimal digits after '\\x'"),
            Some('u') => (4, "expected four hexadecimal digits after '\\u'"),
            Some('U') => (8, "expected eight hexadecimal digits after '\\U'"),
            other => {
                let message = format!("invalid escape in string '\\{}'", other.unwrap_or('\0'));
                return if self.ended { self.wrong_before(message) } else { self.wrong(message) };
            }
        };
        for _ in 0..count {
            if !self.next()?.is_some_and(|digit| digit.is_ascii_hexdigit()) {
                return self
                    .wrong(format!("{words}, but got {} instead", crate::quote::quote(self.current().as_bytes())));
            }
        }
        Ok(())
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> Lexed {
        while self.peek()?.is_some_and(&wanted) {
            self.next()?;
        }
        Ok(())
    }

    fn number_or_date(&mut self) -> Lexed {
        if self.rest().starts_with('0') {
            let radix = self.rest().chars().nth(1);
            let (known, words): (fn(char) -> bool, &str) = match radix {
                Some('b') => (|digit| matches!(digit, '0' | '1'), "not a binary number"),
                Some('o') => (|digit| digit.is_digit(8), "not an octal number"),
                Some('x') => (|digit| digit.is_ascii_hexdigit(), "not a hexadecimal number"),
                _ => return self.decimal_or_date(),
            };
            self.next()?;
            self.next()?;
            let digit = self.peek()?;
            if !digit.is_some_and(known) {
                return self.wrong(format!("{words}: '{}{}'", self.current(), digit.unwrap_or('\0')));
            }
            self.take_while(|digit| known(digit) || digit == '_')?;
            self.emit(Kind::Integer);
            return Ok(());
        }
        self.decimal_or_date()
    }

    fn decimal_or_date(&mut self) -> Lexed {
        self.take_while(|digit| digit.is_ascii_digit())?;
        match self.peek()? {
            Some('-' | ':') => {
                self.take_while(|letter| {
                    letter.is_ascii_digit() || matches!(letter, '-' | ':' | 'T' | 't' | ' ' | '.' | 'Z' | 'z' | '+')
                })?;
                let text = self.current().trim();
                self.tokens.push(Token { kind: Kind::Datetime, text, line: self.line });
                self.start = self.at;
                Ok(())
            }
            _ => self.decimal(),
        }
    }

    fn decimal(&mut self) -> Lexed {
        self.take_while(|digit| digit.is_ascii_digit() || digit == '_')?;
        if !matches!(self.peek()?, Some('.' | 'e' | 'E')) {
            self.emit(Kind::Integer);
            return Ok(());
        }
        self.take_while(|letter| letter.is_ascii_digit() || matches!(letter, '_' | '.' | '-' | '+' | 'e' | 'E'))?;
        self.emit(Kind::Float);
        Ok(())
    }

    /// A number behind its sign.
    fn signed_number(&mut self) -> Lexed {
        let next = self.next()?;
        match next {
            Some('i' | 'n') => {
                let letters = if next == Some('i') { ['n', 'f'] } else { ['a', 'n'] };
                for letter in letters {
                    if !self.accept(letter)? {
                        return self.wrong(format!("invalid float: '{}'", self.current()));
                    }
                }
                self.emit(Kind::Float);
                Ok(())
            }
            Some('0') if matches!(self.peek()?, Some('b' | 'o' | 'x')) => {
                let radix = self.peek()?.unwrap_or('\0');
                self.wrong(format!("cannot use sign with non-decimal numbers: '{}{radix}'", self.current()))
            }
            Some('.') => self.wrong("floats must start with a digit, not '.'".to_owned()),
            Some(digit) if digit.is_ascii_digit() => self.decimal(),
            other => self.wrong(format!("expected a digit but got {}", shown(other))),
        }
    }

    /// `true` or `false`, whose first letter was read.
    fn truth(&mut self) -> Lexed {
        self.take_while(char::is_alphabetic)?;
        let word = self.current();
        if !matches!(word, "true" | "false") {
            let word = crate::quote::quote(word.as_bytes());
            return self.wrong(format!("expected value but found {word} instead"));
        }
        self.emit(Kind::Bool);
        Ok(())
    }
}

fn control(character: char) -> String {
    format!("TOML files cannot contain control characters: '0x{:02x}'", u32::from(character))
}
