//! Reads the generated table of built-in types.

use std::collections::BTreeMap;

use super::{Field, Format, Holder, List, ListRelation, Map, Patch, Scalar, Schema, Shape, Type, TypeId};

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what} in `{text}`")]
pub struct TableError {
    line: usize,
    what: &'static str,
    text: String,
}

impl TableError {
    /// What is wrong with a line, counted from 1.
    pub(super) fn new(line: usize, what: &'static str, text: &str) -> Self {
        Self { line, what, text: text.to_owned() }
    }
}

/// A served resource as the table names it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
    pub(super) subresources: Vec<String>,
    pub(super) type_id: TypeId,
}

#[derive(Default)]
struct Builder {
    types: Vec<Type>,
    named: BTreeMap<String, TypeId>,
    overrides: Vec<(TypeId, TypeId, bool)>,
    inlined: BTreeMap<String, TypeId>,
}

/// Types whose JSON form is not told by their fields.
const FORMATS: &[(&str, Format)] = &[
    ("machinery.api.resource.Quantity", Format::Quantity),
    ("machinery.apis.meta.v1.Time", Format::Time),
    ("machinery.apis.meta.v1.MicroTime", Format::MicroTime),
    ("machinery.apis.meta.v1.Duration", Format::Duration),
    ("machinery.apis.meta.v1.FieldsV1", Format::Raw),
    ("machinery.runtime.RawExtension", Format::Raw),
    ("machinery.util.intstr.IntOrString", Format::IntOrString),
];

pub(super) fn parse(table: &str) -> Result<(Schema, Vec<Row>), TableError> {
    let mut builder = Builder::default();
    let mut rows = Vec::new();
    let mut current = None;
    for (index, line) in table.lines().enumerate() {
        let fail = |what| TableError::new(index + 1, what, line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(field) = line.strip_prefix('\t') {
            let id: TypeId = current.ok_or_else(|| fail("a field without a type"))?;
            let (name, field) = builder.field(field).ok_or_else(|| fail("an unknown field"))?;
            if let Some(Type { map: Some(map), .. }) = builder.types.get_mut(id.0 as usize) {
                map.fields.insert(name, field);
            }
        } else if let Some(rest) = line.strip_prefix("type ") {
            let (name, expression) = rest.split_once(' ').ok_or_else(|| fail("a type without a form"))?;
            current = Some(builder.definition(name, expression).ok_or_else(|| fail("an unknown form"))?);
        } else if let Some(rest) = line.strip_prefix("kind ") {
            rows.push(builder.row(rest).ok_or_else(|| fail("an unknown kind"))?);
        } else {
            return Err(fail("an unknown line"));
        }
    }
    builder.finish();
    Ok((Schema::new(builder.types), rows))
}

impl Builder {
    fn add(&mut self, known: Type) -> TypeId {
        let id = TypeId(self.types.len() as u32);
        self.types.push(known);
        id
    }

    fn name(&mut self, name: &str) -> TypeId {
        if let Some(id) = self.named.get(name) {
            return *id;
        }
        let id = self.add(Type { name: Some(name.to_owned()), ..Type::default() });
        self.named.insert(name.to_owned(), id);
        match name {
            super::builtin::UNTYPED | super::builtin::DEDUCED => self.open(name, id),
            _ => {}
        }
        id
    }

    /// The two types that accept anything: one merges nothing, the other merges maps.
    fn open(&mut self, name: &str, id: TypeId) {
        let atomic = name == super::builtin::UNTYPED;
        let element = if atomic { id } else { self.name(super::builtin::UNTYPED) };
        if let Some(known) = self.types.get_mut(id.0 as usize) {
            known.scalar = Some(Scalar::Any);
            known.list = Some(List { element, relation: ListRelation::Atomic });
            known.map = Some(Map { element: Some(id), atomic, ..Map::default() });
        }
    }

    fn definition(&mut self, name: &str, expression: &str) -> Option<TypeId> {
        let id = self.name(name);
        let mut known = match expression {
            "struct" | "struct!" => {
                let map = Map { atomic: expression.ends_with('!'), ..Map::default() };
                Type { map: Some(map), ..Type::default() }
            }
            _ => self.atom(expression)?,
        };
        known.name = Some(name.to_owned());
        known.format = FORMATS.iter().find(|(known, _)| *known == name).map_or(Format::Plain, |(_, format)| *format);
        *self.types.get_mut(id.0 as usize)? = known;
        Some(id)
    }

    fn atom(&mut self, expression: &str) -> Option<Type> {
        let mut known = Type::default();
        if let Some(name) = expression.strip_prefix('@') {
            let id = self.name(name);
            return self.types.get(id.0 as usize).cloned();
        } else if let Some(element) = expression.strip_prefix("{}") {
            known.map = Some(Map { element: Some(self.reference(element)?), ..Map::default() });
        } else if let Some(element) = expression.strip_prefix("{!}") {
            known.map = Some(Map { element: Some(self.reference(element)?), atomic: true, ..Map::default() });
        } else if let Some(rest) = expression.strip_prefix('[') {
            let (keys, element) = rest.split_once(']')?;
            let relation = match keys {
                "" => ListRelation::Atomic,
                "=" => ListRelation::Set,
                keys => ListRelation::Map(keys.split(',').map(str::to_owned).collect()),
            };
            known.list = Some(List { element: self.reference(element)?, relation });
        } else {
            if expression == "bytes" {
                known.format = Format::Bytes;
            }
            known.scalar = Some(match expression {
                "string" | "bytes" => Scalar::String,
                "number" => Scalar::Number,
                "boolean" => Scalar::Boolean,
                "scalar" => Scalar::Any,
                _ => return None,
            });
        }
        Some(known)
    }

    fn reference(&mut self, expression: &str) -> Option<TypeId> {
        if let Some(name) = expression.strip_prefix('@') {
            let plain = name.trim_end_matches(['!', '~']);
            let id = self.name(plain);
            if plain == name {
                return Some(id);
            }
            if let Some(found) = self.inlined.get(expression) {
                return Some(*found);
            }
            let overriding = self.add(Type::default());
            self.inlined.insert(expression.to_owned(), overriding);
            self.overrides.push((overriding, id, name.ends_with('!')));
            return Some(overriding);
        }
        if let Some(id) = self.inlined.get(expression) {
            return Some(*id);
        }
        let known = self.atom(expression)?;
        let id = self.add(known);
        self.inlined.insert(expression.to_owned(), id);
        Some(id)
    }

    /// `name expression shape [patch:strategy[:key]] [required] [default:json]`
    fn field(&mut self, line: &str) -> Option<(String, Field)> {
        let mut words = line.splitn(4, ' ');
        let (name, expression, shape) = (words.next()?, words.next()?, words.next()?);
        let mut field = Field {
            type_id: self.reference(expression)?,
            shape: shape_of(shape)?,
            default: None,
            patch: None,
            required: false,
        };
        let mut rest = words.next().unwrap_or_default();
        while !rest.is_empty() {
            if let Some(json) = rest.strip_prefix("default:") {
                field.default = Some(serde_json::from_str(json).ok()?);
                break;
            }
            let (word, tail) = rest.split_once(' ').unwrap_or((rest, ""));
            if word == "required" {
                field.required = true;
            } else {
                field.patch = Some(patch_of(word.strip_prefix("patch:")?));
            }
            rest = tail;
        }
        Some((name.to_owned(), field))
    }

    fn row(&mut self, line: &str) -> Option<Row> {
        let mut words = line.split(' ');
        let mut next = || words.next().map(str::to_owned);
        let (api_version, kind, plural) = (next()?, next()?, next()?);
        let namespaced = next()? == "namespaced";
        let subresources = next()?.split(',').filter(|name| *name != "-").map(str::to_owned).collect();
        let type_id = self.name(&next()?);
        Some(Row { api_version, kind, plural, namespaced, subresources, type_id })
    }

    /// A field may override whether the type that it refers to is atomic; such a type is a copy of the other.
    fn finish(&mut self) {
        for (overriding, original, atomic) in std::mem::take(&mut self.overrides) {
            let Some(mut known) = self.types.get(original.0 as usize).cloned() else { continue };
            if let Some(map) = &mut known.map {
                map.atomic = atomic;
            } else if let Some(list) = &mut known.list
                && atomic
            {
                list.relation = ListRelation::Atomic;
            }
            if let Some(slot) = self.types.get_mut(overriding.0 as usize) {
                *slot = known;
            }
        }
    }
}

fn shape_of(text: &str) -> Option<Option<Shape>> {
    let mut letters = text.chars();
    let holder = match letters.next()? {
        '-' => return Some(None),
        's' => Holder::Struct,
        'p' => Holder::Pointer,
        'l' => Holder::List,
        'm' => Holder::Map,
        'b' => Holder::Bytes,
        'c' => Holder::Text,
        'i' => Holder::Integer,
        'f' => Holder::Float,
        't' => Holder::Boolean,
        'n' => Holder::Any,
        _ => return None,
    };
    let rest = letters.as_str();
    Some(Some(Shape { holder, omit_empty: rest.contains('o'), omit_zero: rest.contains('z') }))
}

fn patch_of(text: &str) -> Patch {
    let (strategy, key) = text.split_once(':').map_or((text, None), |(strategy, key)| (strategy, Some(key)));
    Patch {
        merge: strategy.split(',').any(|word| word == "merge"),
        retain_keys: strategy.split(',').any(|word| word == "retainKeys"),
        merge_key: key.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_with_forward_references_and_overrides() {
        let table = "kind v1 Pod pods namespaced status core.v1.Pod\n\
                     type core.v1.Pod struct\n\
                     \tspec @Spec! so\n\
                     \tports [port,protocol]@Port lo patch:merge:port required default:[]\n\
                     type Spec struct\n\
                     type Port struct\n\
                     \tprotocol string co default:\"TCP\"\n";
        let (schema, rows) = parse(table).unwrap();
        let pod = schema.get(rows[0].type_id).map.as_ref().unwrap();
        assert!(schema.get(pod.fields["spec"].type_id).map.as_ref().unwrap().atomic);
        let ports = &pod.fields["ports"];
        assert_eq!(ports.patch.as_ref().unwrap().merge_key.as_deref(), Some("port"));
        assert!(ports.required);
        let list = schema.get(ports.type_id).list.as_ref().unwrap();
        assert_eq!(schema.get(list.element).map.as_ref().unwrap().fields["protocol"].default, Some("TCP".into()));
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = parse("type A struct\n\tb what c\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2: an unknown field in `\tb what c`");
    }
}
