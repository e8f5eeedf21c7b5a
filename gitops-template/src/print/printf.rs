//! `fmt.Sprintf`: the language of formats.

use super::printer::{Flags, Printer};
use crate::syntax::character::first;
use crate::value::Value;

/// Widths, precisions and indexes beyond this are none.
const MOST: i64 = 1_000_000;

/// How much is printed into the message of an error.
const MESSAGE: usize = 1 << 20;

/// Values by a format, as Go's `fmt.Sprintf` writes them; little more than `limit` bytes where it would be more.
pub(crate) fn printf(format: &[u8], arguments: &[Value], limit: usize) -> Vec<u8> {
    let mut reader =
        Reader { printer: Printer::new(limit), rest: format, arguments, next: 0, reordered: false, good: true };
    reader.run();
    reader.printer.out
}

/// One value by a verb without flags, for messages.
pub(crate) fn by_verb(value: &Value, verb: char) -> String {
    let mut printer = Printer::new(MESSAGE);
    printer.argument(value, verb);
    String::from_utf8_lossy(&printer.out).into_owned()
}

struct Reader<'f> {
    printer: Printer,
    rest: &'f [u8],
    arguments: &'f [Value],
    /// Which argument the next verb takes.
    next: usize,
    /// Whether the format has named arguments by their indexes.
    reordered: bool,
    /// Whether the indexes of this verb are right.
    good: bool,
}

impl Reader<'_> {
    fn run(&mut self) {
        while !self.printer.is_full() {
            let percent = self.rest.iter().position(|byte| *byte == b'%');
            let (text, rest) = self.rest.split_at(percent.unwrap_or(self.rest.len()));
            self.printer.push(text);
            let Some((_, rest)) = rest.split_first() else { break };
            self.rest = rest;
            if !self.verb() {
                break;
            }
        }
        self.extra();
    }

    /// Reads and writes one verb; false at the end of the format.
    fn verb(&mut self) -> bool {
        self.good = true;
        self.flags();
        let mut after_index = self.index();
        after_index = self.width(after_index);
        after_index = self.precision(after_index);
        if !after_index {
            self.index();
        }
        let Some((verb, size)) = first(self.rest) else {
            self.printer.push("%!(NOVERB)");
            return false;
        };
        self.rest = self.rest.get(size..).unwrap_or_default();
        let argument = self.arguments.get(self.next);
        match argument {
            // It takes no argument and heeds no flags.
            _ if verb == '%' => self.printer.push("%"),
            _ if !self.good => self.complain(verb, "(BADINDEX)"),
            None => self.complain(verb, "(MISSING)"),
            Some(argument) => {
                let flags = &mut self.printer.flags;
                if matches!(verb, 'v' | 'w') {
                    flags.sharp_v = std::mem::take(&mut flags.sharp);
                    flags.plus_v = std::mem::take(&mut flags.plus);
                }
                self.printer.argument(argument, verb);
                self.next += 1;
            }
        }
        true
    }

    fn complain(&mut self, verb: char, about: &str) {
        self.printer.push("%!");
        self.printer.push_char(verb);
        self.printer.push(about);
    }

    fn take(&mut self, wanted: u8) -> bool {
        match self.rest.split_first() {
            Some((byte, rest)) if *byte == wanted => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn flags(&mut self) {
        let mut flags = Flags::default();
        while let Some((byte, rest)) = self.rest.split_first() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.rest = rest;
        }
        self.printer.flags = flags;
    }

    /// Reads the index of an argument, such as `[2]`; whether there was one that can be read.
    fn index(&mut self) -> bool {
        if self.rest.first() != Some(&b'[') {
            return false;
        }
        self.reordered = true;
        let end = self.rest.iter().position(|byte| *byte == b']').filter(|_| self.rest.len() >= 3);
        let Some(end) = end else {
            self.rest = self.rest.get(1..).unwrap_or_default();
            self.good = false;
            return false;
        };
        let inside = self.rest.get(1..end).unwrap_or_default();
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        let number = match number(inside) {
            (Some(number), []) => number,
            _ => {
                self.good = false;
                return false;
            }
        };
        match number.checked_sub(1) {
            Some(index) if index < self.arguments.len() => self.next = index,
            _ => self.good = false,
        }
        true
    }

    fn width(&mut self, after_index: bool) -> bool {
        if self.take(b'*') {
            let width = self.number_of_argument();
            if width.is_none() {
                self.printer.push("%!(BADWIDTH)");
            }
            let width = width.unwrap_or_default();
            if width < 0 {
                self.printer.flags.minus = true;
                self.printer.flags.zero = false;
            }
            self.printer.flags.width = usize::try_from(width.unsigned_abs()).unwrap_or_default();
            return false;
        }
        let width = self.number();
        if after_index && width.is_some() {
            self.good = false;
        }
        self.printer.flags.width = width.unwrap_or_default();
        after_index
    }

    fn precision(&mut self, after_index: bool) -> bool {
        // A point at the very end is taken for the verb.
        if self.rest.len() < 2 || !self.take(b'.') {
            return after_index;
        }
        if after_index {
            self.good = false;
        }
        let after_index = self.index();
        if self.take(b'*') {
            let precision = self.number_of_argument().and_then(|number| usize::try_from(number).ok());
            if precision.is_none() {
                self.printer.push("%!(BADPREC)");
            }
            self.printer.flags.precision = precision;
            return false;
        }
        self.printer.flags.precision = Some(self.number().unwrap_or_default());
        after_index
    }

    fn number(&mut self) -> Option<usize> {
        let (number, rest) = number(self.rest);
        self.rest = rest;
        number
    }

    /// The next argument, as the number that `*` stands for.
    fn number_of_argument(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        let plain = match argument {
            Value::Object(object) => object.plain(),
            other => other.clone(),
        };
        let number = plain.as_signed().or_else(|| plain.as_unsigned().and_then(|number| i64::try_from(number).ok()));
        number.filter(|number| (-MOST..=MOST).contains(number))
    }

    /// What no verb has taken. Where the format names arguments by index, some may be left out.
    fn extra(&mut self) {
        let left = self.arguments.get(self.next..).unwrap_or_default();
        if self.reordered || left.is_empty() {
            return;
        }
        self.printer.flags = Flags::default();
        self.printer.push("%!(EXTRA ");
        for (index, argument) in left.iter().enumerate() {
            if self.printer.is_full() {
                return;
            }
            if index > 0 {
                self.printer.push(", ");
            }
            if !argument.is_nil() {
                self.printer.push(argument.type_name().as_bytes());
                self.printer.push("=");
            }
            self.printer.argument(argument, 'v');
        }
        self.printer.push(")");
    }
}

/// The number that a text starts with and what comes after it. Nothing is left after a number that is too large.
fn number(text: &[u8]) -> (Option<usize>, &[u8]) {
    let mut number = None;
    let mut rest = text;
    while let Some((digit @ b'0'..=b'9', after)) = rest.split_first() {
        let value: usize = number.unwrap_or_default();
        if value > 1_000_000 {
            return (None, &[]);
        }
        number = Some(value * 10 + usize::from(digit - b'0'));
        rest = after;
    }
    (number, rest)
}
