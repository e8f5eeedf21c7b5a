//! Health checks that users write in Lua, as Argo CD reads them from `resource.customizations.health.GROUP_KIND` of its
//! settings: a script is given the object as `obj` and returns a table with `status` and `message`.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//! use gitops_core::{Object, Timestamp};
//! use gitops_lua::LuaChecks;
//! use serde_json::json;
//!
//! let script = "return {status = obj.status.phase == 'Up' and 'Healthy' or 'Progressing', message = obj.kind}";
//! let settings = BTreeMap::from([("resource.customizations.health.x.io_Widget".into(), script.into())]);
//! let metadata = json!({"name": "w"});
//! let widget = json!({"apiVersion": "x.io/v1", "kind": "Widget", "metadata": metadata, "status": {"phase": "Up"}});
//! let checks = LuaChecks::from_settings(&settings, Arc::new(Timestamp::now));
//! let health = checks.health(&Object::from_value(widget)?).unwrap()?;
//! assert_eq!(health.message, "Widget");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Argo CD's interpreter speaks Lua 5.1 with the `goto` of 5.2. Scripts run in Lua 5.2 with what 5.1 names otherwise, save
//! `setfenv` and `getfenv`: without files, programs, modules or other code, under a budget of instructions and one of memory, each
//! in a state of its own. Of `os` there are `time` and `date`, in UTC and at one moment for a whole run. What the budget of
//! instructions does not count is the inside of one call of the interpreter's own functions, such as a search for a pattern.
//!
//! # What this crate must not know
//! Clusters, networks, files and the time of day, which it is told. It sees of a Secret what may be shown. The interpreter is native code, which is why this
//! is a crate apart: what builds for the web builds without it.

mod clock;
mod sandbox;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gitops_apply::health::{Checks, Health, HealthStatus};
use gitops_core::{Clock, Object};

pub use sandbox::{Budget, CheckError};

const PREFIX: &str = "resource.customizations.health.";

/// The checks of some kinds.
#[derive(Clone)]
pub struct LuaChecks {
    /// By `group/Kind`, or `Kind` of the core group.
    scripts: BTreeMap<String, String>,
    budget: Budget,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for LuaChecks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scripts, budget, clock: _ } = self;
        out.debug_struct("LuaChecks").field("scripts", scripts).field("budget", budget).finish_non_exhaustive()
    }
}

impl LuaChecks {
    /// The checks among Argo CD's settings (`argocd-cm`). A `_` parts group and kind; `*` in either stands for anything, and `all`
    /// for any kind. Scripts ask `clock` for the time.
    pub fn from_settings(settings: &BTreeMap<String, String>, clock: Arc<dyn Clock>) -> Self {
        let script = |(key, script): (&String, &String)| {
            let kind = key.strip_prefix(PREFIX)?;
            let kind = if kind == "all" { "*".to_owned() } else { kind.replacen('_', "/", 1) };
            Some((kind, script.clone()))
        };
        Self { scripts: settings.iter().filter_map(script).collect(), budget: Budget::default(), clock }
    }

    /// What makes checks of settings for executions, and none where these have no check.
    pub fn maker(clock: Arc<dyn Clock>) -> impl Fn(&BTreeMap<String, String>) -> Option<Arc<dyn Checks>> {
        move |settings| {
            let checks = Self::from_settings(settings, Arc::clone(&clock));
            (!checks.scripts.is_empty()).then(|| Arc::new(checks) as Arc<dyn Checks>)
        }
    }

    /// The same checks under other budgets.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// The health of an object by the check for its kind; none where there is no check, or it says nothing.
    pub fn health(&self, object: &Object) -> Option<Result<Health, CheckError>> {
        sandbox::run(self.script(object)?, object, self.budget, self.clock.now()).transpose()
    }

    fn script(&self, object: &Object) -> Option<&str> {
        let (group, kind) = (object.group(), object.kind());
        let key = if group.is_empty() { kind.to_owned() } else { format!("{group}/{kind}") };
        let exact = self.scripts.get(&key);
        let pattern = || self.scripts.iter().find(|(pattern, _)| pattern.contains('*') && glob(pattern, &key));
        exact.or_else(|| pattern().map(|(_, script)| script)).map(String::as_str)
    }
}

impl Checks for LuaChecks {
    /// A check that fails says that the health cannot be told, and why, as in Argo CD.
    fn check(&self, object: &Object) -> Option<Health> {
        let told = self.health(object)?;
        Some(told.unwrap_or_else(|error| Health { status: HealthStatus::Unknown, message: error.to_string() }))
    }
}

/// `*` stands for any characters.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .any(|at| text.get(at..).is_some_and(|end| glob(rest, end)))
        }),
    }
}

#[cfg(test)]
mod tests;
