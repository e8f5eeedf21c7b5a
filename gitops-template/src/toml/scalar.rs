//! Text, numbers, dates and truths.

use super::lex::{Lexed, Lexer, is_newline, shown};
use super::token::{Kind, Token};
use crate::quote::quote;

impl Lexer<'_> {
    /// Text behind its first quotation mark.
    pub(super) fn text(&mut self) -> Lexed {
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

    pub(super) fn raw_text(&mut self) -> Lexed {
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
    pub(super) fn multiline(&mut self, mark: char) -> Lexed {
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
                return self.wrong(format!("{words}, but got {} instead", quote(self.current().as_bytes())));
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

    pub(super) fn number_or_date(&mut self) -> Lexed {
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
    pub(super) fn signed_number(&mut self) -> Lexed {
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
    pub(super) fn truth(&mut self) -> Lexed {
        self.take_while(char::is_alphabetic)?;
        let word = self.current();
        if !matches!(word, "true" | "false") {
            let word = quote(word.as_bytes());
            return self.wrong(format!("expected value but found {word} instead"));
        }
        self.emit(Kind::Bool);
        Ok(())
    }
}
