//! How an engine carries plans out, and what its owner decides of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gitops_apply::ApplyPlan;
use gitops_apply::execute::Settings;
use gitops_apply::health::Checks;
use gitops_core::Timestamp;
use jiff::SignedDuration;

use crate::operator::SelfHeal;
use crate::settings::is_true;

/// The variable that says how many seconds lie between waves, as for Argo CD's controller.
pub const SYNC_WAVE_DELAY: &str = "ARGOCD_SYNC_WAVE_DELAY";

/// The variable that says whether the API server is asked what objects would be where their Application does not say it, as for Argo
/// CD's controller.
pub const SERVER_SIDE_DIFF: &str = "ARGOCD_APPLICATION_CONTROLLER_SERVER_SIDE_DIFF";

/// The variable that says how many seconds an operation may take, as for Argo CD's controller; none where it is nothing.
pub const SYNC_TIMEOUT: &str = "ARGOCD_APPLICATION_CONTROLLER_SYNC_TIMEOUT";

/// Argo CD's pause between waves, in seconds.
const ARGO_CD_WAVE_DELAY: i64 = 2;

/// Makes the health checks that a cluster's settings name; none where they name none.
pub type MakeChecks = Arc<dyn Fn(&BTreeMap<String, String>) -> Option<Arc<dyn Checks>> + Send + Sync>;

/// Which syncs are rehearsed: the API server is asked for every write what would come of it before the first one is made, so
/// that nothing is written where something would fail. It costs one call more for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rehearsal {
    /// None.
    #[default]
    Never,
    /// Those of several waves: an earlier one is not written where a later one would fail.
    Waves,
    /// All.
    Always,
}

impl Rehearsal {
    fn is_due(self, plan: &ApplyPlan) -> bool {
        match self {
            Self::Never => false,
            Self::Waves => plan.takes_turns(),
            Self::Always => true,
        }
    }
}

/// How plans are carried out.
#[derive(Clone)]
#[non_exhaustive]
pub struct Conduct {
    /// Which syncs are rehearsed.
    pub rehearsal: Rehearsal,
    /// The pause after each wave but the last, in which controllers notice what was written.
    pub wave_delay: SignedDuration,
    /// Whether an Application's status has the health of each resource, which costs a write whenever its words change. Argo CD
    /// has it where `controller.resource.health.persist` is set.
    pub keeps_health: bool,
    /// Whether the API server is asked what objects would be, where their Application does not say it.
    pub server_diff: bool,
    /// How heals of one revision lie apart.
    pub self_heal: SelfHeal,
    /// How long an operation of an operator may take with all its attempts, after which it is terminated; none where it may take as long
    /// as it does.
    pub sync_timeout: Option<SignedDuration>,
    /// Who makes the health checks that the settings name; without one, settings name none.
    pub checks: Option<MakeChecks>,
}

impl Default for Conduct {
    /// Nothing is rehearsed, and waves follow at once: right for a cluster that answers when all is done.
    fn default() -> Self {
        let (rehearsal, wave_delay) = (Rehearsal::Never, SignedDuration::ZERO);
        let (self_heal, sync_timeout) = (SelfHeal::default(), None);
        Self { rehearsal, wave_delay, keeps_health: true, server_diff: false, self_heal, sync_timeout, checks: None }
    }
}

impl fmt::Debug for Conduct {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rehearsal, wave_delay, keeps_health, server_diff, self_heal, sync_timeout, checks } = self;
        let checks = checks.is_some();
        out.debug_struct("Conduct")
            .field("rehearsal", rehearsal)
            .field("wave_delay", wave_delay)
            .field("keeps_health", keeps_health)
            .field("server_diff", server_diff)
            .field("self_heal", self_heal)
            .field("sync_timeout", sync_timeout)
            .field("checks", &checks)
            .finish()
    }
}

impl Conduct {
    /// As on a cluster with controllers of its own: Argo CD's two seconds between waves, or what its variables say of them and of
    /// comparisons. `variable` reads the environment.
    pub fn on_a_cluster(variable: impl Fn(&str) -> Option<String>) -> Self {
        let wave_delay = wave_delay(variable(SYNC_WAVE_DELAY).as_deref());
        let server_diff = variable(SERVER_SIDE_DIFF).as_deref().is_some_and(is_true);
        Self { wave_delay, server_diff, self_heal: SelfHeal::said(variable), ..Self::default() }
    }

    /// As of an operator: syncs of several waves are rehearsed as well, health is told of Applications only, and operations may have a
    /// time.
    pub fn of_an_operator(variable: impl Fn(&str) -> Option<String>) -> Self {
        let seconds = variable(SYNC_TIMEOUT).and_then(|text| text.trim().parse::<i32>().ok());
        let sync_timeout =
            seconds.filter(|seconds| *seconds > 0).map(|seconds| SignedDuration::from_secs(seconds.into()));
        Self { rehearsal: Rehearsal::Waves, keeps_health: false, sync_timeout, ..Self::on_a_cluster(variable) }
    }

    /// When an operation is terminated that began then.
    pub(crate) fn deadline(&self, started: Timestamp) -> Option<Timestamp> {
        self.sync_timeout.map(|time| started.checked_add(time).unwrap_or(Timestamp::MAX))
    }

    /// The same with health checks of the users' own.
    #[must_use]
    pub fn with_checks(mut self, checks: MakeChecks) -> Self {
        self.checks = Some(checks);
        self
    }

    /// The settings of an execution of a plan.
    pub(crate) fn settings(&self, plan: &ApplyPlan, wait: SignedDuration, checks: Option<Arc<dyn Checks>>) -> Settings {
        let mut settings = Settings::default();
        settings.wait = wait;
        settings.rehearse = self.rehearsal.is_due(plan);
        settings.wave_delay = self.wave_delay;
        settings.checks = checks;
        settings
    }
}

/// Whole seconds; two where nothing, or no number, is said. Argo CD does not sleep for less than no time.
fn wave_delay(said: Option<&str>) -> SignedDuration {
    let seconds = said.and_then(|text| text.parse::<i32>().ok()).map_or(ARGO_CD_WAVE_DELAY, i64::from);
    SignedDuration::from_secs(seconds.max(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_of_argo_cd_count() {
        let delay = |said: Option<&str>| Conduct::on_a_cluster(|_| said.map(str::to_owned)).wave_delay.as_secs();
        assert_eq!(delay(None), 2);
        for (said, seconds) in [("0", 0), ("7", 7), ("+3", 3), ("-1", 0), ("", 2), ("1.5", 2), ("soon", 2)] {
            assert_eq!(delay(Some(said)), seconds, "{said:?}");
        }
        assert_eq!(Conduct::default().wave_delay, SignedDuration::ZERO);
        let asks = |said: &str| {
            Conduct::of_an_operator(|name| (name == SERVER_SIDE_DIFF).then(|| said.to_owned())).server_diff
        };
        assert_eq!(["true", "1", "false", "", "yes"].map(asks), [true, true, false, false, false]);
    }

    #[test]
    fn an_execution_gets_what_the_owner_decided() {
        let conduct = Conduct::of_an_operator(|name| (name == SYNC_WAVE_DELAY).then(|| "5".to_owned()));
        let settings = conduct.settings(&plan(2), SignedDuration::from_mins(1), None);
        assert!(settings.rehearse && !settings.dry_run);
        assert_eq!((settings.wave_delay.as_secs(), settings.wait.as_secs()), (5, 60));
    }

    #[test]
    fn what_has_no_later_wave_is_rehearsed_only_where_everything_is() {
        let due = |rehearsal: Rehearsal| [1, 2].map(|waves| rehearsal.is_due(&plan(waves)));
        assert_eq!(due(Rehearsal::Never), [false, false]);
        assert_eq!(due(Rehearsal::Waves), [false, true]);
        assert_eq!(due(Rehearsal::Always), [true, true]);
        assert_eq!(Conduct::on_a_cluster(|_| None).rehearsal, Rehearsal::Never);
    }

    fn plan(waves: i64) -> ApplyPlan {
        let waves: Vec<_> = (0..waves).map(|wave| json!({"wave": wave, "batches": []})).collect();
        let names = ["cluster", "applicationNamespace", "application", "owner", "namespace"];
        let target: serde_json::Map<_, _> = names.map(|name| (name.to_owned(), json!("a"))).into_iter().collect();
        let phases = json!([{"phase": "Sync", "waves": waves}]);
        let source = json!({"revisions": [], "digest": "a"});
        let plan = json!({"version": 1, "source": source, "target": target, "phases": phases, "unchanged": 0});
        serde_json::from_value(plan).unwrap()
    }
}
