//! Values to the bytes that `sigs.k8s.io/yaml` 1.6 (go-yaml v2.4) writes for them.

mod analysis;
mod order;
mod scalar;

use serde_json::{Map, Value};

use scalar::Emitter;

/// A value as a block of YAML as `sigs.k8s.io/yaml` writes it: keys in natural order, lists as deep as their key.
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    write_to(value, &mut out);
    out
}

/// Appends what [`write()`] gives; `out` is empty or ends with a line.
pub fn write_to(value: &Value, out: &mut String) {
    let mut emitter = Emitter::new(out);
    emitter.value(value, None, false);
    emitter.finish();
}

/// A value as go-yaml v3 writes it with an indentation of two: lists are deeper than their key, no line is folded, and
/// large floats have an exponent.
pub fn write_pretty(value: &Value) -> String {
    let mut out = String::new();
    let mut emitter = Emitter::pretty(&mut out);
    emitter.value(value, None, false);
    emitter.finish();
    out
}

/// Values as the documents of a stream, parted by `---`.
pub fn write_documents<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let mut out = String::new();
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            out.push_str("---\n");
        }
        write_to(value, &mut out);
    }
    out
}

/// Whether a text can stand without quotes, whatever it would be read as.
pub(crate) fn may_be_plain(text: &str) -> bool {
    analysis::analyze(text).plain
}

/// Whether a text can stand as a block, as go-yaml v3 decides it, to which tabs are no obstacle.
pub(crate) fn may_be_block(text: &str) -> bool {
    analysis::analyze(&text.replace('\t', "x")).block
}

const STEP: usize = 2;

impl Emitter<'_> {
    /// Writes a value; `indent` is the column of the map or list that holds it, none at the top.
    fn value(&mut self, value: &Value, indent: Option<usize>, in_map: bool) {
        match value {
            Value::Null => self.word("null"),
            Value::Bool(true) => self.word("true"),
            Value::Bool(false) => self.word("false"),
            Value::Number(number) => match number.as_f64().filter(|_| self.is_pretty() && number.is_f64()) {
                Some(float) => self.word(&crate::number::go_float(float)),
                None => self.word(&crate::number::yaml_number(number)),
            },
            Value::String(text) => self.string(text, indent.map_or(STEP, |indent| indent + STEP), false),
            Value::Array(items) if items.is_empty() => self.word("[]"),
            Value::Array(items) => {
                // A list under a key is no deeper than the key, save where it starts in the key's own place.
                let level = if in_map && !self.at_indentation() && !self.is_pretty() { 0 } else { STEP };
                self.sequence(items, indent.map_or(0, |indent| indent + level));
            }
            Value::Object(map) if map.is_empty() => self.word("{}"),
            Value::Object(map) => self.mapping(map, indent.map_or(0, |indent| indent + STEP)),
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize) {
        for item in items {
            self.indent(indent);
            self.indicator("-");
            self.value(item, Some(indent), false);
        }
    }

    fn mapping(&mut self, map: &Map<String, Value>, indent: usize) {
        for (key, value) in order::entries(map) {
            self.indent(indent);
            if scalar::is_simple_key(key) {
                self.string(key, indent + STEP, true);
                self.colon();
            } else {
                self.indicator("?");
                self.string(key, indent + STEP, false);
                self.indent(indent);
                self.indicator(":");
            }
            self.value(value, Some(indent), true);
        }
    }
}
