//! Text to tokens, as Go 1.26's `text/template/parse` cuts it.

use memchr::{memchr_iter, memmem};

use super::character::{first, is_space, is_word, named};
use super::token::{Keyword, Kind, Token};

/// The marks that actions stand between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimiters {
    /// `{{`.
    pub left: String,
    /// `}}`.
    pub right: String,
}

impl Default for Delimiters {
    fn default() -> Self {
        Self { left: "{{".to_owned(), right: "}}".to_owned() }
    }
}

pub(crate) struct Lexer<'t> {
    text: &'t [u8],
    delimiters: &'t Delimiters,
    /// Finds the left mark; none where it is empty: that stands nowhere, or the text would never end.
    left: Option<memmem::Finder<'t>>,
    start: usize,
    at: usize,
    line: usize,
    start_line: usize,
    in_action: bool,
    parentheses: usize,
    /// What is wrong: nothing comes after an error.
    message: Option<String>,
}

type Lexed = Result<Kind, String>;

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t [u8], delimiters: &'t Delimiters) -> Self {
        Self {
            text,
            delimiters,
            left: Some(&delimiters.left).filter(|left| !left.is_empty()).map(memmem::Finder::new),
            start: 0,
            at: 0,
            line: 1,
            start_line: 1,
            in_action: false,
            parentheses: 0,
            message: None,
        }
    }

    pub(crate) fn next_token(&mut self) -> Token {
        if self.message.is_some() {
            return self.token(Kind::End, self.text.len(), self.text.len());
        }
        let lexed = if self.in_action { self.action() } else { self.outside() };
        match lexed {
            Ok(token) => token,
            Err(message) => {
                self.message = Some(message);
                self.token(Kind::Error, self.start, self.at)
            }
        }
    }

    /// What is wrong, once a token said that something is.
    pub(crate) fn message(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }

    fn token(&self, kind: Kind, start: usize, end: usize) -> Token {
        Token { kind, start, end, line: self.start_line }
    }

    fn emit(&mut self, kind: Kind) -> Token {
        let token = self.token(kind, self.start, self.at);
        self.line += newlines(self.text.get(self.start..self.at).unwrap_or_default());
        self.start = self.at;
        self.start_line = self.line;
        token
    }

    fn skip(&mut self) {
        let _ = self.emit(Kind::Space);
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        first(self.rest()).map(|(character, _)| character)
    }

    fn take(&mut self) -> Option<char> {
        let (character, length) = first(self.rest())?;
        self.at += length;
        Some(character)
    }

    fn take_if(&mut self, wanted: &str) -> bool {
        let taken = self.peek().is_some_and(|character| wanted.contains(character));
        if taken {
            self.at += 1;
        }
        taken
    }

    fn outside(&mut self) -> Result<Token, String> {
        loop {
            let left = self.delimiters.left.as_bytes();
            let Some(found) = self.left.as_ref().and_then(|left| left.find(self.rest())) else {
                self.at = self.text.len();
                return Ok(self.emit(if self.at > self.start { Kind::Text } else { Kind::End }));
            };
            let open = self.at + found;
            if found > 0 {
                let inside = self.text.get(open + left.len()..).unwrap_or_default();
                let text = self.text.get(self.start..open).unwrap_or_default();
                let kept = if trims_left(inside) { without_end_spaces(text).len() } else { text.len() };
                self.at = self.start + kept;
                let token = self.emit(Kind::Text);
                self.at = open;
                self.skip();
                if token.start < token.end {
                    return Ok(token);
                }
            }
            if let Some(token) = self.open()? {
                return Ok(token);
            }
        }
    }

    /// The opening mark; none where a comment was skipped.
    fn open(&mut self) -> Result<Option<Token>, String> {
        self.at += self.delimiters.left.len();
        let marker = if trims_left(self.rest()) { 2 } else { 0 };
        if self.rest().get(marker..).is_some_and(|rest| rest.starts_with(b"/*")) {
            self.at += marker;
            self.skip();
            self.comment()?;
            return Ok(None);
        }
        let token = self.emit(Kind::Open);
        self.at += marker;
        self.skip();
        self.in_action = true;
        self.parentheses = 0;
        Ok(Some(token))
    }

    fn comment(&mut self) -> Result<(), String> {
        let end = memmem::find(self.rest().get(2..).unwrap_or_default(), b"*/").ok_or("unclosed comment")?;
        self.at += end + 4;
        let Some(trims) = self.at_close() else { return Err("comment ends before closing delimiter".to_owned()) };
        self.pass_close(trims);
        self.skip();
        Ok(())
    }

    /// Whether the closing mark stands here, and whether it trims.
    fn at_close(&self) -> Option<bool> {
        let right = self.delimiters.right.as_bytes();
        if trims_right(self.rest()) && self.rest().get(2..).is_some_and(|rest| rest.starts_with(right)) {
            return Some(true);
        }
        self.rest().starts_with(right).then_some(false)
    }

    fn pass_close(&mut self, trims: bool) {
        self.at += self.delimiters.right.len() + if trims { 2 } else { 0 };
        if trims {
            self.at += self.rest().iter().take_while(|byte| is_space(char::from(**byte))).count();
        }
    }

    fn close(&mut self, trims: bool) -> Token {
        if trims {
            self.at += 2;
            self.skip();
        }
        self.at += self.delimiters.right.len();
        let token = self.emit(Kind::Close);
        if trims {
            self.at += self.rest().iter().take_while(|byte| is_space(char::from(**byte))).count();
            self.skip();
        }
        self.in_action = false;
        token
    }

    fn action(&mut self) -> Result<Token, String> {
        if let Some(trims) = self.at_close() {
            if self.parentheses == 0 {
                return Ok(self.close(trims));
            }
            return Err("unclosed left paren".to_owned());
        }
        let Some(character) = self.take() else { return Err("unclosed action".to_owned()) };
        let kind = match character {
            character if is_space(character) => return Ok(self.spaces()),
            '=' => Kind::Assign,
            ':' if self.take_if("=") => Kind::Declare,
            ':' => return Err("expected :=".to_owned()),
            '|' => Kind::Pipe,
            '"' => self.until_quote('"', "unterminated quoted string").map(|()| Kind::Quoted)?,
            '\'' => self.until_quote('\'', "unterminated character constant").map(|()| Kind::Character)?,
            '`' => self.raw()?,
            '$' => self.name(Kind::Variable, Kind::Variable)?,
            '.' if !self.peek().is_some_and(|next| next.is_ascii_digit()) => self.name(Kind::Field, Kind::Dot)?,
            '+' | '-' | '.' | '0'..='9' => self.number()?,
            character if is_word(character) => self.word()?,
            '(' => {
                self.parentheses += 1;
                Kind::LeftParenthesis
            }
            ')' => {
                self.parentheses = self.parentheses.checked_sub(1).ok_or("unexpected right paren")?;
                Kind::RightParenthesis
            }
            ' '..='~' => Kind::Other,
            other => return Err(format!("unrecognized character in action: {}", named(Some(other)))),
        };
        Ok(self.emit(kind))
    }

    fn spaces(&mut self) -> Token {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
        let last = self.at - 1;
        let right = self.delimiters.right.as_bytes();
        let tail = self.text.get(last..).unwrap_or_default();
        if trims_right(tail) && tail.get(2..).is_some_and(|rest| rest.starts_with(right)) {
            // The blank before the minus sign belongs to the closing mark.
            self.at = last;
            if self.at == self.start {
                return self.close(true);
            }
        }
        self.emit(Kind::Space)
    }

    fn until_quote(&mut self, quote: char, unterminated: &str) -> Result<(), String> {
        loop {
            match self.take() {
                Some('\\') if !matches!(self.take(), None | Some('\n')) => {}
                Some('\\' | '\n') | None => return Err(unterminated.to_owned()),
                Some(character) if character == quote => return Ok(()),
                Some(_) => {}
            }
        }
    }

    fn raw(&mut self) -> Lexed {
        loop {
            match self.take() {
                None => return Err("unterminated raw quoted string".to_owned()),
                Some('`') => return Ok(Kind::Raw),
                Some(_) => {}
            }
        }
    }

    /// Passes the letters and digits that stand here, most of which are ASCII.
    fn pass_word(&mut self) {
        loop {
            let ascii = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            self.at += self.rest().iter().take_while(ascii).count();
            match self.peek() {
                Some(character) if !character.is_ascii() && is_word(character) => self.at += character.len_utf8(),
                _ => return,
            }
        }
    }

    fn name(&mut self, kind: Kind, alone: Kind) -> Lexed {
        if self.at_terminator() {
            return Ok(alone);
        }
        self.pass_word();
        if self.at_terminator() { Ok(kind) } else { Err(format!("bad character {}", named(self.peek()))) }
    }

    fn word(&mut self) -> Lexed {
        self.pass_word();
        if !self.at_terminator() {
            return Err(format!("bad character {}", named(self.peek())));
        }
        let word = self.text.get(self.start..self.at).unwrap_or_default();
        Ok(match word {
            b"true" | b"false" => Kind::Bool,
            word => Keyword::of(word).map_or(Kind::Identifier, Kind::Keyword),
        })
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(character) => is_space(character) || self.rest().starts_with(self.delimiters.right.as_bytes()),
        }
    }

    fn number(&mut self) -> Lexed {
        self.at = self.start;
        let bad = |lexer: &Self| {
            let text = lexer.text.get(lexer.start..lexer.at).unwrap_or_default();
            Err(format!("bad number syntax: {}", crate::quote::quote(text)))
        };
        if !self.scan_number() {
            return bad(self);
        }
        if matches!(self.peek(), Some('+' | '-')) {
            if !self.scan_number() || self.text.get(self.at - 1) != Some(&b'i') {
                return bad(self);
            }
            return Ok(Kind::Complex);
        }
        Ok(Kind::Number)
    }

    fn scan_number(&mut self) -> bool {
        self.take_if("+-");
        let mut digits = "0123456789_";
        if self.take_if("0") {
            if self.take_if("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.take_if("oO") {
                digits = "01234567_";
            } else if self.take_if("bB") {
                digits = "01_";
            }
        }
        while self.take_if(digits) {}
        if self.take_if(".") {
            while self.take_if(digits) {}
        }
        let exponent = match digits.len() {
            11 => "eE",
            23 => "pP",
            _ => "",
        };
        if self.take_if(exponent) {
            self.take_if("+-");
            while self.take_if("0123456789_") {}
        }
        self.take_if("i");
        if self.peek().is_some_and(is_word) {
            let _ = self.take();
            return false;
        }
        true
    }
}

fn without_end_spaces(text: &[u8]) -> &[u8] {
    let kept = text.iter().rposition(|byte| !is_space(char::from(*byte))).map_or(0, |last| last + 1);
    text.get(..kept).unwrap_or_default()
}

fn newlines(text: &[u8]) -> usize {
    // Most tokens are too short for the search to pay.
    if text.len() < 16 {
        return text.iter().filter(|byte| **byte == b'\n').count();
    }
    memchr_iter(b'\n', text).count()
}

fn trims_left(text: &[u8]) -> bool {
    matches!(text, [b'-', space, ..] if is_space(char::from(*space)))
}

fn trims_right(text: &[u8]) -> bool {
    matches!(text, [space, b'-', ..] if is_space(char::from(*space)))
}
