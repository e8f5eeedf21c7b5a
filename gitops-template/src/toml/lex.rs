use super::token::{Kind, Token, Wrong};
use crate::quote::quote_with;

/// Arrays and inline tables in each other.
const MAX_DEPTH: usize = 500;

pub(super) type Lexed<T = ()> = Result<T, Wrong>;

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

pub(super) struct Lexer<'t> {
    /// The text up to what is not UTF-8, and the first byte of that.
    text: &'t str,
    invalid: Option<u8>,
    /// Where the piece starts that is being read, and how far it was read.
    pub(super) start: usize,
    pub(super) at: usize,
    pub(super) line: usize,
    /// Whether the end was read.
    pub(super) ended: bool,
    depth: usize,
    pub(super) tokens: Vec<Token<'t>>,
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

pub(super) fn is_newline(character: char) -> bool {
    matches!(character, '\n' | '\r')
}

/// A character as errors show it: Go takes the end for the character 0.
pub(super) fn shown(character: Option<char>) -> String {
    quote_with(character.unwrap_or('\0').encode_utf8(&mut [0; 4]).as_bytes(), '\'', false)
}

fn shown_or_end(character: Option<char>) -> String {
    character.map_or_else(|| "end of file".to_owned(), |character| format!("'{character}'"))
}

impl<'t> Lexer<'t> {
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What has been read of the piece.
    pub(super) fn current(&self) -> &'t str {
        self.text.get(self.start..self.at).unwrap_or_default()
    }

    /// The character that comes next; none at the end.
    pub(super) fn peek(&self) -> Lexed<Option<char>> {
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

    pub(super) fn next(&mut self) -> Lexed<Option<char>> {
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

    pub(super) fn accept(&mut self, wanted: char) -> Lexed<bool> {
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

    pub(super) fn emit(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, text: self.current(), line: self.line });
        self.start = self.at;
    }

    /// Nothing of what was read.
    fn emit_empty(&mut self, kind: Kind) {
        self.start = self.at;
        self.emit(kind);
    }

    pub(super) fn wrong<T>(&self, message: String) -> Lexed<T> {
        let before_end = self.ended && self.text.as_bytes().get(self.at.wrapping_sub(1)) == Some(&b'\n');
        Err(Wrong { line: self.line - usize::from(before_end), message })
    }

    /// Wrong in the line before, whose newline was read.
    pub(super) fn wrong_before<T>(&self, message: String) -> Lexed<T> {
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
}

fn control(character: char) -> String {
    format!("TOML files cannot contain control characters: '0x{:02x}'", u32::from(character))
}
