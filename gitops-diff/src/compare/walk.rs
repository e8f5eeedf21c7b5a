//! The walk over two values at once.

use gitops_core::{Object, Value};

use super::DiffError;
use crate::normalize::{self, Ignored};
use crate::owners::Owners;
use crate::path::Step;
use crate::shape::{Shape, Types};
use crate::{DiffContext, DiffKind, FieldDiff, FieldPath, ObjectDiff};

/// The state of one comparison. Everything is borrowed from the objects; it allocates only where they differ.
pub(super) struct Walk<'a> {
    pub(super) desired: &'a Object,
    pub(super) context: &'a DiffContext<'a>,
    pub(super) ignored: &'a Ignored,
    pub(super) types: Types<'a>,
    pub(super) owners: Owners<'a>,
    /// The way from the root to the values at hand.
    pub(super) steps: Vec<Step<'a>>,
    pub(super) found: Vec<FieldDiff>,
    /// Differences beyond the budget.
    pub(super) left_out: usize,
    /// The desired object with defaults filled in, made when it is first asked for; none inside where they are not known.
    pub(super) filled: Option<Option<Box<Value>>>,
    visited: usize,
}

/// Which live fields count that the other side lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extra {
    /// None: they belong to others, or are defaults.
    Allowed,
    /// Those that are no defaults: the value around them is written as a whole.
    UnlessDefault,
    /// All: the other side is what the server would store.
    Counted,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        desired: &'a Object,
        live: &'a Object,
        context: &'a DiffContext<'a>,
        ignored: &'a Ignored,
    ) -> Self {
        let types = Types::of(context.kinds, desired);
        let owners = Owners::new(live, context);
        let steps = Vec::with_capacity(16);
        Self {
            desired,
            context,
            ignored,
            types,
            owners,
            steps,
            found: Vec::new(),
            left_out: 0,
            filled: None,
            visited: 0,
        }
    }

    /// Compares two objects without secret payloads.
    pub(super) fn root(&mut self, want: &'a Object, have: &'a Object) -> Result<(), DiffError> {
        let extra = if self.context.predicted.is_some() { Extra::Counted } else { Extra::Allowed };
        self.maps(want.body(), have.body(), self.types.root, extra)
    }

    /// Compares two values that are both there.
    pub(super) fn values(
        &mut self,
        want: &'a Value,
        have: &'a Value,
        shape: Shape<'a>,
        extra: Extra,
    ) -> Result<(), DiffError> {
        self.visited += 1;
        if self.visited > self.context.budget.values {
            let limit = self.context.budget.values;
            return Err(DiffError::TooLarge { object: Box::new(self.desired.reference()), limit });
        }
        if self.ignored.has(want) || self.ignored.has(have) {
            return Ok(());
        }
        match (want, have) {
            (Value::Object(want), Value::Object(have)) => {
                self.check_depth()?;
                let extra = if extra == Extra::Allowed && shape.is_atomic_map() { Extra::UnlessDefault } else { extra };
                self.maps(want, have, shape, extra)
            }
            (Value::Array(left), Value::Array(right)) => {
                self.check_depth()?;
                self.lists((want, left), (have, right), shape, extra)
            }
            _ => {
                if !normalize::equal(want, have, shape, &self.steps) && !self.is_filled_in(want, have) {
                    self.report(Some(have), Some(want));
                }
                Ok(())
            }
        }
    }

    /// Whether a field at the end of the steps counts for nothing: the server or a controller writes it, or it is the object's
    /// identity.
    pub(super) fn never_differs(&self, key: &str) -> bool {
        let is_status = self.steps.is_empty() && key == "status";
        is_status && !self.context.status.counts(self.desired) || normalize::server_set::is_at(&self.steps, key)
    }

    /// Does something one step deeper.
    pub(super) fn below<T>(&mut self, step: Step<'a>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.steps.push(step);
        let result = work(self);
        self.steps.pop();
        result
    }

    pub(super) fn check_depth(&self) -> Result<(), DiffError> {
        let limit = self.context.budget.depth;
        if self.steps.len() < limit {
            return Ok(());
        }
        Err(DiffError::TooDeep {
            object: Box::new(self.desired.reference()),
            path: Box::new(FieldPath::of(&self.steps)),
            limit,
        })
    }

    pub(super) fn finish(self) -> ObjectDiff {
        let kind = if self.found.is_empty() { DiffKind::Same } else { DiffKind::Update };
        let mut out = ObjectDiff::new(self.desired.reference(), kind);
        out.fields = self.found;
        if self.left_out > 0 {
            out.warnings.push(format!("{} more differences are not listed", self.left_out));
        }
        out
    }
}
