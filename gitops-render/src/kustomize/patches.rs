//! `patches`, `patchesStrategicMerge` and `patchesJson6902`.

use gitops_core::Value;
use gitops_core::tree::TreePath;

use super::accumulate::Builder;
use super::json_patch::{self, Operation};
use super::load::{self, Root};
use super::model::{Patch, PatchOptions};
use super::read::{File, Spot};
use super::resource::Resource;
use super::resources::Resources;
use super::schemas::Schemas;
use super::selector::Matcher;
use super::strategic;
use crate::documents::{self, Dialect};
use crate::{Place, Problem, RenderError};

/// What a patch says.
enum Content {
    /// Parts of resources, which name their targets unless the patch has one.
    Strategic(Vec<Resource>),
    /// Operations on the patch's target.
    Operations(Vec<Operation>),
}

/// `patchesStrategicMerge`: files with patches, or patches.
pub(super) fn strategic_merge(
    builder: &Builder<'_>,
    root: &Root,
    file: &File,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    for (index, text) in file.kustomization.patches_strategic_merge.iter().enumerate() {
        apply_strategic_merge(builder, root, (file, text), resources, &file.item("patchesStrategicMerge", index))?;
    }
    Ok(())
}

/// One text of `patchesStrategicMerge`.
pub(super) fn apply_strategic_merge(
    builder: &Builder<'_>,
    root: &Root,
    (file, text): (&File, &str),
    resources: &mut Resources,
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    let patches = match load::parse(text, &inline_place(file, place), builder.files(), &mut Vec::new()) {
        Ok(patches) => patches,
        Err(_) if !text.contains('\n') => read_file(builder, root, text, place)?,
        Err(error) => return Err(error),
    };
    if patches.is_empty() {
        return Err(place.is(Problem::Value("the patch is empty".into())));
    }
    let patches: Vec<Resource> = patches.into_iter().map(with_texts).collect();
    apply_each(&patches, resources, &builder.schemas, place)
}

fn read_file(builder: &Builder<'_>, root: &Root, path: &str, place: &Spot<'_>) -> Result<Vec<Resource>, RenderError> {
    let (path, text) = builder.read_text(root, path, place)?;
    load::parse(&text, &path, builder.files(), &mut Vec::new())
}

/// One item of `patchesJson6902`.
pub(super) fn apply_json6902(
    builder: &Builder<'_>,
    root: &Root,
    (file, patch): (&File, &Patch),
    resources: &mut Resources,
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    let named = patch.target.as_ref().is_some_and(|target| !target.name.is_empty());
    if !named {
        return Err(place.is(Problem::Value("the target's name is missing".into())));
    }
    let (path, text) = text_of(builder, root, file, patch, place)?;
    let operations = operations(&text, &path, builder, place)?;
    if operations.is_empty() {
        return Err(place.is(Problem::Value("the patch is empty".into())));
    }
    apply_operations(patch, &operations, resources, place, false)
}

/// One item of `patches`.
pub(super) fn apply_patch(
    builder: &Builder<'_>,
    root: &Root,
    (file, patch): (&File, &Patch),
    resources: &mut Resources,
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    let (path, text) = text_of(builder, root, file, patch, place)?;
    let content = match content(&text, &path, builder, patch.options.unwrap_or_default(), place)? {
        Content::Operations(operations) => {
            return match patch.target {
                Some(_) => apply_operations(patch, &operations, resources, place, true),
                None => Err(place.is(Problem::Value("a JSON patch needs a target".into()))),
            };
        }
        Content::Strategic(patches) => patches,
    };
    let Some(target) = &patch.target else { return apply_each(&content, resources, &builder.schemas, place) };
    let [content] = content.as_slice() else {
        if content.is_empty() {
            return Ok(());
        }
        let message = "a patch with a target is one document".into();
        return Err(place.is(Problem::Value(message)));
    };
    let content = with_texts(content.clone());
    for index in Matcher::new(target, place)?.select(resources) {
        apply_strategic(&content, index, resources, &builder.schemas, place)?;
    }
    resources.retain(|resource| !resource.is_empty());
    if content.may_rename || content.may_change_kind { resources.check_unique(place) } else { Ok(()) }
}

/// A patch's text, and the file that it is in.
fn text_of(
    builder: &Builder<'_>,
    root: &Root,
    file: &File,
    patch: &Patch,
    place: &Spot<'_>,
) -> Result<(TreePath, String), RenderError> {
    match (patch.patch.trim(), patch.path.as_str()) {
        ("", "") => Err(place.is(Problem::Value("`patch` or `path` is missing".into()))),
        (text, "") => Ok((inline_place(file, place), text.into())),
        ("", path) => builder.read_text(root, path, place),
        _ => Err(place.is(Problem::Value("`patch` and `path` exclude each other".into()))),
    }
}

/// The name under which the text of a patch in the kustomization itself is known.
pub(super) fn inline_place(file: &File, place: &Spot<'_>) -> TreePath {
    match file.path.parent() {
        Some(parent) => parent.child(&format!("{}#{}", file.path.name(), place.name())),
        None => file.path.clone(),
    }
}

/// A list is a JSON patch, a map a strategic merge patch.
fn content(
    text: &str,
    path: &TreePath,
    builder: &Builder<'_>,
    options: PatchOptions,
    place: &Spot<'_>,
) -> Result<Content, RenderError> {
    let documents = documents::read(text, path.as_str(), Dialect::Kustomize, builder.files().limits)?;
    let first = documents.iter().find(|document| !document.value.is_null());
    if first.is_some_and(|document| document.value.is_array()) {
        return operations(text, path, builder, place).map(Content::Operations);
    }
    let mut patches = load::from_documents(documents, &mut Vec::new())?;
    for patch in &mut patches {
        patch.may_rename = options.allow_name_change;
        patch.may_change_kind = options.allow_kind_change;
    }
    Ok(Content::Strategic(patches))
}

fn operations(
    text: &str,
    path: &TreePath,
    builder: &Builder<'_>,
    place: &Spot<'_>,
) -> Result<Vec<Operation>, RenderError> {
    // Kustomize reads as JSON what starts as a list in JSON does.
    if text.starts_with('[')
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
    {
        let place = Place::line(path.as_str(), error.line());
        return Err(place.is(Problem::Value(format!("expected a JSON patch in JSON: {error}"))));
    }
    let documents = documents::read(text, path.as_str(), Dialect::Plain, builder.files().limits)?;
    let value = documents.into_iter().next().map(|document| document.value).unwrap_or_default();
    if value.is_null() {
        return Ok(Vec::new());
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = format!("{}{}", place.name(), error.path());
        place.place().field(field).is(Problem::Value(format!("not a JSON patch: {}", error.into_inner())))
    })
}

fn apply_operations(
    patch: &Patch,
    operations: &[Operation],
    resources: &mut Resources,
    place: &Spot<'_>,
    remember: bool,
) -> Result<(), RenderError> {
    let Some(target) = &patch.target else { return Ok(()) };
    for index in Matcher::new(target, place)?.select(resources) {
        let Some(resource) = resources.get_mut(index) else { continue };
        if remember {
            resource.remember();
        }
        // Kustomize keeps former names in annotations, so that there are some to add to.
        if !resource.formers.is_empty() {
            resource.make_annotations();
        }
        let id = resource.id();
        let failed = |message: String| place.is(Problem::Value(format!("`{id}`: {message}")));
        json_patch::apply(&mut resource.value, operations).map_err(failed)?;
    }
    Ok(())
}

/// A patch whose labels and annotations are texts, as kustomize makes them of patches with a target and of
/// `patchesStrategicMerge`: a null takes none of them away.
fn with_texts(mut patch: Resource) -> Resource {
    patch.make_texts("null");
    patch
}

/// Applies patches to the resources that they name.
fn apply_each(
    patches: &[Resource],
    resources: &mut Resources,
    schemas: &Schemas,
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    for patch in patches {
        let id = patch.id();
        let index = match resources.by_any_id(&id).as_slice() {
            [index] => *index,
            [] => return Err(place.is(resources.no_match(&id))),
            many => return Err(place.is(resources.ambiguous(&id, many))),
        };
        apply_strategic(patch, index, resources, schemas, place)?;
    }
    resources.retain(|resource| !resource.is_empty());
    Ok(())
}

fn apply_strategic(
    patch: &Resource,
    index: usize,
    resources: &mut Resources,
    schemas: &Schemas,
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    let Some(resource) = resources.get_mut(index) else { return Ok(()) };
    let (name, namespace) = (resource.name().to_owned(), resource.namespace().to_owned());
    let (kind, api_version) = (resource.kind().to_owned(), resource.api_version().to_owned());
    if patch.may_rename || patch.may_change_kind {
        resource.remember();
    }
    let merged = strategic::merge(schemas, resource.value.take(), patch.value.clone());
    resource.value = merged.map_err(|error| place.is(Problem::Value(error.to_string())))?;
    let Value::Object(value) = &mut resource.value else { return Ok(()) };
    if value.is_empty() {
        return Ok(());
    }
    value.insert("apiVersion".into(), api_version.into());
    if !patch.may_change_kind {
        value.insert("kind".into(), kind.into());
    }
    if !patch.may_rename {
        resource.set_metadata("name", &name);
    }
    resource.set_metadata("namespace", &namespace);
    Ok(())
}
