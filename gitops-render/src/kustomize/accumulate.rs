//! Loading a kustomization's resources and changing them field by field.

use std::sync::{Arc, LazyLock};

use gitops_core::tree::TreePath;
use gitops_merge::schema::Kinds;

use super::configuration::Configuration;
use super::configuration::ConfigurationFile;
use super::load::{self, Entry, Root};
use super::model::Kustomization;
use super::names::{End, affix};
use super::read::{self, COMPONENT, File, Spot};
use super::resource::Resource;
use super::resources::Resources;
use super::variables::{self, Variable};
use super::{generators, images, labels, namespace, patches, replacements, replicas};
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
    pub(super) variables: Vec<Variable>,
}

/// What the steps of one build share.
pub(super) struct Builder<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) built_in: Arc<Configuration>,
    pub(super) warnings: Vec<Warning>,
}

/// One resource file's content.
type Parsed = Result<(Vec<Resource>, Vec<Warning>), RenderError>;

impl Builder<'_> {
    pub(super) fn files(&self) -> &Files<'_> {
        &self.context.files
    }

    pub(super) fn empty(&self) -> Accumulator {
        Accumulator { resources: Resources::default(), configuration: self.built_in.clone(), variables: Vec::new() }
    }

    /// The types of fields.
    pub(super) fn kinds(&self) -> &'static Kinds {
        // A constant, whose text takes longer to read than most builds. The crate that ships it tests it; without one,
        // lists would be replaced as those of custom kinds are.
        static BUILT_IN: LazyLock<Kinds> = LazyLock::new(|| Kinds::builtin().unwrap_or_default());
        &BUILT_IN
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
        refuse_unsupported(file)?;
        self.add_resources(root, file, &mut accumulator)?;
        self.configure(root, file, &mut accumulator)?;
        generators::run(self, root, file, &mut accumulator.resources)?;
        for (index, path) in file.kustomization.components.iter().enumerate() {
            let place = file.item("components", index);
            let directory = match root.find(self.files(), path, &place)? {
                Entry::Directory(directory) => directory,
                Entry::File => {
                    let message = format!("`{path}` is a file, expected the directory of a component");
                    return Err(place.is(Problem::Value(message)));
                }
            };
            let (root, component) = self.open(root, directory, &place, true)?;
            accumulator = self.accumulate(&root, &component, accumulator)?;
        }
        self.transform(root, file, &mut accumulator)?;
        variables::define(file, &mut accumulator.resources, &mut accumulator.variables)?;
        Ok(accumulator)
    }

    fn add_resources(&mut self, root: &Root, file: &File, accumulator: &mut Accumulator) -> Result<(), RenderError> {
        let mut entries = Vec::with_capacity(file.kustomization.resources.len());
        for (index, path) in file.kustomization.resources.iter().enumerate() {
            let place = file.item("resources", index);
            let entry = root.find(self.files(), path, &place)?;
            entries.push((path, place, entry));
        }
        let read = |(path, place, entry): &(&String, Spot<'_>, Entry)| match entry {
            Entry::File => Some(self.read_resources(root, path, place)),
            Entry::Directory(_) => None,
        };
        let parsed: Vec<Option<Parsed>> = parallel::map(&entries, FILES_PER_THREAD, read);
        for ((_, place, entry), parsed) in entries.into_iter().zip(parsed) {
            match (entry, parsed) {
                (Entry::Directory(directory), _) => {
                    let (root, base) = self.open(root, directory, &place, false)?;
                    let empty = self.empty();
                    let base = self.accumulate(&root, &base, empty)?;
                    self.absorb_base(accumulator, base)?;
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
        let resources = load::parse(text, &file, self.files(), &mut warnings)?;
        Ok((resources, warnings))
    }

    fn absorb_base(&self, accumulator: &mut Accumulator, base: Accumulator) -> Result<(), RenderError> {
        accumulator.resources.add_all(base.resources.into_items())?;
        variables::merge(&mut accumulator.variables, base.variables)?;
        self.merge_configuration(accumulator, &base.configuration);
        Ok(())
    }

    fn merge_configuration(&self, accumulator: &mut Accumulator, other: &Arc<Configuration>) {
        // Nearly every kustomization has the built-in configuration, which is not worth merging with itself.
        if !Arc::ptr_eq(&accumulator.configuration, other) && !Arc::ptr_eq(&self.built_in, other) {
            Arc::make_mut(&mut accumulator.configuration).merge(other);
        }
    }

    fn configure(&mut self, root: &Root, file: &File, accumulator: &mut Accumulator) -> Result<(), RenderError> {
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
                Arc::make_mut(&mut accumulator.configuration).merge(&read.into());
            }
        }
        Ok(())
    }

    /// The kustomization or component of a directory.
    fn open(
        &mut self,
        root: &Root,
        directory: TreePath,
        place: &Spot<'_>,
        component: bool,
    ) -> Result<(Root, File), RenderError> {
        let root = root.descend(directory, place)?;
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

    /// The changes in kustomize's order.
    fn transform(&mut self, root: &Root, file: &File, accumulator: &mut Accumulator) -> Result<(), RenderError> {
        let Kustomization { name_prefix, name_suffix, common_labels, common_annotations, .. } = &file.kustomization;
        let kustomization = &file.kustomization;
        let Accumulator { resources, configuration, .. } = accumulator;
        patches::strategic_merge(self, root, file, resources)?;
        patches::patches(self, root, file, resources)?;
        let place = file.place("namespace");
        namespace::set(resources, &kustomization.namespace, &configuration.namespace, &place)?;
        affix(resources, End::Prefix, name_prefix, &configuration.name_prefix, &file.place("namePrefix"))?;
        affix(resources, End::Suffix, name_suffix, &configuration.name_suffix, &file.place("nameSuffix"))?;
        for (index, label) in kustomization.labels.iter().enumerate() {
            let fields = labels::fields_of(label, configuration);
            labels::set(resources, &label.pairs, &fields, &file.item("labels", index))?;
        }
        labels::set(resources, common_labels, &configuration.common_labels, &file.place("commonLabels"))?;
        let place = file.place("commonAnnotations");
        labels::set(resources, common_annotations, &configuration.common_annotations, &place)?;
        patches::json6902(self, root, file, resources)?;
        for (index, replica) in kustomization.replicas.iter().enumerate() {
            replicas::set(resources, replica, configuration, &file.item("replicas", index))?;
        }
        for (index, image) in kustomization.images.iter().enumerate() {
            images::set(resources, image, &configuration.images, &file.item("images", index))?;
        }
        replacements::run(self, root, file, resources)
    }
}

/// Refuses what this version cannot build, rather than building something else.
fn refuse_unsupported(file: &File) -> Result<(), RenderError> {
    let Kustomization { crds, helm_charts, helm_chart_inflation_generator, .. } = &file.kustomization;
    let Kustomization { generators, transformers, validators, build_metadata, openapi, .. } = &file.kustomization;
    let asked = [
        ("crds", !crds.is_empty()),
        ("helmCharts", !helm_charts.is_empty()),
        ("helmChartInflationGenerator", !helm_chart_inflation_generator.is_empty()),
        ("generators", !generators.is_empty()),
        ("transformers", !transformers.is_empty()),
        ("validators", !validators.is_empty()),
        ("buildMetadata", !build_metadata.is_empty()),
        ("openapi", openapi.iter().any(|(key, value)| key == "path" || value != "v1.21.2")),
    ];
    match asked.into_iter().find(|(_, asked)| *asked) {
        Some((field, _)) => {
            let place = file.place(field).place();
            Err(RenderError::Unsupported { place, feature: "this field of a kustomization".into() })
        }
        None => Ok(()),
    }
}
