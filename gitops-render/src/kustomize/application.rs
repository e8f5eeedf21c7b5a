//! The Application's `kustomize` options, applied over the kustomization in memory. Argo CD runs `kustomize edit` on its
//! checkout instead; what comes out is the same.

use gitops_core::api::{IntOrString, KustomizePatch, KustomizeSource};

use super::images::split;
use super::load::Root;
use super::model::{Image, Label, Patch, PatchOptions, Replica, Selector, Texts};
use super::read::File;
use crate::render::Context;
use crate::variables::substitute;
use crate::{Place, Problem, RenderError, Warning, WarningKind};

/// Where the options are, for messages.
pub(super) fn place(field: &str) -> Place {
    Place { file: "spec.source.kustomize".into(), ..Place::default() }.field(field)
}

/// Applies the options to the kustomization that is built.
pub(super) fn apply(
    context: &Context<'_>,
    root: &Root,
    file: &mut File,
    warnings: &mut Vec<Warning>,
) -> Result<(), RenderError> {
    let Some(options) = &context.source.kustomize else { return Ok(()) };
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let kustomization = &mut file.kustomization;
    if let Some(prefix) = filled(&options.name_prefix) {
        kustomization.name_prefix = prefix;
    }
    if let Some(suffix) = filled(&options.name_suffix) {
        kustomization.name_suffix = suffix;
    }
    if let Some(namespace) = filled(&options.namespace) {
        kustomization.namespace = namespace;
    }
    if let Some(version) = filled(&options.version) {
        let message = format!("kustomize v5.8.1 is followed, whatever `{version}` does otherwise");
        warnings.push(Warning::new(WarningKind::Ignored, place("version"), message));
    }
    if let Some(images) = options.images.as_ref().filter(|images| !images.is_empty()) {
        set_images(context, &mut kustomization.images, images)?;
    }
    set_replicas(&mut kustomization.replicas, options)?;
    add_labels(context, file, options)?;
    add_annotations(context, file, options)?;
    file.own_patches = file.kustomization.patches.len();
    file.kustomization.patches.extend(options.patches.iter().flatten().map(patch));
    add_components(context, root, file, options)
}

/// `kustomize edit set image`: an image of the same name is replaced, `*` keeps what is there, and all are sorted.
fn set_images(context: &Context<'_>, images: &mut Vec<Image>, overrides: &[String]) -> Result<(), RenderError> {
    for (index, text) in overrides.iter().enumerate() {
        let text = substitute(text, context.source, context.inputs);
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (Some(name), value),
            None => (None, text.as_str()),
        };
        let (first, tag, digest) = split(value);
        if first == text {
            let message = format!("`{text}` is not of the form `name=new:tag`, `name:tag` or `name@digest`");
            return Err(place(&format!("images[{index}]")).is(Problem::Value(message)));
        }
        let (name, new_name) = name.map_or((first, ""), |name| (name, first));
        let earlier =
            images.iter().position(|image| image.name == name).map(|at| images.remove(at)).unwrap_or_default();
        let kept = |new: &str, old: String| if new == "*" { old } else { new.to_owned() };
        images.push(Image {
            name: name.into(),
            new_name: kept(new_name, earlier.new_name),
            new_tag: kept(tag, earlier.new_tag),
            digest: kept(digest, earlier.digest),
            tag_suffix: String::new(),
        });
    }
    images.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(())
}

/// `kustomize edit set replicas`.
fn set_replicas(replicas: &mut Vec<Replica>, options: &KustomizeSource) -> Result<(), RenderError> {
    for (index, replica) in options.replicas.iter().flatten().enumerate() {
        let count = match &replica.count {
            IntOrString::Int(count) => i64::from(*count),
            IntOrString::String(text) => text.parse().map_err(|_| {
                let message = format!("expected a number, found `{text}`");
                place(&format!("replicas[{index}].count")).is(Problem::Value(message))
            })?,
        };
        replicas.retain(|known| known.name != replica.name);
        replicas.push(Replica { name: replica.name.clone(), count });
    }
    Ok(())
}

/// `kustomize edit add label`, with its switches.
fn add_labels(context: &Context<'_>, file: &mut File, options: &KustomizeSource) -> Result<(), RenderError> {
    let Some(labels) = options.common_labels.as_ref().filter(|labels| !labels.is_empty()) else { return Ok(()) };
    let force = options.force_common_labels.unwrap_or_default();
    let include_templates = options.label_include_templates.unwrap_or_default();
    let kustomization = &mut file.kustomization;
    let texts = if options.label_without_selector.unwrap_or_default() {
        let same = |label: &Label| !label.include_selectors && label.include_templates == include_templates;
        let at = kustomization.labels.iter().position(same).unwrap_or_else(|| {
            kustomization.labels.push(Label { include_templates, ..Label::default() });
            kustomization.labels.len() - 1
        });
        match kustomization.labels.get_mut(at) {
            Some(label) => &mut label.pairs,
            None => return Ok(()),
        }
    } else {
        &mut kustomization.common_labels
    };
    for (key, value) in labels {
        add(texts, key, substitute(value, context.source, context.inputs), force, "commonLabels")?;
    }
    Ok(())
}

/// `kustomize edit add annotation`.
fn add_annotations(context: &Context<'_>, file: &mut File, options: &KustomizeSource) -> Result<(), RenderError> {
    let force = options.force_common_annotations.unwrap_or_default();
    for (key, value) in options.common_annotations.iter().flatten() {
        let value = match options.common_annotations_envsubst {
            Some(true) => substitute(value, context.source, context.inputs),
            _ => value.clone(),
        };
        add(&mut file.kustomization.common_annotations, key, value, force, "commonAnnotations")?;
    }
    Ok(())
}

fn add(texts: &mut Texts, key: &str, value: String, force: bool, field: &str) -> Result<(), RenderError> {
    if texts.contains_key(key) && !force {
        let message = format!("`{key}` is in the kustomization already, and replacing it was not asked for");
        return Err(place(field).is(Problem::Value(message)));
    }
    texts.insert(key.into(), value);
    Ok(())
}

fn patch(patch: &KustomizePatch) -> Patch {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let target = patch.target.as_ref().map(|target| Selector {
        group: text(&target.group),
        version: text(&target.version),
        kind: text(&target.kind),
        name: text(&target.name),
        namespace: text(&target.namespace),
        annotation_selector: text(&target.annotation_selector),
        label_selector: text(&target.label_selector),
    });
    let options = patch.options.as_ref().map(|options| PatchOptions {
        allow_name_change: options.get("allowNameChange").copied().unwrap_or_default(),
        allow_kind_change: options.get("allowKindChange").copied().unwrap_or_default(),
    });
    Patch { path: text(&patch.path), patch: text(&patch.patch), target, options }
}

/// `kustomize edit add component`, which leaves out what is there already.
fn add_components(
    context: &Context<'_>,
    root: &Root,
    file: &mut File,
    options: &KustomizeSource,
) -> Result<(), RenderError> {
    for (index, component) in options.components.iter().flatten().enumerate() {
        let place = place(&format!("components[{index}]"));
        if options.ignore_missing_components.unwrap_or_default() {
            let path = root.directory.join(component).map_err(|error| place.is(Problem::Path(error)))?;
            if context.files.stat(&path)?.is_none() {
                continue;
            }
        }
        if !file.kustomization.components.contains(component) {
            file.kustomization.components.push(component.clone());
        }
    }
    Ok(())
}
