//! What a rule is made of.

use std::collections::BTreeMap;

use super::super::HealthStatus;
use super::path::{Operand, Path};

/// Rules by kind.
#[derive(Debug, Default)]
pub(super) struct Table {
    rules: Vec<Rule>,
    exact: BTreeMap<String, (usize, String)>,
    /// (group, what it ends with, kind or `*`) for the kinds with a star.
    patterns: Vec<(String, String, usize, String)>,
}

/// The statements of a rule.
pub(super) type Rule = Vec<Statement>;

#[derive(Debug)]
pub(super) enum Statement {
    /// A block for each item of a list or value of a map.
    Each(Path, Vec<Statement>),
    /// A block under tests.
    If(Vec<Test>, Vec<Statement>),
    /// What happens where all tests hold.
    Act(Vec<Test>, Action),
}

#[derive(Debug)]
pub(super) enum Action {
    /// Notes a health; the last one ends the rule.
    Verdict { status: Option<HealthStatus>, message: Option<Template>, last: bool },
    /// On to the next item.
    Next,
}

#[derive(Debug)]
pub(super) struct Test {
    pub(super) negated: bool,
    pub(super) left: Operand,
    pub(super) check: Check,
}

#[derive(Debug)]
pub(super) enum Check {
    /// A health was noted; of no value.
    Noted,
    Truthy,
    Exists,
    OneOf(Vec<Literal>),
    NoneOf(Vec<Literal>),
    Same(Operand),
    Differs(Operand),
    StartsWith(String),
    Order(Order, Operand),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Flag(bool),
}

/// A message: texts and places.
pub(super) type Template = Vec<Part>;

#[derive(Debug)]
pub(super) enum Part {
    Text(String),
    /// The first alternative that is there, in a form.
    Place(Vec<Alternative>, Form),
}

/// How a place is written.
#[derive(Debug)]
pub(super) enum Form {
    AsItIs,
    Lower,
    /// The keys of a map, with commas.
    Keys,
    /// The texts of a list, with commas.
    Joined,
    /// Without each occurrence of a text.
    Without(String),
}

#[derive(Debug)]
pub(super) enum Alternative {
    Label,
    Text(String),
    Value(Operand),
}

impl Table {
    /// Adds a rule for some kinds.
    pub(super) fn add(&mut self, kinds: Vec<(String, String)>, rule: Rule) {
        let index = self.rules.len();
        self.rules.push(rule);
        for (kind, label) in kinds {
            match kind.split_once('/') {
                Some((group, name)) if group.starts_with('*') || name == "*" => {
                    self.patterns.push((group.trim_start_matches('*').into(), name.into(), index, label));
                }
                _ => drop(self.exact.insert(kind, (index, label))),
            }
        }
    }

    /// Takes another table's rules over.
    pub(super) fn merge(&mut self, other: Self) {
        let offset = self.rules.len();
        self.rules.extend(other.rules);
        self.exact.extend(other.exact.into_iter().map(|(kind, (index, label))| (kind, (index + offset, label))));
        let patterns = other.patterns.into_iter();
        self.patterns.extend(patterns.map(|(group, kind, index, label)| (group, kind, index + offset, label)));
    }

    /// The rule for a kind with the kind's label; an exact one before one with a star.
    pub(super) fn find<'a>(&'a self, group: &str, kind: &'a str) -> Option<(&'a Rule, &'a str)> {
        let found = self.exact.get(&format!("{group}/{kind}"));
        let (index, label) = found.map(|(index, label)| (*index, label)).or_else(|| {
            let fits = |(end, name, _, _): &&(String, String, usize, String)| {
                let group_fits = if end.starts_with('.') { group.ends_with(end.as_str()) } else { group == end };
                group_fits && (name == "*" || name == kind)
            };
            self.patterns.iter().find(fits).map(|(_, _, index, label)| (*index, label))
        })?;
        let label = if label.is_empty() { kind } else { label };
        Some((self.rules.get(index)?, label))
    }
}
