//! `configMapGenerator` and `secretGenerator`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gitops_core::{Map, Origin, Value};

use super::accumulate::Builder;
use super::load::Root;
use super::model::{Generator, GeneratorOptions, Texts};
use super::pairs::{self, Pair};
use super::read::{File, Spot};
use super::resource::{Behavior, Resource};
use super::resources::Resources;
use crate::{Place, Problem, RenderError};

/// Letters of Base64 on a line.
const LINE: usize = 70;

/// Runs the generators of a kustomization, ConfigMaps first.
pub(super) fn run(
    builder: &Builder<'_>,
    root: &Root,
    file: &File,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    let kustomization = &file.kustomization;
    let lists = [
        ("ConfigMap", "configMapGenerator", &kustomization.config_map_generator),
        ("Secret", "secretGenerator", &kustomization.secret_generator),
    ];
    for (kind, field, list) in lists {
        let Place { file: path, line, .. } = file.place(field).place();
        for (index, generator) in list.iter().enumerate() {
            let place = file.item(field, index);
            let origin = Origin { file: path.clone(), line: line.unwrap_or(1) };
            let all = kustomization.generator_options.as_ref();
            let mut resource = make(builder, root, (kind, generator), all, origin, &place)?;
            let from = root.provenance.as_ref();
            let by = from.map(|here| here.by_field(file.path.name(), &format!("{kind}Generator")));
            resource.provenance = by.map(Into::into);
            resources.absorb(resource, &place)?;
        }
    }
    Ok(())
}

/// The ConfigMap or Secret that a generator makes, with the options of all generators beside its own.
pub(super) fn make(
    builder: &Builder<'_>,
    root: &Root,
    (kind, generator): (&str, &Generator),
    all: Option<&GeneratorOptions>,
    origin: Origin,
    place: &Spot<'_>,
) -> Result<Resource, RenderError> {
    if generator.name.is_empty() {
        return Err(place.is(Problem::Value("a name is missing".into())));
    }
    let pairs = pairs::load(builder.context, root, generator, place)?;
    let options = merged(generator.options.as_ref(), all);
    let mut resource = Resource::new(value(kind, generator, &options, pairs), origin);
    resource.needs_hash = !options.disable_name_suffix_hash;
    resource.behavior = behavior(&generator.behavior);
    Ok(resource)
}

/// Kustomize takes any other word for none.
fn behavior(word: &str) -> Behavior {
    match word {
        "merge" => Behavior::Merge,
        "replace" => Behavior::Replace,
        _ => Behavior::Create,
    }
}

/// A generator's options over those of all generators. A switch that is on for all stays on.
fn merged(own: Option<&GeneratorOptions>, all: Option<&GeneratorOptions>) -> GeneratorOptions {
    let (mut options, all) = (own.cloned().unwrap_or_default(), all.cloned().unwrap_or_default());
    let add = |mine: &mut Texts, others: Texts| {
        for (key, value) in others {
            mine.entry(key).or_insert(value);
        }
    };
    add(&mut options.labels, all.labels);
    add(&mut options.annotations, all.annotations);
    options.disable_name_suffix_hash |= all.disable_name_suffix_hash;
    options.immutable |= all.immutable;
    options
}

fn value(kind: &str, generator: &Generator, options: &GeneratorOptions, pairs: Vec<Pair>) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".into(), generator.name.as_str().into());
    if !generator.namespace.is_empty() {
        metadata.insert("namespace".into(), generator.namespace.as_str().into());
    }
    for (field, texts) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !texts.is_empty() {
            let texts = texts.iter().map(|(key, text)| (key.clone(), text.as_str().into()));
            metadata.insert(field.into(), Value::Object(texts.collect()));
        }
    }
    let mut value = Map::new();
    value.insert("apiVersion".into(), "v1".into());
    value.insert("kind".into(), kind.into());
    value.insert("metadata".into(), Value::Object(metadata));
    let (mut data, mut binary) = (Map::new(), Map::new());
    let secret = kind == "Secret";
    for Pair { key, value } in pairs {
        match String::from_utf8(value) {
            Ok(text) if !secret => data.insert(key, text.into()),
            Ok(text) => data.insert(key, wrapped(text.as_bytes()).into()),
            Err(bytes) if secret => data.insert(key, wrapped(bytes.as_bytes()).into()),
            Err(bytes) => binary.insert(key, wrapped(bytes.as_bytes()).into()),
        };
    }
    if secret {
        let secret_type = if generator.secret_type.is_empty() { "Opaque" } else { &generator.secret_type };
        value.insert("type".into(), secret_type.into());
    }
    if secret || !data.is_empty() {
        value.insert("data".into(), Value::Object(data));
    }
    if !binary.is_empty() {
        value.insert("binaryData".into(), Value::Object(binary));
    }
    if options.immutable {
        value.insert("immutable".into(), true.into());
    }
    Value::Object(value)
}

/// Base64 in lines of 70 letters, each ended where there is more than one (kyaml's `encodeBase64`).
fn wrapped(bytes: &[u8]) -> String {
    let text = BASE64.encode(bytes);
    if text.len() < LINE {
        return text;
    }
    let mut lines = String::with_capacity(text.len() + text.len() / LINE + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    lines
}
