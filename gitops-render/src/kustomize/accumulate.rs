//! Loading a kustomization's resources and changing them field by field.

use std::sync::Arc;

use gitops_core::tree::TreePath;

use super::configuration::{Configuration, ConfigurationFile, definitions};
use super::load::{self, Entry, Root};
use super::model::Kustomization;
use super::names::{End, affix};
use super::namespace::Namespace;
use super::provenance::{Provenance, note};
use super::read::{self, COMPONENT, File, Spot};
use super::resource::Resource;
use super::resources::Resources;
use super::schemas::{self, Schemas};
use super::variables::{self, Variable};
use super::{charts, generators, images, labels, namespace, patches, plugins, replacements, replicas};
use crate::documents::{self, Dialect};
use crate::files::{Files, text};
use crate::render::Context;
use crate::{Place, Problem, RenderError, Warning, parallel};

/// Files of which it is worth starting a thread.
const FILES_PER_THREAD: usize = 8;

/// What is accumulated: the resources so far, and what is known of their fields.
pub(super) struct Accumulator {
    pub(super) resources: Resources,
    pub(super) configuration: Arc<Configuration>,
    /// Whether the configuration is that of a kustomization, rather than the built-in one that stands for none yet.
    is_configured: bool,
    pub(super) variables: Vec<Variable>,
}

/// What the steps of one build share.
pub(super) struct Builder<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) built_in: Arc<Configuration>,
    pub(super) schemas: Schemas,
    pub(super) warnings: Vec<Warning>,
}

/// One resource file's content.
type Parsed = Result<(Vec<Resource>, Vec<Warning>), RenderError>;

impl Builder<'_> {
    pub(super) fn files(&self) -> &Files<'_> {
        &self.context.files
    }

    pub(super) fn empty(&self) -> Accumulator {
        Accumulator {
            resources: Resources::default(),
            configuration: self.built_in.clone(),
            is_configured: false,
            variables: Vec::new(),
        }
    }

    /// A file's text, which must lie where the restrictor allows.
    pub(super) fn read_text(
        &self,
        root: &Root,
        path: &str,
        place: &Spot<'_>,
    ) -> Result<(TreePath, String), RenderError> {
        let (path, bytes) = root.read(self.files(), path, self.context.inputs.load_restrictor, place)?;
        let text = text(&bytes).ok_or_else(|| Place::file(&path).is(Problem::NotText))?;
        Ok((path, text.to_owned()))
    }

    /// Applies a kustomization to what is accumulated: nothing for a base, the parent's resources for a component.
    pub(super) fn accumulate(
        &mut self,
        root: &Root,
        file: &File,
        mut accumulator: Accumulator,
    ) -> Result<Accumulator, RenderError> {
        schemas::choose(self, root, file)?;
        let paths: Vec<_> = file.kustomization.resources.iter().enumerate().collect();
        self.add_paths(root, file, "resources", &paths, &mut accumulator)?;
        self.configure(root, file, &mut accumulator)?;
        generators::run(self, root, file, &mut accumulator.resources)?;
        charts::run(self, root, file, &mut accumulator.resources)?;
        plugins::generate(self, root, file, &mut accumulator.resources)?;
        for (index, path) in file.kustomization.components.iter().enumerate() {
            let place = file.item("components", index);
            let directory = match root.find(self.files(), path, &place)? {
                Entry::Directory(directory) => directory,
                Entry::File => {
                    let message = format!("`{path}` is a file, expected the directory of a component");
                    return Err(place.is(Problem::Value(message)));
                }
            };
            let (root, component) = self.open((root, file), (directory, path), &place, true)?;
            accumulator = self.accumulate(&root, &component, accumulator)?;
        }
        schemas::learn(&mut self.schemas, &accumulator.resources)?;
        self.transform(root, file, &mut accumulator)?;
        plugins::transform(self, root, file, &mut accumulator.resources)?;
        plugins::validate(self, root, file, &mut accumulator.resources)?;
        variables::define(file, &mut accumulator.resources, &mut accumulator.variables)?;
        Ok(accumulator)
    }

    /// Adds the resources of files and kustomizations that a list of a kustomization names.
    pub(super) fn add_paths(
        &mut self,
        root: &Root,
        file: &File,
        field: &'static str,
        paths: &[(usize, &String)],
        accumulator: &mut Accumulator,
    ) -> Result<(), RenderError> {
        let mut entries = Vec::with_capacity(paths.len());
        for (index, path) in paths {
            let place = file.item(field, *index);
            let entry = root.find(self.files(), path, &place)?;
            entries.push((*path, place, entry));
        }
        let read = |(path, place, entry): &(&String, Spot<'_>, Entry)| match entry {
            Entry::File => Some(self.read_resources(root, path, place)),
            Entry::Directory(_) => None,
        };
        let parsed: Vec<Option<Parsed>> = parallel::map(&entries, FILES_PER_THREAD, read);
        for ((path, place, entry), parsed) in entries.into_iter().zip(parsed) {
            match (entry, parsed) {
                (Entry::Directory(directory), _) => {
                    let (root, base) = self.open((root, file), (directory, path), &place, false)?;
                    let empty = self.empty();
                    let base = self.accumulate(&root, &base, empty)?;
                    self.absorb_base(accumulator, base, &place)?;
                }
                (Entry::File, Some(parsed)) => {
                    let (resources, warnings) = parsed?;
                    self.warnings.extend(warnings);
                    accumulator.resources.add_all(resources)?;
                }
                (Entry::File, None) => {}
            }
            if accumulator.resources.len() > self.files().limits.objects {
                return Err(RenderError::Budget { what: "objects", limit: self.files().limits.objects as u64 });
            }
        }
        Ok(())
    }

    fn read_resources(&self, root: &Root, path: &str, place: &Spot<'_>) -> Parsed {
        let (file, bytes) = root.read(self.files(), path, self.context.inputs.load_restrictor, place)?;
        let text = text(&bytes).ok_or_else(|| Place::file(&file).is(Problem::NotText))?;
        let mut warnings = Vec::new();
        let mut resources = load::parse(text, &file, self.files(), &mut warnings)?;
        self.files().count_objects(resources.len())?;
        if let Some(here) = &root.provenance {
            let from = Arc::new(here.append(path));
            resources.iter_mut().for_each(|resource| resource.provenance = Some(Arc::clone(&from)));
        }
        Ok((resources, warnings))
    }

    fn absorb_base(
        &self,
        accumulator: &mut Accumulator,
        base: Accumulator,
        place: &Spot<'_>,
    ) -> Result<(), RenderError> {
        accumulator.resources.add_all(base.resources.into_items())?;
        variables::merge(&mut accumulator.variables, base.variables)?;
        let merged = self.merge_configuration(accumulator, &base.configuration);
        merged.map_err(|message| place.is(Problem::Value(message)))
    }

    /// Merges a configuration into what is accumulated, as kustomize does: into nothing at first.
    fn merge_configuration(&self, accumulator: &mut Accumulator, other: &Arc<Configuration>) -> Result<(), String> {
        let first = !std::mem::replace(&mut accumulator.is_configured, true);
        // Nearly every kustomization has the built-in configuration, which is not worth merging with itself.
        if Arc::ptr_eq(&self.built_in, other) {
            return Ok(());
        }
        if first {
            accumulator.configuration = Arc::clone(other);
            return Arc::make_mut(&mut accumulator.configuration).settle();
        }
        Arc::make_mut(&mut accumulator.configuration).merge(other)
    }

    fn configure(&mut self, root: &Root, file: &File, accumulator: &mut Accumulator) -> Result<(), RenderError> {
        let mut own = Arc::clone(&self.built_in);
        let mut files = Configuration::default();
        for (index, path) in file.kustomization.configurations.iter().enumerate() {
            let place = file.item("configurations", index);
            let (path, bytes) = root.read(self.files(), path, self.context.inputs.load_restrictor, &place)?;
            let place = Place::file(&path);
            let text = text(&bytes).ok_or_else(|| place.is(Problem::NotText))?;
            for document in documents::read(text, path.as_str(), Dialect::Plain, self.files().limits)? {
                if document.value.is_null() {
                    continue;
                }
                let read: ConfigurationFile = serde_path_to_error::deserialize(document.value).map_err(|error| {
                    place.clone().field(error.path().to_string()).is(Problem::Value(error.into_inner().to_string()))
                })?;
                files.merge(&read.into()).map_err(|message| place.is(Problem::Value(message)))?;
            }
        }
        let conflict = |message| file.place("configurations").is(Problem::Value(message));
        if !file.kustomization.configurations.is_empty() {
            Arc::make_mut(&mut own).merge(&files).map_err(conflict)?;
        }
        self.merge_configuration(accumulator, &own).map_err(conflict)?;
        for (index, path) in file.kustomization.crds.iter().enumerate() {
            let place = file.item("crds", index);
            let (path, text) = self.read_text(root, path, &place)?;
            let documents = documents::read(&text, path.as_str(), Dialect::Plain, self.files().limits)?;
            let document = documents.into_iter().next().map(|document| document.value).unwrap_or_default();
            let found = definitions::configuration(&document);
            let wrong = |message| Place::file(&path).is(Problem::Value(message));
            Arc::make_mut(&mut accumulator.configuration).merge(&found.map_err(wrong)?).map_err(wrong)?;
        }
        Ok(())
    }

    /// The kustomization or component of a directory.
    fn open(
        &mut self,
        (root, around): (&Root, &File),
        (directory, text): (TreePath, &str),
        place: &Spot<'_>,
        component: bool,
    ) -> Result<(Root, File), RenderError> {
        let mut base = root.descend(directory, text, place)?;
        charts::namespace_of(root, around).clone_into(&mut base.namespace);
        let root = base;
        if root.depth() > self.files().limits.depth {
            let limit = self.files().limits.depth as u64;
            return Err(RenderError::Budget { what: "kustomizations inside each other", limit });
        }
        let mut warnings = Vec::new();
        let file = read::read(self.files(), &root.directory, &mut warnings)?;
        self.warnings.extend(warnings);
        let is_component = file.kustomization.kind == COMPONENT;
        if component != is_component {
            let (found, field) = match is_component {
                true => ("a component, which belongs under `components`", "a kustomization"),
                false => ("a kustomization, which belongs under `resources`", "a component"),
            };
            let message = format!("`{}` is {found}; expected {field}", root.directory);
            return Err(place.is(Problem::Value(message)));
        }
        Ok((root, file))
    }

    /// The changes in kustomize's order, each noted where that is asked for.
    fn transform(&mut self, root: &Root, file: &File, accumulator: &mut Accumulator) -> Result<(), RenderError> {
        let kustomization = &file.kustomization;
        let Accumulator { resources, configuration, .. } = accumulator;
        let here = root.provenance.as_ref();
        let by = |kind: &str| here.map(|here| here.by_field(file.path.name(), kind));
        if !kustomization.patches_strategic_merge.is_empty() {
            patches::strategic_merge(self, root, file, resources)?;
            note(resources, by("PatchStrategicMergeTransformer"));
        }
        for (index, patch) in kustomization.patches.iter().enumerate() {
            patches::apply_patch(self, root, (file, patch), resources, &file.item("patches", index))?;
            note(resources, by("PatchTransformer"));
        }
        if !kustomization.namespace.is_empty() {
            let namespace = Namespace::new(&kustomization.namespace);
            namespace::set(resources, &namespace, &configuration.namespace, &file.place("namespace"))?;
            note(resources, by("NamespaceTransformer"));
        }
        if !kustomization.name_prefix.is_empty() {
            let place = file.place("namePrefix");
            affix(resources, End::Prefix, &kustomization.name_prefix, &configuration.name_prefix, &place)?;
            note(resources, by("PrefixTransformer"));
        }
        if !kustomization.name_suffix.is_empty() {
            let place = file.place("nameSuffix");
            affix(resources, End::Suffix, &kustomization.name_suffix, &configuration.name_suffix, &place)?;
            note(resources, by("SuffixTransformer"));
        }
        self.label(file, accumulator, &by)?;
        let Accumulator { resources, configuration, .. } = accumulator;
        for (index, patch) in kustomization.patches_json6902.iter().enumerate() {
            let place = file.item("patchesJson6902", index);
            patches::apply_json6902(self, root, (file, patch), resources, &place)?;
            note(resources, by("PatchJson6902Transformer"));
        }
        for (index, replica) in kustomization.replicas.iter().enumerate() {
            replicas::set(resources, replica, &configuration.replicas, &file.item("replicas", index))?;
            note(resources, by("ReplicaCountTransformer"));
        }
        for (index, image) in kustomization.images.iter().enumerate() {
            images::set(resources, image, &configuration.images, &file.item("images", index))?;
            note(resources, by("ImageTagTransformer"));
        }
        if !kustomization.replacements.is_empty() {
            replacements::run(self, root, file, resources)?;
            note(resources, by("ReplacementTransformer"));
        }
        Ok(())
    }

    /// `labels`, `commonLabels` and `commonAnnotations`.
    fn label(
        &self,
        file: &File,
        accumulator: &mut Accumulator,
        by: &dyn Fn(&str) -> Option<Provenance>,
    ) -> Result<(), RenderError> {
        let Kustomization { labels, common_labels, common_annotations, .. } = &file.kustomization;
        let Accumulator { resources, configuration, .. } = accumulator;
        for (index, label) in labels.iter().enumerate() {
            let place = file.item("labels", index);
            let fields = labels::fields_of(label, configuration).map_err(|error| place.is(Problem::Value(error)))?;
            labels::set(resources, &label.pairs, &fields, &place)?;
            note(resources, by("LabelTransformer"));
        }
        if !labels.is_empty() || !common_labels.is_empty() {
            labels::set(resources, common_labels, &configuration.common_labels, &file.place("commonLabels"))?;
            note(resources, by("LabelTransformer"));
        }
        if !common_annotations.is_empty() {
            let place = file.place("commonAnnotations");
            labels::set(resources, common_annotations, &configuration.common_annotations, &place)?;
            note(resources, by("AnnotationsTransformer"));
        }
        Ok(())
    }
}
