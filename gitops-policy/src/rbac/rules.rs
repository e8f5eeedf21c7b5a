//! A policy: who may do what, and who has which roles.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::csv::fields;
use super::regular;
use crate::glob::Glob;

/// How long a chain of roles may be, as in casbin.
const MAX_ROLES: usize = 10;

/// How resources, actions and objects are written in a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatchMode {
    /// As globs, whose `*` crosses slashes.
    #[default]
    Glob,
    /// As regular expressions of RE2, of which a part of the text is enough.
    Regular,
}

impl MatchMode {
    /// The mode of a word in the configuration: anything but `regex` is globs.
    pub fn of(word: &str) -> Self {
        if word == "regex" { Self::Regular } else { Self::Glob }
    }
}

/// Why a policy cannot be used. One wrong line makes all of it unusable.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("policy line {line}: `{text}` is neither `p, subject, resource, action, object, effect` nor `g, member, role`")]
pub struct PolicyError {
    /// The line, counted from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

/// What is to be done to what.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The kind of thing, such as `applications`.
    pub resource: &'a str,
    /// The action, such as `sync` or `action/apps/Deployment/restart`.
    pub action: &'a str,
    /// The thing, such as `project/application`.
    pub object: &'a str,
}

/// The lines of a policy, compiled.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    permissions: BTreeMap<String, Vec<Permission>>,
    roles: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug)]
struct Permission {
    resource: Pattern,
    action: Pattern,
    object: Pattern,
    effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
    /// A word that is neither.
    None,
}

#[derive(Clone, Debug)]
enum Pattern {
    Glob(Glob),
    Regular(regex::Regex),
    Broken,
}

/// An expression that is none was reached: nothing is allowed then.
struct BrokenPattern;

impl Pattern {
    fn new(text: &str, mode: MatchMode) -> Self {
        match mode {
            MatchMode::Glob => Self::Glob(Glob::new(text)),
            MatchMode::Regular => regular::compile(text).map_or(Self::Broken, Self::Regular),
        }
    }

    fn matches(&self, text: &str) -> Result<bool, BrokenPattern> {
        match self {
            Self::Glob(glob) => Ok(glob.matches(text)),
            Self::Regular(regular) => Ok(regular.is_match(text)),
            Self::Broken => Err(BrokenPattern),
        }
    }
}

impl Rules {
    /// Reads a policy. Lines of casbin's other sections are taken and say nothing.
    pub(super) fn parse(text: &str, mode: MatchMode) -> Result<Self, PolicyError> {
        let mut rules = Self::default();
        for (index, line) in text.split('\n').enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || PolicyError { line: index + 1, text: line.into() };
            let fields = fields(line).ok_or_else(wrong)?;
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            match fields.as_slice() {
                ["p", subject, resource, action, object, effect] => {
                    rules.permit(subject, [resource, action, object], effect, mode);
                }
                ["g", member, role] => rules.give(member, role),
                ["r" | "e" | "m", ..] => {}
                _ => return Err(wrong()),
            }
        }
        Ok(rules)
    }

    pub(super) fn permit(&mut self, subject: &str, what: [&str; 3], effect: &str, mode: MatchMode) {
        let [resource, action, object] = what.map(|text| Pattern::new(text, mode));
        let effect = match effect {
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            _ => Effect::None,
        };
        self.permissions.entry(subject.into()).or_default().push(Permission { resource, action, object, effect });
    }

    pub(super) fn give(&mut self, member: &str, role: &str) {
        self.roles.entry(member.into()).or_default().push(role.into());
    }

    /// Whether somebody has a role by a line of it.
    pub(super) fn has_member(&self, member: &str) -> bool {
        self.roles.contains_key(member)
    }
}

/// Whether policies together let a subject do something: some line that is for it or one of its roles allows it, and none
/// denies it, in whatever order they stand.
pub(super) fn allow(layers: &[&Rules], subject: &str, request: Request<'_>) -> bool {
    let mut allowed = false;
    for who in subject_and_roles(layers, subject) {
        for permission in layers.iter().filter_map(|rules| rules.permissions.get(who)).flatten() {
            match (permission.matches(request), permission.effect) {
                (Ok(false), _) | (Ok(true), Effect::None) => {}
                (Ok(true), Effect::Allow) => allowed = true,
                (Ok(true), Effect::Deny) | (Err(BrokenPattern), _) => return false,
            }
        }
    }
    allowed
}

impl Permission {
    fn matches(&self, request: Request<'_>) -> Result<bool, BrokenPattern> {
        Ok(self.resource.matches(request.resource)?
            && self.action.matches(request.action)?
            && self.object.matches(request.object)?)
    }
}

fn subject_and_roles<'a>(layers: &[&'a Rules], subject: &'a str) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::from([subject]);
    let mut newest = vec![subject];
    for _ in 0..MAX_ROLES {
        let given = newest.iter().flat_map(|who| layers.iter().filter_map(|rules| rules.roles.get(*who)).flatten());
        newest = given.map(String::as_str).filter(|role| all.insert(role)).collect();
        if newest.is_empty() {
            break;
        }
    }
    all
}
