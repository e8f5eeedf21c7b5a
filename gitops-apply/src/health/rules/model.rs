//! What a rule is made of.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::super::HealthStatus;
use super::parse;
use super::path::{Operand, Path};

/// Rules by kind.
#[derive(Debug, Default)]
pub(super) struct Table {
    rules: Vec<Lazy>,
    exact: HashMap<&'static str, Found>,
    /// What the group ends with, and the kind or `*`, for the kinds with a star.
    patterns: Vec<(&'static str, &'static str, Found)>,
}

/// The place of a rule, and the label of the kind that it is for.
type Found = (usize, &'static str);

/// A rule is read when an object of its kind is first seen: few of the kinds are in a cluster.
#[derive(Debug)]
struct Lazy {
    text: &'static str,
    rule: OnceLock<Rule>,
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
    /// Adds a rule: the line with its kinds, and those below it.
    pub(super) fn add(&mut self, head: &'static str, text: &'static str) {
        let place = self.rules.len();
        self.rules.push(Lazy { text, rule: OnceLock::new() });
        for (kind, label) in parse::kinds(head) {
            match kind.split_once('/') {
                Some((group, name)) if group.starts_with('*') || name == "*" => {
                    self.patterns.push((group.trim_start_matches('*'), name, (place, label)));
                }
                _ => drop(self.exact.insert(kind, (place, label))),
            }
        }
    }

    /// The rule for a kind with the kind's label; an exact one before one with a star.
    pub(super) fn find<'a>(&'a self, group: &str, kind: &'a str) -> Option<(&'a Rule, &'a str)> {
        let exact = self.exact.get(format!("{group}/{kind}").as_str());
        let (place, label) = exact.copied().or_else(|| {
            let fits = |(end, name, _): &&(&str, &str, Found)| {
                let group_fits = if end.starts_with('.') { group.ends_with(end) } else { group == *end };
                group_fits && (*name == "*" || *name == kind)
            };
            self.patterns.iter().find(fits).map(|(_, _, found)| *found)
        })?;
        let lazy = self.rules.get(place)?;
        // A line that cannot be read is dropped; a test refuses it.
        let rule = lazy.rule.get_or_init(|| parse::rule(lazy.text).0);
        Some((rule, if label.is_empty() { kind } else { label }))
    }
}
