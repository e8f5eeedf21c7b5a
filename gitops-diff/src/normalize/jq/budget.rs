//! What an evaluation pays with, and the filters that take it.

use std::cell::Cell;

use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, run, v};
use jaq_core::{DataT, Error, Exn, Lut, Native};
use jaq_json::{Num, Val};

use super::value;

/// Steps that are left. Once spent it stays spent.
pub(super) struct Budget {
    left: Cell<u64>,
}

impl Budget {
    pub(super) fn new(steps: u64) -> Self {
        Self { left: Cell::new(steps) }
    }

    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    fn pay(&self, steps: u64) -> bool {
        self.left.set(self.left.get().saturating_sub(steps));
        !self.is_spent()
    }
}

/// The data of one evaluation.
#[derive(Clone)]
pub(super) struct Data<'a> {
    pub(super) lut: &'a Lut<Engine>,
    pub(super) budget: &'a Budget,
}

/// Ties jaq's values to [`Data`].
pub(super) struct Engine;

impl DataT for Engine {
    type V<'a> = Val;
    type Data<'a> = Data<'a>;
}

impl<'a> jaq_core::data::HasLut<'a, Engine> for Data<'a> {
    fn lut(&self) -> &'a Lut<Engine> {
        self.lut
    }
}

/// A filter that makes its input pay: filters are function pointers and capture nothing, so each meter has its own.
macro_rules! meter {
    ($meter:expr) => {
        (
            $meter.name(),
            v(0),
            Native::<Engine>::new(|(ctx, value)| box_once(check($meter.pay(ctx.data().budget, &value), value)))
                .with_paths(|(ctx, at)| box_once(check($meter.pay(ctx.data().budget, &at.0), at)))
                .with_update(|(ctx, value), update| match check($meter.pay(ctx.data().budget, &value), value) {
                    Ok(value) => update(value),
                    Err(spent) => box_once(Err(spent)),
                }),
        )
    };
}

/// A filter that passes its input on, for a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meter {
    /// One step.
    Step,
    /// As many steps as the input holds values.
    Weigh,
    /// That, times the size of the largest pattern: for what searches with regular expressions.
    Search,
    /// That, squared: for what compares everything in one value to everything in another.
    Square,
}

impl Meter {
    /// The filter's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Step => "metered_step",
            Self::Weigh => "metered_weigh",
            Self::Search => "metered_search",
            Self::Square => "metered_square",
        }
    }

    fn pay(self, budget: &Budget, value: &Val) -> bool {
        let before = budget.left.get();
        if self == Self::Step {
            return budget.pay(1);
        }
        if !weigh(budget, value, MAX_DEPTH) {
            return budget.pay(u64::MAX);
        }
        let weight = before - budget.left.get();
        match self {
            Self::Step | Self::Weigh => true,
            Self::Search => budget.pay(weight.saturating_mul(64)),
            Self::Square => budget.pay(weight.saturating_mul(weight)),
        }
    }
}

/// Every filter that is written in Rust.
pub(super) fn functions() -> impl Iterator<Item = Fun<Engine>> {
    let library = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    library.filter(|(name, ..)| *name != "fromjson").chain([
        meter!(Meter::Step),
        meter!(Meter::Weigh),
        meter!(Meter::Search),
        meter!(Meter::Square),
        from_json(),
    ])
}

/// Ends the evaluation where the budget is spent. A halt passes through `try`, `?` and `//`; an error would not.
fn check<'a, T>(paid: bool, value: T) -> Result<T, Exn<'a, Val>> {
    if paid { Ok(value) } else { Err(Exn::halt(1)) }
}

/// Deepest value that a filter may make.
const MAX_DEPTH: usize = 200;
/// Bytes of text that cost one step.
const BYTES: usize = 8;

/// Pays for every value and text in a value; false where that is too much or too deep.
fn weigh(budget: &Budget, value: &Val, depth: usize) -> bool {
    let bytes = |len: usize| budget.pay(1 + (len / BYTES) as u64);
    if depth == 0 {
        return false;
    }
    match value {
        Val::Null | Val::Bool(_) => bytes(0),
        Val::Num(Num::BigInt(number)) => bytes(usize::try_from(number.bits() / 8).unwrap_or(usize::MAX)),
        Val::Num(Num::Dec(text)) => bytes(text.len()),
        Val::Num(_) => bytes(0),
        Val::BStr(text) | Val::TStr(text) => bytes(text.len()),
        Val::Arr(items) => bytes(0) && items.iter().all(|item| weigh(budget, item, depth - 1)),
        Val::Obj(map) => {
            bytes(0) && map.iter().all(|(key, item)| weigh(budget, key, depth - 1) && weigh(budget, item, depth - 1))
        }
    }
}

/// `fromjson` by a parser that refuses what is nested too deeply.
fn from_json() -> Fun<Engine> {
    run(("fromjson", v(0), |(_, value): (_, Val)| {
        let parsed = match &value {
            Val::TStr(text) => serde_json::from_slice(text).ok(),
            _ => None,
        };
        let parsed = parsed.map(|parsed| value::from_value(&parsed));
        box_once(parsed.ok_or_else(|| Exn::from(Error::str("not a JSON text"))))
    }))
}
