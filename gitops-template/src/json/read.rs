use crate::quote::quote;
use crate::value::{Map, Text, Value};

/// Values in each other, as Go limits them.
const MAX_DEPTH: usize = 10_000;

/// What was read of a text, and what is wrong with it.
pub(crate) struct Unread {
    /// What a number that doesn't fit leaves of the rest.
    pub(crate) value: Option<Value>,
    /// In Go's words.
    pub(crate) message: String,
}

/// Reads a text: numbers are floats, and of keys that come twice the last one counts.
pub(crate) fn from_json_text(text: &[u8]) -> Result<Value, Unread> {
    let mut reader = Reader { text, at: 0, depth: 0, misfit: None };
    let value = reader.document().map_err(|message| Unread { value: None, message })?;
    match reader.misfit {
        None => Ok(value),
        Some(message) => Err(Unread { value: Some(value), message }),
    }
}

type Read<T> = Result<T, String>;

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    /// The first number that doesn't fit.
    misfit: Option<String>,
}

/// A byte as errors show it.
fn shown(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        byte => {
            let quoted = quote(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes());
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

impl<'t> Reader<'t> {
    fn wrong<T>(&self, context: &str) -> Read<T> {
        Err(match self.text.get(self.at) {
            Some(byte) => format!("invalid character {} {context}", shown(*byte)),
            None => "unexpected end of JSON input".to_owned(),
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.peek()
    }

    fn document(&mut self) -> Read<Value> {
        let value = self.value()?;
        match self.skip_blanks() {
            None => Ok(value),
            Some(_) => self.wrong("after top-level value"),
        }
    }

    fn value(&mut self) -> Read<Value> {
        match self.skip_blanks() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true", Value::Bool(true)),
            Some(b'f') => self.word(b"false", Value::Bool(false)),
            Some(b'n') => self.word(b"null", Value::Nil),
            _ => self.wrong("looking for beginning of value"),
        }
    }

    fn nested(&mut self, inside: fn(&mut Self) -> Read<Value>) -> Read<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        self.at += 1;
        let value = stacker::maybe_grow(64 << 10, 1 << 20, || inside(self))?;
        self.depth -= 1;
        Ok(value)
    }

    fn word(&mut self, word: &[u8], value: Value) -> Read<Value> {
        let name = String::from_utf8_lossy(word);
        for letter in word {
            if self.peek() != Some(*letter) {
                return self.wrong(&format!("in literal {name} (expecting {})", shown(*letter)));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn object(&mut self) -> Read<Value> {
        let map = Map::default();
        if self.skip_blanks() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(map));
        }
        loop {
            if self.skip_blanks() != Some(b'"') {
                return self.wrong("looking for beginning of object key string");
            }
            let key = self.string()?;
            if self.skip_blanks() != Some(b':') {
                return self.wrong("after object key");
            }
            self.at += 1;
            let value = self.value()?;
            map.set(key, value);
            match self.skip_blanks() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Map(map));
                }
                _ => return self.wrong("after object key:value pair"),
            }
        }
    }

    fn array(&mut self) -> Read<Value> {
        let mut items = Vec::new();
        if self.skip_blanks() == Some(b']') {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value()?);
            match self.skip_blanks() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::list(items));
                }
                _ => return self.wrong("after array element"),
            }
        }
    }

    fn string(&mut self) -> Read<Text> {
        self.at += 1;
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let plain = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
        if rest.get(plain) == Some(&b'"') {
            self.at += plain + 1;
            let text = rest.get(..plain).unwrap_or_default();
            return Ok(decoded(text));
        }
        let mut out = rest.get(..plain).unwrap_or_default().to_vec();
        self.at += plain;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(decoded(&out));
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                Some(0..0x20) | None => return self.wrong("in string literal"),
                Some(byte) => {
                    out.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Read<()> {
        let byte = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.at += 1;
                let character = self.code_point()?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return self.wrong("in string escape code"),
        };
        self.at += 1;
        out.push(byte);
        Ok(())
    }

    /// The character of one escape or, for those beyond 16 bits, of two. Half of one is U+FFFD.
    fn code_point(&mut self) -> Read<char> {
        let first = self.four_digits()?;
        let pair = (0xd800..0xdc00).contains(&first) && self.text.get(self.at..self.at + 2) == Some(b"\\u");
        if pair {
            let before = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Read<u32> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.wrong("in \\u hexadecimal character escape"),
            }
            self.at += 1;
        }
        Ok(code)
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn number(&mut self) -> Read<Value> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.wrong("in numeric literal"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.wrong("after decimal point in numeric literal");
            }
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.wrong("in exponent of numeric literal");
            }
            self.digits();
        }
        let text = String::from_utf8_lossy(self.text.get(start..self.at).unwrap_or_default()).into_owned();
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => {
                let words = format!("json: cannot unmarshal number {text} into Go value of type float64");
                self.misfit.get_or_insert(words);
                Ok(Value::Nil)
            }
        }
    }
}

/// Bytes that are not UTF-8 are read as U+FFFD, one for each.
fn decoded(bytes: &[u8]) -> Text {
    if std::str::from_utf8(bytes).is_ok() { bytes.into() } else { crate::syntax::character::lossy(bytes).into() }
}

impl Unread {
    /// That a value is no map or no list.
    pub(crate) fn mismatch(value: &Value, wanted: &str) -> String {
        let kind = match value {
            Value::Bool(_) => "bool",
            Value::Text(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) => "object",
            _ => "number",
        };
        format!("json: cannot unmarshal {kind} into Go value of type {wanted}")
    }
}
