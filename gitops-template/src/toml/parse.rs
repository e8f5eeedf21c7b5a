use super::lex::lex;
use super::number::{datetime, float, integer, unescaped, without_escaped_newlines, without_first_newline};
use super::table::{Holds, Tables};
use super::token::{Kind, Token, Wrong};
use super::{joined_key, quoted_key};
use crate::quote::quote;
use crate::value::{Map, Text, Value};

/// Reads a document. The error is Go's.
pub(crate) fn from_toml(text: &[u8]) -> Result<Map, String> {
    let text = match text {
        [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] | [0xef, 0xbb, 0xbf, rest @ ..] => rest,
        text => text,
    };
    if text.get(..text.len().min(6)).unwrap_or_default().contains(&0) {
        let words = "files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8";
        return Err(format!("toml: line 1: {words}"));
    }
    let (tokens, wrong) = lex(text);
    let mut parser =
        Parser { tokens: tokens.into_iter(), wrong, tables: Tables::default(), key: Text::default(), line: 1 };
    match parser.document() {
        Ok(()) => Ok(parser.tables.root),
        Err(Wrong { line, message }) => {
            let key = parser.last_key();
            let last = if key.is_empty() { String::new() } else { format!(" (last key {})", quote(&key)) };
            Err(format!("toml: line {line}{last}: {message}"))
        }
    }
}

type Parsed<T = ()> = Result<T, Wrong>;

struct Parser<'t> {
    tokens: std::vec::IntoIter<Token<'t>>,
    wrong: Option<Wrong>,
    tables: Tables,
    /// The last part of the key whose value is being read.
    key: Text,
    /// Where the last key started.
    line: usize,
}

impl<'t> Parser<'t> {
    fn last_key(&self) -> Vec<u8> {
        let context = joined_key(&self.tables.context);
        match (self.key.is_empty(), context.is_empty()) {
            (true, _) => context,
            (false, true) => self.key.to_vec(),
            (false, false) => [context.as_slice(), b".", &self.key].concat(),
        }
    }

    fn next(&mut self) -> Parsed<Token<'t>> {
        match (self.tokens.next(), self.wrong.take()) {
            (Some(token), wrong) => {
                self.wrong = wrong;
                Ok(token)
            }
            (None, Some(wrong)) => Err(wrong),
            (None, None) => Ok(Token { kind: Kind::End, text: "", line: self.line }),
        }
    }

    /// What is wrong with the key that was read last.
    fn at_key<T>(&self, result: Result<T, String>) -> Parsed<T> {
        result.map_err(|message| Wrong { line: self.line, message })
    }

    fn document(&mut self) -> Parsed {
        loop {
            let token = self.next()?;
            match token.kind {
                Kind::Table => self.table(Kind::TableEnd)?,
                Kind::TableArray => self.table(Kind::TableArrayEnd)?,
                Kind::Key => {
                    let outer = self.tables.context.clone();
                    let key = self.key_of(Kind::KeyEnd)?;
                    self.entry(&key)?;
                    self.tables.context = outer;
                    self.key = Text::default();
                }
                _ => return Ok(()),
            }
        }
    }

    fn table(&mut self, end: Kind) -> Parsed {
        let key = self.key_of(end)?;
        let opened = self.tables.open(&key, end == Kind::TableArrayEnd);
        self.at_key(opened)?;
        self.tables.hold(None, Holds::Other);
        Ok(())
    }

    /// The parts of a key up to the token that ends it.
    fn key_of(&mut self, end: Kind) -> Parsed<Vec<Text>> {
        let mut parts = Vec::new();
        let mut token = self.next()?;
        self.line = token.line;
        while token.kind != end && token.kind != Kind::End {
            parts.push(match token.kind {
                Kind::EscapedText => {
                    unescaped(token.text).map_err(|message| Wrong { line: token.line, message })?.into()
                }
                _ => Text::from(token.text),
            });
            token = self.next()?;
        }
        Ok(parts)
    }

    /// The value of a key, set where the key says; it is given as well.
    fn entry(&mut self, key: &[Text]) -> Parsed<Value> {
        let Some((last, parents)) = key.split_last() else { return Ok(Value::Nil) };
        self.key = last.clone();
        for part in parents {
            let mut way = self.tables.context.clone();
            way.push(part.clone());
            self.tables.name(&way);
            let opened = self.tables.open(&way, false);
            self.at_key(opened)?;
        }
        let token = self.next()?;
        let value = self.value(&token, false)?;
        let key = self.key.clone();
        let set = self.tables.set(&key, value.clone());
        self.at_key(set)?;
        let holds = if token.kind == Kind::Array { Holds::Array } else { Holds::Other };
        self.tables.hold(Some(&key), holds);
        Ok(value)
    }

    fn value(&mut self, token: &Token<'_>, in_array: bool) -> Parsed<Value> {
        let text = token.text;
        let value = match token.kind {
            Kind::EscapedText => unescaped(text).map(Value::text),
            Kind::MultilineText => unescaped(&without_escaped_newlines(without_first_newline(text))).map(Value::text),
            Kind::RawMultilineText => Ok(Value::text(without_first_newline(text))),
            Kind::Bool => Ok(Value::Bool(text == "true")),
            Kind::Integer => integer(text),
            Kind::Float => float(text),
            Kind::Datetime => datetime(text),
            Kind::Array => return self.array(),
            Kind::InlineTable => return self.inline_table(in_array),
            _ => Ok(Value::text(text)),
        };
        value.map_err(|message| Wrong { line: token.line, message })
    }

    fn array(&mut self) -> Parsed<Value> {
        let key = self.key.clone();
        self.tables.hold(Some(&key), Holds::Array);
        let mut items = Vec::new();
        loop {
            let token = self.next()?;
            if matches!(token.kind, Kind::ArrayEnd | Kind::End) {
                return Ok(Value::list(items));
            }
            items.push(self.value(&token, true)?);
        }
    }

    fn inline_table(&mut self, in_array: bool) -> Parsed<Value> {
        let table = Map::default();
        let (outer, outer_key) = (self.tables.context.clone(), self.key.clone());
        let mut context = outer.clone();
        context.push(std::mem::take(&mut self.key));
        self.tables.name(&context);
        self.tables.context.clone_from(&context);
        let opened = self.tables.open(&context, in_array);
        self.at_key(opened)?;
        loop {
            let token = self.next()?;
            if matches!(token.kind, Kind::InlineTableEnd | Kind::End) {
                break;
            }
            let key = self.key_of(Kind::KeyEnd)?;
            let value = self.entry(&key)?;
            let put = put(&table, &key, value, &context);
            self.at_key(put)?;
            self.tables.context.clone_from(&context);
        }
        self.tables.context = outer;
        self.key = outer_key;
        Ok(Value::Map(table))
    }
}

/// Sets a key of an inline table, making the tables on its way.
fn put(table: &Map, key: &[Text], value: Value, context: &[Text]) -> Result<(), String> {
    let Some((last, parents)) = key.split_last() else { return Ok(()) };
    let mut into = table.clone();
    for part in parents {
        let found = into.get(part).unwrap_or_else(|| {
            let made = Value::Map(Map::default());
            into.set(part.clone(), made.clone());
            made
        });
        into = found.as_map().cloned().ok_or_else(|| {
            let parts: Vec<_> =
                context.iter().map(|part| String::from_utf8_lossy(&quoted_key(part)).into_owned()).collect();
            format!("{} is not a table", quote(parts.join(".").as_bytes()))
        })?;
    }
    into.set(last.clone(), value);
    Ok(())
}
