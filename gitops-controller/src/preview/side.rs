//! One end of the range: the Applications that are there, rendered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gitops_core::Tree;
use gitops_core::Value;
use gitops_core::api::Application;
use gitops_core::secret::DigestKey;
use gitops_core::tree::TreePath;
use gitops_git::Commit;
use gitops_policy::Project;
use gitops_render::Inputs;
use gitops_render::memo::Affected;

use super::discover::{self, Defined, DefinedSet, Found};
use super::sources::Sources;
use super::{PreviewError, Previewer, Unexpanded, identity, parallel, sets};
use crate::causes::chain;
use crate::compare::CONTROL_NAMESPACE;
use crate::rendering::{self, Rendering, Surroundings};

/// Applications in Applications in Applications.
const MAX_ROUNDS: usize = 16;

pub(super) type Key = (String, String);

/// A commit that is looked at.
pub(super) struct Side<'p> {
    previewer: &'p Previewer,
    sources: &'p Sources<'p>,
    commit: Commit,
    tree: Arc<dyn Tree>,
}

/// An Application at a commit.
pub(super) struct State {
    pub(super) application: Application,
    pub(super) origin: String,
    /// Whether another Application has it among its objects.
    pub(super) has_parent: bool,
    /// What it renders to, or why it does not.
    pub(super) outcome: Arc<Result<Arc<Rendering>, String>>,
    /// Which of its sources are what the commit has.
    follows: Vec<bool>,
    /// Whether it was not rendered, since nothing that the earlier commit's render read has changed.
    pub(super) reused: bool,
}

/// Everything that is at a commit.
pub(super) struct Rendered {
    pub(super) states: BTreeMap<Key, State>,
    pub(super) sets: Vec<Unexpanded>,
    pub(super) warnings: Vec<String>,
}

impl<'p> Side<'p> {
    pub(super) fn new(
        previewer: &'p Previewer,
        sources: &'p Sources<'p>,
        commit: Commit,
    ) -> Result<Self, PreviewError> {
        let failed = |source| PreviewError::Revision { revision: commit.id.to_string(), source };
        let tree = previewer.repository.tree(commit.id).map_err(failed)?;
        Ok(Self { previewer, sources, commit, tree })
    }

    /// Renders every Application, and those among their objects. `before` is the earlier end, and what has changed since.
    pub(super) fn rendered(&self, before: Option<(&Rendered, &[TreePath])>) -> Result<Rendered, PreviewError> {
        let mut found = Found::default();
        for path in &self.previewer.paths {
            let more = discover::in_tree(&*self.tree, path).map_err(PreviewError::Tree)?;
            found.applications.extend(more.applications);
            found.sets.extend(more.sets);
            found.warnings.extend(more.warnings);
        }
        let given = self.previewer.applications.iter().cloned();
        found.applications.extend(given.map(|application| Defined { application, origin: "command line".into() }));
        let reusable = match before {
            Some((before, changed)) => Some((before, touched(before, changed, &*self.tree)?)),
            None => None,
        };
        let mut round = Round { found, ..Round::default() };
        round.expand(self);
        round.define();
        let mut states: BTreeMap<Key, State> = BTreeMap::new();
        for _ in 0..MAX_ROUNDS {
            let pending: Vec<(Key, Defined)> = std::mem::take(&mut round.pending).into_iter().collect();
            if pending.is_empty() {
                break;
            }
            let done = parallel::map(&pending, |(key, defined)| self.one(key, defined, reusable.as_ref()));
            for ((key, _), state) in pending.into_iter().zip(done) {
                round.children(&state, self);
                states.insert(key, state);
            }
        }
        for (key, state) in &mut states {
            state.has_parent = round.with_parent.contains(key);
        }
        Ok(Rendered { states, sets: round.unexpanded, warnings: round.found.warnings })
    }

    fn one(&self, key: &Key, defined: &Defined, before: Option<&(&Rendered, BTreeSet<Key>)>) -> State {
        let Defined { application, origin } = defined.clone();
        let known = before.filter(|(_, touched)| !touched.contains(key)).and_then(|(before, _)| before.states.get(key));
        if let Some(known) = known.filter(|known| known.outcome.is_ok() && known.application.spec == application.spec) {
            let (outcome, follows) = (Arc::clone(&known.outcome), known.follows.clone());
            return State { application, origin, has_parent: false, outcome, follows, reused: true };
        }
        let (outcome, follows) = match self.sources.resolve(&application, &self.commit, &self.tree) {
            Err(message) => (Err(message), Vec::new()),
            Ok((resolved, follows)) => {
                let rendering =
                    rendering::render(&application, &resolved, &self.inputs(&application), &self.surroundings());
                (rendering.map(Arc::new).map_err(|error| chain(&error)), follows)
            }
        };
        State { application, origin, has_parent: false, outcome: Arc::new(outcome), follows, reused: false }
    }

    fn inputs(&self, application: &Application) -> Inputs {
        let Previewer { kube_version, api_versions, strict, jsonnet, keys, memo, .. } = self.previewer;
        let mut inputs = rendering::inputs_of(application);
        inputs.kube_version.clone_from(kube_version);
        inputs.api_versions = api_versions.as_slice().into();
        inputs.strict = *strict;
        inputs.jsonnet.clone_from(jsonnet);
        inputs.digest_key = memo.as_ref().map_or(DigestKey::new([0; 32]), |(_, key)| key.clone());
        let directory = memo.as_ref().map(|(directory, _)| directory);
        inputs.keys = Some(keys.of_application(application, directory, &inputs.digest_key));
        inputs
    }

    fn surroundings(&self) -> Surroundings {
        let mut surroundings = Surroundings::none(Project::unlimited());
        surroundings.fetcher.clone_from(&self.previewer.fetcher);
        surroundings.lock = self.previewer.lock;
        surroundings.memo = self.previewer.memo.as_ref().map(|(directory, _)| directory.clone());
        surroundings.engine.clone_from(&self.previewer.build);
        surroundings.charts = self.previewer.charts.clone();
        surroundings
    }
}

/// The Applications whose render would not be the same with these paths changed.
fn touched(before: &Rendered, changed: &[TreePath], tree: &dyn Tree) -> Result<BTreeSet<Key>, PreviewError> {
    let mut affected: Affected<(Key, usize)> = Affected::new();
    let mut touched = BTreeSet::new();
    for (key, state) in &before.states {
        let Ok(rendering) = &*state.outcome else { continue };
        let follows = |index: usize| state.follows.get(index).copied().unwrap_or(true);
        let sources = state.application.sources();
        let mut reads = 0;
        let mut add = |one| {
            affected.insert((key.clone(), reads), one);
            reads += 1;
        };
        for source in &rendering.sources {
            if follows(source.source) {
                add(&source.reads);
                // Each commit has another id.
                if source.names_revision && !changed.is_empty() {
                    touched.insert(key.clone());
                }
            }
            for (name, of_reference) in &source.references {
                let index = sources.iter().position(|one| one.reference() == Some(name.as_str()));
                if index.is_none_or(follows) {
                    add(of_reference);
                }
            }
        }
    }
    let by = affected.by(changed, tree).map_err(PreviewError::Tree)?;
    touched.extend(by.into_iter().map(|(key, _)| key));
    Ok(touched)
}

/// What is known of Applications while they are rendered, and which are to be rendered next.
#[derive(Default)]
struct Round {
    found: Found,
    unexpanded: Vec<Unexpanded>,
    defined: BTreeMap<Key, Application>,
    with_parent: BTreeSet<Key>,
    pending: BTreeMap<Key, Defined>,
}

impl Round {
    /// Adds the Applications of the sets that were found to the others.
    fn expand(&mut self, side: &Side<'_>) {
        for DefinedSet { set, origin } in std::mem::take(&mut self.found.sets) {
            let expansion = sets::expand(&set, side.sources, &side.tree);
            let origin_of_each = format!("{origin}, ApplicationSet {}", set.name);
            let made = expansion.applications().cloned();
            self.found
                .applications
                .extend(made.map(|application| Defined { application, origin: origin_of_each.clone() }));
            if !expansion.is_complete() {
                let reasons: Vec<String> = expansion.problems().into_iter().map(|(_, message)| message).collect();
                self.unexpanded.push(Unexpanded { name: set.name, origin, reasons });
            }
        }
    }

    /// The Applications of files. Of two with one name the later counts.
    fn define(&mut self) {
        for defined in std::mem::take(&mut self.found.applications) {
            let key = identity(&defined.application);
            if self.defined.insert(key.clone(), defined.application.clone()).is_some() {
                let message =
                    format!("{}: the application `{}/{}` is defined a second time", defined.origin, key.0, key.1);
                self.found.warnings.push(message);
            }
            self.pending.insert(key, defined);
        }
    }

    /// Notes the Applications among the objects of one. What an Application renders to counts before a file that has it
    /// too, since that is what would be in the cluster.
    fn children(&mut self, state: &State, side: &Side<'_>) {
        let Ok(rendering) = &*state.outcome else { return };
        let origin = format!("application {}", state.application.name());
        let namespace = state.application.spec.destination.namespace().unwrap_or(CONTROL_NAMESPACE);
        for manifest in &rendering.objects {
            if manifest.object.group() == "argoproj.io" {
                self.found.add(&Value::Object(manifest.object.body().clone()), &origin, namespace);
            }
        }
        self.expand(side);
        for child in std::mem::take(&mut self.found.applications) {
            let key = identity(&child.application);
            let first = self.with_parent.insert(key.clone());
            match self.defined.get(&key) {
                Some(known) if known.spec == child.application.spec => {}
                Some(_) if !first => {
                    let message =
                        format!("{origin}: the application `{}/{}` is defined otherwise elsewhere", key.0, key.1);
                    self.found.warnings.push(message);
                }
                _ => {
                    self.defined.insert(key.clone(), child.application.clone());
                    self.pending.insert(key, child);
                }
            }
        }
    }
}
