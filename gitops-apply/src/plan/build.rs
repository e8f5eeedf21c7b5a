use std::collections::{BTreeMap, BTreeSet, HashMap};

use gitops_core::annotations::DEPENDS_ON;
use gitops_core::{GroupKind, Object, ObjectId, ObjectRef};
use gitops_diff::ObjectDiff;
use thiserror::Error;

use super::prune::{Judged, Verdict};
use super::step::{hook_step, prune_step, write_step};
use super::{
    AdoptionPolicy, ApplyPlan, BudgetVerdict, Kept, KeptRule, PlanOptions, PlanSource, PlanTarget, PlannedPhase,
    PlannedWave, Step, StepAction, VERSION, prune,
};
use crate::hook::{self, Phase, Role};
use crate::inventory::Inventory;
use crate::order::{self, Cycle, Item};
use crate::prepare::{Desired, DesiredObject};
use crate::tracking::Owner;

/// Live objects: every desired and every listed one that is there. Only who has looked at all of them makes one.
#[derive(Clone, Debug, Default)]
pub struct Live(BTreeMap<ObjectId, Object>);

impl Live {
    /// The objects of a look that was complete: what is not among them is absent.
    pub fn complete(objects: impl IntoIterator<Item = Object>) -> Self {
        Self(objects.into_iter().map(|object| (object.id(), object)).collect())
    }

    /// Adds objects that were looked for in another way.
    pub fn extend(&mut self, objects: impl IntoIterator<Item = Object>) {
        self.0.extend(objects.into_iter().map(|object| (object.id(), object)));
    }

    /// Takes these for absent.
    pub fn hide<'a>(&mut self, hidden: impl IntoIterator<Item = &'a ObjectId>) {
        for id in hidden {
            self.0.remove(id);
        }
    }

    /// One object.
    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.0.get(id)
    }
}

/// What a plan is made from.
#[derive(Debug)]
pub struct PlanInput<'a> {
    /// Where the desired objects come from.
    pub source: PlanSource,
    /// Where they go.
    pub target: PlanTarget,
    /// The desired objects.
    pub desired: &'a Desired,
    /// What is there.
    pub live: &'a Live,
    /// How each desired resource differs from its live object.
    pub diffs: &'a BTreeMap<ObjectId, ObjectDiff>,
    /// What was put there before.
    pub inventory: &'a Inventory,
    /// The policy.
    pub options: &'a PlanOptions,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Objects wait for each other.
    #[error("the resources cannot be ordered")]
    Cycle(#[source] Cycle),
    /// The cluster does not serve a kind.
    #[error("`{}`: the cluster does not know the kind `{}`, and no definition among the resources brings it{}",
        .0.id, .0.id.kind, more(.1))]
    UnknownKind(ObjectRef, Vec<ObjectRef>),
    /// A dependency is not among the resources.
    #[error("`{object}`: depends on `{dependency}`, which is not among the resources")]
    UnknownDependency {
        /// The object.
        object: ObjectId,
        /// What it names.
        dependency: String,
    },
    /// An object belongs to another application, and that is refused.
    #[error("`{object}` belongs to the application `{owner}`")]
    Shared {
        /// The object.
        object: ObjectId,
        /// Its owner.
        owner: String,
    },
    /// An object is there already, nobody owns it, and adopting is refused.
    #[error("`{0}` is in the cluster already, no application owns it, and adopting objects is off")]
    Unowned(ObjectId),
    /// An object was not compared.
    #[error("`{0}` was not compared with the cluster")]
    NotCompared(ObjectId),
}

/// Says every write.
///
/// # Errors
/// Where objects cannot be ordered, a kind is unknown, or an object belongs to another application and that is refused.
pub fn plan(input: PlanInput<'_>) -> Result<ApplyPlan, PlanError> {
    known_kinds(&input)?;
    let mut draft = Draft {
        input: &input,
        only: input.options.only.iter().collect(),
        items: Vec::new(),
        entries: Vec::new(),
        kept: Vec::new(),
        warnings: input.desired.warnings.clone(),
    };
    if !input.options.deletion {
        draft.resources()?;
    }
    let gone = draft.prunes();
    draft.hooks(gone.iter().any(|(gone, _)| matches!(gone, Gone::Deleted(_))));
    draft.place_prunes(gone);
    draft.move_ahead();
    draft.dependencies()?;
    draft.finish()
}

fn more(others: &[ObjectRef]) -> String {
    if others.is_empty() { String::new() } else { format!("; the same of {} more objects", others.len()) }
}

fn known_kinds(input: &PlanInput<'_>) -> Result<(), PlanError> {
    const SKIP: &str = "SkipDryRunOnMissingResource";
    if input.desired.unknown_kinds.is_empty() || input.options.sync_options.is_true(SKIP) {
        return Ok(());
    }
    let unknown = |one: &&DesiredObject| {
        let kind = GroupKind::new(one.object.group(), one.object.kind());
        input.desired.unknown_kinds.contains_key(&kind) && !hook::has_option(&one.object, &format!("{SKIP}=true"))
    };
    let all = input.desired.resources.values().chain(&input.desired.hooks);
    let mut refused = all.filter(unknown).map(|one| one.object.reference());
    match refused.next() {
        Some(first) => Err(PlanError::UnknownKind(first, refused.collect())),
        None => Ok(()),
    }
}

/// What stands behind an item of the order.
enum Entry {
    Write(Box<Step>),
    /// An object that is as it should be.
    Unchanged(ObjectRef),
}

/// An object that the source no longer has.
enum Gone {
    Deleted(Box<Step>),
    Kept(Kept),
}

struct Draft<'a> {
    input: &'a PlanInput<'a>,
    only: BTreeSet<&'a ObjectId>,
    items: Vec<Item>,
    entries: Vec<Entry>,
    kept: Vec<Kept>,
    warnings: Vec<String>,
}

impl<'a> Draft<'a> {
    fn push(&mut self, item: Item, entry: Entry) {
        self.items.push(item);
        self.entries.push(entry);
    }

    fn selected(&self, id: &ObjectId) -> bool {
        self.only.is_empty() || self.only.contains(id)
    }

    fn resources(&mut self) -> Result<(), PlanError> {
        let input = self.input;
        for (id, desired) in &input.desired.resources {
            // A selection does not have to name the namespace that it needs.
            let made = input.desired.created_namespace.as_ref() == Some(id);
            if !self.selected(id) && !made {
                continue;
            }
            let live = input.live.get(id);
            let adopts = self.adopts(id, live, made)?;
            let diff = input.diffs.get(id).ok_or_else(|| PlanError::NotCompared(id.clone()))?;
            if made && diff.is_same() {
                continue;
            }
            let (phase, wave) = if made { (Phase::PreSync, 0) } else { (Phase::Sync, desired.wave) };
            let item = Item::new(phase, wave, id.clone());
            let entry = match live {
                _ if diff.is_same() => Entry::Unchanged(desired.object.reference()),
                live => Entry::Write(Box::new(write_step(desired, live, diff, adopts, input.options))),
            };
            self.push(item, entry);
        }
        Ok(())
    }

    /// Whether writing an object makes it this application's.
    fn adopts(&mut self, id: &ObjectId, live: Option<&Object>, made: bool) -> Result<bool, PlanError> {
        let input = self.input;
        let Some(live) = live else { return Ok(false) };
        if input.options.sync_options.is_true("FailOnSharedResource")
            && let Some(owner) = input.target.shared_with(live)
        {
            return Err(PlanError::Shared { object: id.clone(), owner: owner.into() });
        }
        match input.target.owner_of(live) {
            Owner::Other(owner) => {
                self.warnings.push(format!("`{id}` belongs to the application `{owner}` too"));
                Ok(false)
            }
            Owner::Nobody => {
                // An object that this application wrote and somebody took the mark from is no stranger's.
                let listed = input.inventory.entries.get(id).and_then(|entry| entry.uid.as_deref());
                let own = made || listed.is_some() && listed == live.uid();
                match input.options.adoption {
                    AdoptionPolicy::Refuse if !own => Err(PlanError::Unowned(id.clone())),
                    _ => Ok(!own),
                }
            }
            Owner::Ours => Ok(false),
        }
    }

    /// Hooks run when something is written, or when the last sync that came to its end was of another render.
    fn hooks(&mut self, prunes: bool) {
        let input = self.input;
        let writes = prunes || self.entries.iter().any(|entry| matches!(entry, Entry::Write(_)));
        let new = input.inventory.synced_digest.as_deref() != Some(input.source.digest.as_str());
        let due = input.options.deletion || writes || new;
        if input.options.without_hooks || !input.options.only.is_empty() || !due {
            return;
        }
        let hooks = match input.options.deletion {
            true => &input.desired.deletion_hooks,
            false => &input.desired.hooks,
        };
        for desired in hooks {
            let Role::Hook { phases, delete } = &desired.role else { continue };
            for (index, phase) in phases.iter().enumerate() {
                let mut step = hook_step(desired, delete, input.live, input.options);
                if index > 0 && !desired.object.name().is_empty() {
                    step.reason = "a hook of this sync, as the earlier phase left it".into();
                }
                self.push(Item::new(*phase, desired.wave, step.object.id.clone()), Entry::Write(Box::new(step)));
            }
        }
    }

    /// What is deleted, and what of it is kept: both count among the waves of deletions.
    fn prunes(&mut self) -> Vec<(Gone, &'a Object)> {
        let input = self.input;
        let hooks: BTreeSet<ObjectId> = input.desired.hooks.iter().map(|hook| hook.object.id()).collect();
        let desired = |id: &ObjectId| input.desired.resources.contains_key(id) || input.desired.skipped.contains(id);
        let wanted = |id: &ObjectId| !input.options.deletion && desired(id);
        let gone = input.inventory.entries.iter().filter(|(id, _)| !wanted(id));
        let mut found = Vec::new();
        for (id, entry) in gone.filter(|(id, _)| !hooks.contains(*id)) {
            let Some(live) = input.live.get(id).filter(|_| self.selected(id)) else { continue };
            let object = id.at_version(entry.version.as_str());
            let judged = Judged { target: &input.target, entry, live, options: input.options };
            match prune::judge(&judged) {
                Verdict::Delete { uid, unconfirmed } => {
                    let step = Box::new(prune_step(object, uid, unconfirmed, input.options));
                    found.push((Gone::Deleted(step), live));
                }
                Verdict::Keep(KeptRule::NotOurs, reason) => {
                    self.kept.push(Kept { object, reason, rule: KeptRule::NotOurs, wave: 0 });
                }
                Verdict::Keep(rule, reason) => found.push((Gone::Kept(Kept { object, reason, rule, wave: 0 }), live)),
            }
        }
        found
    }

    /// Deletions get the waves of their objects in the reverse order; with `PruneLast`, one after every other of the phase.
    fn place_prunes(&mut self, found: Vec<(Gone, &Object)>) {
        let waves = prune_waves(found.iter().map(|(_, live)| hook::wave(live)));
        let in_phase = self.items.iter().filter(|item| item.phase == Phase::Sync).map(|item| item.wave);
        let highest = in_phase.chain(waves.values().copied()).max().unwrap_or(0).max(0);
        for (gone, live) in found {
            let last = hook::has_option(live, "PruneLast=true") || self.input.options.sync_options.is_true("PruneLast");
            let own = hook::wave(live);
            let wave = if last { highest.saturating_add(1) } else { waves.get(&own).copied().unwrap_or(own) };
            match gone {
                Gone::Kept(kept) => self.kept.push(Kept { wave, ..kept }),
                Gone::Deleted(step) => {
                    let mut item = Item::new(Phase::Sync, wave, step.object.id.clone());
                    item.removal = true;
                    self.push(item, Entry::Write(step));
                }
            }
        }
    }

    /// A namespace moves to just before the first object that lives in it, and a definition to just before the first object
    /// of its kind: each takes over that object's phase and wave.
    fn move_ahead(&mut self) {
        let mut first_in: HashMap<&str, (Phase, i64)> = HashMap::new();
        let mut first_of: HashMap<(&str, &str), (Phase, i64)> = HashMap::new();
        for item in self.items.iter().filter(|item| !item.removal) {
            let at = (item.phase, item.wave);
            if let Some(namespace) = item.id.namespace.as_deref() {
                first_in.entry(namespace).and_modify(|first| *first = at.min(*first)).or_insert(at);
            }
            let kind = (item.id.group.as_str(), item.id.kind.as_str());
            first_of.entry(kind).and_modify(|first| *first = at.min(*first)).or_insert(at);
        }
        let ahead = |item: &Item| -> Option<(Phase, i64)> {
            match item.id.kind.as_str() {
                "Namespace" if item.id.group.is_empty() => first_in.get(item.id.name.as_str()).copied(),
                "CustomResourceDefinition" => {
                    let object = &self.input.desired.resources.get(&item.id)?.object;
                    let kind = (object.text(&["spec", "group"])?, object.text(&["spec", "names", "kind"])?);
                    first_of.get(&kind).copied()
                }
                _ => None,
            }
        };
        let moves: Vec<_> = self.items.iter().map(|item| if item.removal { None } else { ahead(item) }).collect();
        for (item, to) in self.items.iter_mut().zip(moves) {
            if let Some((phase, wave)) = to.filter(|to| *to < (item.phase, item.wave)) {
                (item.phase, item.wave) = (phase, wave);
            }
        }
    }

    fn dependencies(&mut self) -> Result<(), PlanError> {
        let named: Vec<(usize, String)> = self.depending();
        if named.is_empty() {
            return Ok(());
        }
        let places: HashMap<String, usize> =
            self.items.iter().enumerate().map(|(place, item)| (item.id.to_string(), place)).collect();
        for (place, list) in named {
            for dependency in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let Some(item) = self.items.get_mut(place) else { continue };
                match places.get(dependency) {
                    Some(before) => item.after.push(*before),
                    // One that was not selected is left as it is.
                    None if !self.only.is_empty() => {}
                    None => {
                        let (object, dependency) = (item.id.clone(), dependency.to_owned());
                        return Err(PlanError::UnknownDependency { object, dependency });
                    }
                }
            }
        }
        Ok(())
    }

    fn depending(&self) -> Vec<(usize, String)> {
        let desired = self.input.desired;
        let resource = |item: &Item| desired.resources.get(&item.id).filter(|_| !item.removal);
        let list = |(place, item): (usize, &Item)| {
            let list = resource(item)?.object.annotation(DEPENDS_ON)?;
            Some((place, list.to_owned()))
        };
        self.items.iter().enumerate().filter_map(list).collect()
    }

    fn finish(self) -> Result<ApplyPlan, PlanError> {
        let groups = order::order(&self.items).map_err(PlanError::Cycle)?;
        let places = groups.iter().flat_map(|group| group.batches.iter().flatten());
        let written = places.filter(|place| matches!(self.entries.get(**place), Some(Entry::Write(_))));
        let numbers: HashMap<usize, u32> = written.zip(1u32..).map(|(place, number)| (*place, number)).collect();
        let depended_on: BTreeSet<usize> = self.items.iter().flat_map(|item| item.after.iter().copied()).collect();
        let unchanged_objects: HashMap<usize, ObjectRef> = depended_on
            .into_iter()
            .filter_map(|place| match self.entries.get(place) {
                Some(Entry::Unchanged(object)) => Some((place, object.clone())),
                _ => None,
            })
            .collect();
        let mut entries: Vec<Option<Entry>> = self.entries.into_iter().map(Some).collect();
        let depended_on_objects: BTreeSet<ObjectRef> = unchanged_objects.values().cloned().collect();
        let out_of_sync_only = self.input.options.sync_options.is_true("ApplyOutOfSyncOnly");
        let mut phases: Vec<PlannedPhase> = Vec::new();
        let mut unchanged = 0;
        for group in groups {
            let mut wave = PlannedWave { wave: group.wave, batches: Vec::new(), awaited: Vec::new() };
            for batch in group.batches {
                let mut steps = Vec::new();
                for place in batch {
                    match entries.get_mut(place).and_then(Option::take) {
                        Some(Entry::Write(mut step)) => {
                            let before = self.items.get(place).map(|item| item.after.as_slice()).unwrap_or_default();
                            step.number = numbers.get(&place).copied().unwrap_or_default();
                            step.after = before.iter().filter_map(|place| numbers.get(place).copied()).collect();
                            step.awaits =
                                before.iter().filter_map(|place| unchanged_objects.get(place).cloned()).collect();
                            steps.push(*step);
                        }
                        Some(Entry::Unchanged(object)) => wave.awaited.push(object),
                        None => {}
                    }
                }
                if !steps.is_empty() {
                    wave.batches.push(steps);
                }
            }
            unchanged += wave.awaited.len();
            if out_of_sync_only {
                wave.awaited.retain(|object| depended_on_objects.contains(object));
            }
            match phases.last_mut() {
                Some(last) if last.phase == group.phase => last.waves.push(wave),
                _ => phases.push(PlannedPhase { phase: group.phase, waves: vec![wave] }),
            }
        }
        if numbers.is_empty() {
            phases.clear();
        }
        let PlanInput { source, target, inventory, options, .. } = self.input;
        let mut plan = ApplyPlan {
            version: VERSION,
            source: source.clone(),
            target: target.clone(),
            phases,
            kept: self.kept,
            unchanged,
            budget: None,
            partial: !self.only.is_empty(),
            deletion: options.deletion,
            warnings: self.warnings,
        };
        let (deletions, listed) = (plan.count(StepAction::Prune), inventory.entries.len());
        plan.budget = (deletions > 0).then(|| {
            let refused = options.budget.refuses(deletions, listed);
            BudgetVerdict { deletions, listed, refused }
        });
        Ok(plan)
    }
}

/// Waves of deletions in the reverse order: the first distinct wave changes places with the last, and so on.
fn prune_waves(waves: impl Iterator<Item = i64>) -> BTreeMap<i64, i64> {
    let distinct: BTreeSet<i64> = waves.collect();
    distinct.iter().copied().zip(distinct.iter().rev().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_of_deletions_are_swapped() {
        let waves = prune_waves([0, 5, 2, 0].into_iter());
        assert_eq!(waves, BTreeMap::from([(0, 5), (2, 2), (5, 0)]));
    }
}
