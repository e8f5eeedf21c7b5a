use gitops_core::Value;
use serde::Deserialize;

use super::loose::{Known, Loose};
use super::{Plugin, value_add, values};
use crate::kustomize::accumulate::Builder;
use crate::kustomize::field_spec::FieldSpec;
use crate::kustomize::load::Root;
use crate::kustomize::model::{Field, Image, Patch, PatchOptions, Replica, Selector, Texts};
use crate::kustomize::names::{End, affix};
use crate::kustomize::namespace::{Namespace, Subjects};
use crate::kustomize::read::{File, Spot};
use crate::kustomize::resources::Resources;
use crate::kustomize::{hash, images, labels, namespace, patches, provenance, replacements, replicas};
use crate::{Problem, RenderError};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entries {
    annotations: Texts,
    labels: Texts,
    field_specs: Vec<Loose<Field>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Affixes {
    prefix: String,
    suffix: String,
    field_specs: Option<Vec<Loose<Field>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NamespaceFields {
    metadata: NamespaceMetadata,
    field_specs: Vec<Loose<Field>>,
    unset_only: bool,
    set_role_binding_subjects: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamespaceMetadata {
    namespace: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ImageFields {
    image_tag: Loose<Image>,
    field_specs: Vec<Loose<Field>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ReplicaFields {
    replica: Loose<Replica>,
    field_specs: Vec<Loose<Field>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PatchFields {
    path: String,
    patch: String,
    json_op: String,
    target: Option<Loose<Selector>>,
    options: Option<Loose<PatchOptions>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StrategicFields {
    paths: Vec<String>,
    patches: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReplacementFields {
    replacements: Vec<Value>,
}

impl Known for Entries {
    const FIELDS: &'static [&'static str] = &["annotations", "labels", "fieldSpecs"];
}

impl Known for Affixes {
    const FIELDS: &'static [&'static str] = &["prefix", "suffix", "fieldSpecs"];
}

impl Known for NamespaceFields {
    const FIELDS: &'static [&'static str] = &["metadata", "fieldSpecs", "unsetOnly", "setRoleBindingSubjects"];
}

impl Known for ImageFields {
    const FIELDS: &'static [&'static str] = &["imageTag", "fieldSpecs"];
}

impl Known for ReplicaFields {
    const FIELDS: &'static [&'static str] = &["replica", "fieldSpecs"];
}

impl Known for PatchFields {
    const FIELDS: &'static [&'static str] = &["path", "patch", "jsonOp", "target", "options"];
}

impl Known for StrategicFields {
    const FIELDS: &'static [&'static str] = &["paths", "patches"];
}

impl Known for ReplacementFields {
    const FIELDS: &'static [&'static str] = &["replacements"];
}

/// Runs the plugins of `transformers`.
pub(in crate::kustomize) fn transform(
    builder: &mut Builder<'_>,
    root: &Root,
    file: &File,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    for plugin in super::load(builder, root, file, "transformers", &file.kustomization.transformers)? {
        apply(builder, root, file, &plugin, resources, &file.place("transformers"))?;
        provenance::note(resources, plugin.provenance);
        resources.retain(|resource| !resource.is_empty());
    }
    Ok(())
}

/// Runs the plugins of `validators`, which may change nothing but a label.
pub(in crate::kustomize) fn validate(
    builder: &mut Builder<'_>,
    root: &Root,
    file: &File,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    for plugin in super::load(builder, root, file, "validators", &file.kustomization.validators)? {
        let before = values(resources);
        apply(builder, root, file, &plugin, resources, &file.place("validators"))?;
        if values(resources) != before {
            return Err(plugin.wrong(format!("the validator `{}` changes resources", plugin.kind())));
        }
    }
    Ok(())
}

fn apply(
    builder: &Builder<'_>,
    root: &Root,
    file: &File,
    plugin: &Plugin,
    resources: &mut Resources,
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    match plugin.kind() {
        "AnnotationsTransformer" => {
            let Entries { annotations, field_specs, .. } = plugin.fields()?;
            labels::set(resources, &annotations, &specs(&field_specs), place)
        }
        "LabelTransformer" => {
            let Entries { labels, field_specs, .. } = plugin.fields()?;
            labels::set(resources, &labels, &specs(&field_specs), place)
        }
        kind @ ("PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer") => {
            let Affixes { prefix, suffix, field_specs } = plugin.fields()?;
            let Some(fields) = field_specs else { return Err(plugin.wrong("`fieldSpecs` are missing")) };
            if kind != "SuffixTransformer" {
                affix(resources, End::Prefix, &prefix, &specs(&fields), place)?;
            }
            if kind != "PrefixTransformer" {
                affix(resources, End::Suffix, &suffix, &specs(&fields), place)?;
            }
            Ok(())
        }
        "NamespaceTransformer" => set_namespace(plugin, resources, place),
        "ImageTagTransformer" => {
            let ImageFields { image_tag, field_specs } = plugin.fields()?;
            images::set(resources, &image_tag.0, &specs(&field_specs), place)
        }
        "ReplicaCountTransformer" => {
            let ReplicaFields { replica, field_specs } = plugin.fields()?;
            replicas::set(resources, &replica.0, &specs(&field_specs), place)
        }
        "PatchTransformer" => {
            let PatchFields { path, patch, target, options, .. } = plugin.fields()?;
            let (target, options) = (target.map(|Loose(target)| target), options.map(|Loose(options)| options));
            let patch = Patch { path, patch, target, options };
            patches::apply_patch(builder, root, (file, &patch), resources, place)
        }
        "PatchJson6902Transformer" => {
            let PatchFields { path, json_op, target, .. } = plugin.fields()?;
            let target = target.map(|Loose(target)| target);
            let patch = Patch { path, patch: json_op, target, options: None };
            patches::apply_json6902(builder, root, (file, &patch), resources, place)
        }
        "PatchStrategicMergeTransformer" => {
            let StrategicFields { paths, patches } = plugin.fields()?;
            if paths.is_empty() && patches.is_empty() {
                return Err(plugin.wrong("`paths` or `patches` is missing"));
            }
            for text in paths {
                patches::apply_strategic_merge(builder, root, (file, &text), resources, place)?;
            }
            match patches.is_empty() {
                true => Ok(()),
                false => {
                    patches::apply_strategic_merge(builder, root, (file, &format!("{patches}\n")), resources, place)
                }
            }
        }
        "ReplacementTransformer" => {
            let ReplacementFields { replacements } = plugin.fields()?;
            replacements.iter().try_for_each(|one| replacements::run_one(builder, root, one, resources, place))
        }
        "ValueAddTransformer" => value_add::apply(builder, root, plugin, resources, place),
        "HashTransformer" => {
            hash::add_to_names(resources);
            Ok(())
        }
        kind => Err(plugin.wrong(format!("`{kind}` is no transformer"))),
    }
}

fn specs(fields: &[Loose<Field>]) -> Vec<FieldSpec> {
    fields.iter().map(|Loose(field)| FieldSpec::new(field)).collect()
}

fn set_namespace(plugin: &Plugin, resources: &mut Resources, place: &Spot<'_>) -> Result<(), RenderError> {
    let NamespaceFields { metadata, field_specs, unset_only, set_role_binding_subjects } = plugin.fields()?;
    let subjects = match set_role_binding_subjects.as_str() {
        "" | "defaultOnly" => Subjects::Default,
        "allServiceAccounts" => Subjects::ServiceAccounts,
        "none" => Subjects::None,
        other => {
            let known = "expected `defaultOnly`, `allServiceAccounts` or `none`";
            return Err(plugin.is(Problem::Value(format!("setRoleBindingSubjects: {known}, found `{other}`"))));
        }
    };
    let namespace = Namespace { name: &metadata.namespace, unset_only, subjects };
    namespace::set(resources, &namespace, &specs(&field_specs), place)
}
