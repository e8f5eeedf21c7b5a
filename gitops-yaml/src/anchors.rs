//! What aliases stand for, under a budget on what they multiply.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::Limits;

/// How much a value holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    /// Values, itself included.
    pub(crate) nodes: usize,
    /// Bytes of strings and keys.
    pub(crate) bytes: usize,
}

struct Anchored {
    value: Value,
    size: Size,
    height: usize,
}

/// The anchors of a document.
pub(crate) struct Anchors<'a> {
    text: &'a str,
    /// The names behind a `*` anywhere in the text, once an anchor asks for them.
    aliased: Option<HashSet<&'a str>>,
    values: HashMap<String, Anchored>,
    copied: Size,
}

impl<'a> Anchors<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, aliased: None, values: HashMap::new(), copied: Size::default() }
    }

    /// Forgets a document's anchors, not what was copied so far.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
    }

    /// Whether an alias may ask for a name; values that none asks for are not kept.
    fn is_aliased(&mut self, name: &str) -> bool {
        let text = self.text;
        self.aliased.get_or_insert_with(|| alias_names(text)).contains(name)
    }

    pub(crate) fn define(&mut self, name: String, value: &Value, size: Size, limits: &Limits) -> Result<(), String> {
        if self.is_aliased(&name) {
            self.charge(size, limits)?;
            self.values.insert(name, Anchored { value: value.clone(), size, height: height(value) });
        }
        Ok(())
    }

    /// A copy of what a name stands for, and its size.
    pub(crate) fn expand(&mut self, name: &str, depth: usize, limits: &Limits) -> Result<(Value, Size), String> {
        let Some(anchored) = self.values.get(name) else { return Err(format!("unknown anchor `{name}`")) };
        if depth + anchored.height > limits.max_depth {
            return Err(format!("nested deeper than the {} levels allowed", limits.max_depth));
        }
        let size = anchored.size;
        self.charge(size, limits)?;
        let value = self.values.get(name).map_or(Value::Null, |anchored| anchored.value.clone());
        Ok((value, size))
    }

    fn charge(&mut self, size: Size, limits: &Limits) -> Result<(), String> {
        self.copied.nodes = self.copied.nodes.saturating_add(size.nodes);
        self.copied.bytes = self.copied.bytes.saturating_add(size.bytes);
        if self.copied.nodes > limits.max_alias_expansion {
            return Err(format!("aliases expand to more than the {} values allowed", limits.max_alias_expansion));
        }
        if self.copied.bytes > limits.max_alias_bytes {
            return Err(format!("aliases expand to more than the {} bytes allowed", limits.max_alias_bytes));
        }
        Ok(())
    }
}

fn alias_names(text: &str) -> HashSet<&str> {
    let names = text.split('*').skip(1);
    let length = |name: &str| {
        name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count()
    };
    names.filter_map(|name| name.get(..length(name))).filter(|name| !name.is_empty()).collect()
}

fn height(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(height).max().unwrap_or(0) + 1,
        Value::Object(map) => map.values().map(height).max().unwrap_or(0) + 1,
        _ => 0,
    }
}
