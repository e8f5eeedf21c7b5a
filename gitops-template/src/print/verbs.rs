//! What a verb makes of a value.

use std::rc::Rc;

use super::decimal::Style;
use super::number::Base;
use super::plain::{MAX_DEPTH, write_at};
use super::printer::Printer;
use crate::value::{Element, List, Map, MapKind, Object, Value};

/// What `%p` gives for whatever has an address: two renders must not differ by where things lie in memory.
pub(super) const ADDRESS: u64 = 0xc0_0000_0000;

impl Printer {
    /// An argument by a verb.
    pub(super) fn argument(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.pad(b"<nil>"),
            (Value::Nil, _) => self.wrong(value, verb),
            (_, 'T') => self.text(value.type_name().as_bytes()),
            (_, 'p') => self.address(value, verb),
            _ => self.value(value, verb, 0),
        }
    }

    /// A value by a verb, so deep inside of an argument.
    pub(super) fn value(&mut self, value: &Value, verb: char, depth: usize) {
        if self.is_full() {
            return;
        }
        if depth > MAX_DEPTH {
            return self.push("...");
        }
        if verb == 'v' && self.flags.are_plain() && !self.erroring {
            return write_at(&mut self.out, value, depth, self.limit);
        }
        // Only errors can be wrapped, and no value is one.
        if verb == 'w' && !self.erroring && (depth > 0 || matches!(value, Value::List(_) | Value::Map(_))) {
            return self.wrong(value, verb);
        }
        match value {
            Value::Nil => self.push("<nil>"),
            Value::Bytes(bytes) => self.bytes(value, bytes, verb, depth),
            Value::List(list) => self.list(list, verb, depth),
            Value::Map(map) => self.map(map, verb, depth),
            Value::Object(object) => self.object(object, verb, depth),
            simple => self.simple(simple, verb, value),
        }
    }

    /// A bool, a number or a text; `shown` is what it stands for, which a wrong verb names.
    fn simple(&mut self, value: &Value, verb: char, shown: &Value) {
        match value {
            Value::Bool(truth) if matches!(verb, 't' | 'v') => self.boolean(*truth),
            Value::Int(number) | Value::Int64(number) => self.signed(*number, verb, shown),
            Value::Rune(number) => self.signed((*number).into(), verb, shown),
            Value::Byte(number) => self.unsigned((*number).into(), verb, shown),
            Value::Uint64(number) => self.unsigned(*number, verb, shown),
            Value::Float(number) => match float_style(verb) {
                Some((style, precision)) => self.float(*number, style, precision),
                None => self.wrong(shown, verb),
            },
            Value::Text(text) => match verb {
                'v' if self.flags.sharp_v => self.quoted(text),
                'v' | 's' => self.text(text),
                'x' => self.hexadecimal(text, false),
                'X' => self.hexadecimal(text, true),
                'q' => self.quoted(text),
                _ => self.wrong(shown, verb),
            },
            _ => self.wrong(shown, verb),
        }
    }

    fn signed(&mut self, number: i64, verb: char, shown: &Value) {
        match (base(verb), verb) {
            (Some(base), _) => self.whole(number.unsigned_abs(), number < 0, base),
            // A negative number is no character, but has digits.
            (None, _) => self.code(number.cast_unsigned(), verb, shown),
        }
    }

    fn unsigned(&mut self, number: u64, verb: char, shown: &Value) {
        match base(verb) {
            Some(_) if verb == 'v' && self.flags.sharp_v => self.marked(number, true),
            Some(base) => self.whole(number, false, base),
            None => self.code(number, verb, shown),
        }
    }

    fn code(&mut self, number: u64, verb: char, shown: &Value) {
        match verb {
            'c' => self.character(number),
            'q' => self.quoted_character(number),
            'U' => self.code_point(number),
            _ => self.wrong(shown, verb),
        }
    }

    /// In hexadecimal, with the prefix or without it.
    fn marked(&mut self, number: u64, prefix: bool) {
        let sharp = std::mem::replace(&mut self.flags.sharp, prefix);
        self.whole(number, false, Base::Hexadecimal);
        self.flags.sharp = sharp;
    }

    fn bytes(&mut self, value: &Value, bytes: &[u8], verb: char, depth: usize) {
        match verb {
            's' => self.text(bytes),
            'x' => self.hexadecimal(bytes, false),
            'X' => self.hexadecimal(bytes, true),
            'q' => self.quoted(bytes),
            'v' if self.flags.sharp_v => {
                // Go has two names of the type: the one of the source, and the one of the type itself.
                if depth == 0 {
                    self.push("[]byte");
                } else {
                    self.push(value.type_name().as_bytes());
                }
                self.between(b"{}", bytes, |printer, byte| printer.marked((*byte).into(), true));
            }
            _ => self.between(b"[]", bytes, |printer, byte| {
                printer.unsigned((*byte).into(), verb, &Value::Byte(*byte));
            }),
        }
    }

    /// Items between brackets.
    fn between<T>(&mut self, brackets: &[u8; 2], items: &[T], write: impl Fn(&mut Self, &T)) {
        let [open, close] = *brackets;
        let parted = if self.flags.sharp_v { ", " } else { " " };
        self.out.push(open);
        for (index, item) in items.iter().enumerate() {
            if self.is_full() {
                return;
            }
            if index > 0 {
                self.push(parted);
            }
            write(self, item);
        }
        self.out.push(close);
    }

    fn list(&mut self, list: &List, verb: char, depth: usize) {
        let brackets = if self.flags.sharp_v {
            self.push(format!("[]{}", list.element().type_name()));
            b"{}"
        } else {
            b"[]"
        };
        let anything = list.element() == Element::Any;
        self.between(brackets, list, |printer, item| printer.item(item, verb, depth + 1, anything));
    }

    fn map(&mut self, map: &Map, verb: char, depth: usize) {
        let brackets = if self.flags.sharp_v {
            self.push(map.kind().type_name());
            b"{}"
        } else {
            self.push("map");
            b"[]"
        };
        let anything = map.kind() != MapKind::Text;
        self.between(brackets, &map.entries(), |printer, (key, value)| {
            let key = Value::Text(key.clone());
            printer.value(&key, verb, depth + 1);
            printer.out.push(b':');
            printer.item(value, verb, depth + 1, anything);
        });
    }

    /// What a list or map holds. Nil is never wrong in there.
    fn item(&mut self, value: &Value, verb: char, depth: usize, anything: bool) {
        match value {
            Value::Nil if self.flags.sharp_v && anything => self.push("interface {}(nil)"),
            Value::Nil => self.push("<nil>"),
            value => self.value(value, verb, depth),
        }
    }

    fn object(&mut self, object: &Rc<dyn Object>, verb: char, depth: usize) {
        let value = Value::Object(Rc::clone(object));
        let has_methods = !self.erroring && !self.flags.sharp_v;
        if verb == 'w' && !self.erroring {
            return self.wrong(&value, verb);
        }
        if let Some(text) = object.text().filter(|_| has_methods && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')) {
            return self.simple(&Value::text(text), verb, &value);
        }
        let pointer = object.type_name().starts_with('*');
        if pointer && depth > 0 {
            return self.address(&value, verb);
        }
        if let Some(fields) = object.fields() {
            if pointer {
                self.out.push(b'&');
            }
            if self.flags.sharp_v {
                self.push(object.type_name().trim_start_matches('*'));
            }
            let named = self.flags.sharp_v || self.flags.plus_v;
            return self.between(b"{}", &fields, |printer, (name, field)| {
                if named {
                    printer.push(name);
                    printer.out.push(b':');
                }
                printer.item(field, verb, depth + 1, true);
            });
        }
        match object.plain() {
            simple @ (Value::Bool(_)
            | Value::Int(_)
            | Value::Int64(_)
            | Value::Rune(_)
            | Value::Byte(_)
            | Value::Uint64(_)
            | Value::Float(_)
            | Value::Text(_)) => self.simple(&simple, verb, &value),
            other => self.item(&other, verb, depth + 1, true),
        }
    }

    /// Where something lies, if it is something that lies somewhere.
    fn address(&mut self, value: &Value, verb: char) {
        if !matches!(&*value.kind_name(), "map" | "slice" | "ptr") {
            return self.wrong(value, verb);
        }
        match verb {
            'v' if self.flags.sharp_v => {
                self.push(format!("({})(", value.type_name()));
                self.marked(ADDRESS, true);
                self.out.push(b')');
            }
            'v' | 'p' => self.marked(ADDRESS, !self.flags.sharp),
            'b' | 'o' | 'd' | 'x' | 'X' => self.unsigned(ADDRESS, verb, value),
            _ => self.wrong(value, verb),
        }
    }

    /// A verb that the value can't be written by.
    fn wrong(&mut self, value: &Value, verb: char) {
        self.push("%!");
        self.push_char(verb);
        if value.is_nil() {
            return self.push("(<nil>)");
        }
        self.out.push(b'(');
        self.push(value.type_name().as_bytes());
        self.out.push(b'=');
        let around = std::mem::replace(&mut self.erroring, true);
        self.value(value, 'v', 0);
        self.erroring = around;
        self.out.push(b')');
    }
}

fn base(verb: char) -> Option<Base> {
    Some(match verb {
        'v' | 'd' => Base::Decimal,
        'b' => Base::Binary,
        'o' => Base::Octal,
        'O' => Base::MarkedOctal,
        'x' => Base::Hexadecimal,
        'X' => Base::UpperHexadecimal,
        _ => return None,
    })
}

/// The style of a verb, and the precision that it has of itself.
fn float_style(verb: char) -> Option<(Style, Option<usize>)> {
    Some(match verb {
        'v' | 'g' => (Style::Shortest { upper: false }, None),
        'G' => (Style::Shortest { upper: true }, None),
        'b' => (Style::Binary, None),
        'x' => (Style::Hexadecimal { upper: false }, None),
        'X' => (Style::Hexadecimal { upper: true }, None),
        'f' | 'F' => (Style::Fixed, Some(6)),
        'e' => (Style::Exponent { upper: false }, Some(6)),
        'E' => (Style::Exponent { upper: true }, Some(6)),
        _ => return None,
    })
}
