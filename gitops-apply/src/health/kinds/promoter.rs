//! GitOps Promoter: a Ready condition everywhere, and what each kind tells beyond it.

use gitops_core::{Object, Value};

use super::super::Health;
use super::super::HealthStatus::{Degraded, Healthy, Progressing};
use super::super::fields::list;
use super::{generation, has, items, raw_conditions, text};

/// The words of a kind.
struct Words {
    /// The kind in the middle of a sentence.
    noun: &'static str,
    /// The kind at the start of a message about its readiness.
    title: &'static str,
    failed: &'static str,
    unready: &'static str,
    /// Of a readiness that is unknown, where that counts.
    unknown: Option<&'static str>,
}

const RECONCILED: Words =
    Words { noun: "", title: "", failed: "reconciliation failed", unready: "reconciliation failed", unknown: None };
const VALIDATED: Words = Words {
    noun: "",
    title: "",
    failed: "validation failed",
    unready: "not ready",
    unknown: Some("readiness unknown"),
};
const GATED: Words =
    Words { noun: "", title: "", failed: "failed", unready: "not ready", unknown: Some("status unknown") };

fn words(kind: &str) -> Option<Words> {
    Some(match kind {
        "ArgoCDCommitStatus" => Words { noun: "Argo CD commit status", title: "Argo CD commit status", ..RECONCILED },
        "ChangeTransferPolicy" => {
            Words { noun: "change transfer policy", title: "Change transfer policy", ..RECONCILED }
        }
        "CommitStatus" => Words { noun: "commit status", title: "Commit status", ..RECONCILED },
        "PromotionStrategy" => Words { noun: "promotion strategy", title: "Promotion strategy", ..RECONCILED },
        "PullRequest" => Words { noun: "pull request", title: "Pull request", ..RECONCILED },
        "ClusterScmProvider" => Words { noun: "cluster SCM provider", title: "Cluster SCM provider", ..VALIDATED },
        "GitRepository" => Words { noun: "Git repository", title: "Git repository", ..VALIDATED },
        "ScmProvider" => Words { noun: "SCM provider", title: "SCM provider", ..VALIDATED },
        "GitCommitStatus" => Words { noun: "git commit validation", title: "Git commit validation", ..GATED },
        "TimedCommitStatus" => Words { noun: "timed commit gate", title: "Timed commit gate", ..GATED },
        "WebRequestCommitStatus" => Words {
            noun: "web request commit validation",
            title: "Web request commit validation",
            unknown: Some("unknown"),
            ..GATED
        },
        _ => return None,
    })
}

impl Words {
    /// The newer kinds call themselves by their kind where they speak of themselves.
    fn subject<'a>(&self, kind: &'a str) -> &'a str
    where
        Self: 'a,
    {
        if self.unknown.is_some() { kind } else { self.noun }
    }
}

/// What each finalizer waits for, and what is risked by taking it away.
const FINALIZERS: [(&str, &str, &str, &str); 6] = [
    (
        "ChangeTransferPolicy",
        "changetransferpolicy.promoter.argoproj.io/finalizer",
        "Waiting to clear related PullRequest finalizers and finish cleanup before this policy is removed.",
        "The 'changetransferpolicy.promoter.argoproj.io/pullrequest-finalizer' finalizer may not be cleaned up from \
         PullRequests owned by this ChangeTransferPolicy.",
    ),
    (
        "ClusterScmProvider",
        "clusterscmprovider.promoter.argoproj.io/finalizer",
        "Waiting until no GitRepository still references this cluster-wide SCM provider.",
        "GitRepository objects can reference a provider that no longer exists.",
    ),
    (
        "GitRepository",
        "gitrepository.promoter.argoproj.io/finalizer",
        "Waiting until no non-deleting PullRequests still reference this repository.",
        "repository metadata may be removed while promotions still depend on it.",
    ),
    (
        "PullRequest",
        "pullrequest.promoter.argoproj.io/finalizer",
        "Waiting for SCM closure or reconciliation of the pull request.",
        "the real PR can stay open after the CR is gone.",
    ),
    (
        "PullRequest",
        "changetransferpolicy.promoter.argoproj.io/pullrequest-finalizer",
        "Waiting for the ChangeTransferPolicy to observe PR identity and state.",
        "promotion status or history can be wrong or racy.",
    ),
    (
        "ScmProvider",
        "scmprovider.promoter.argoproj.io/finalizer",
        "Waiting until no GitRepository in this namespace still references this provider.",
        "GitRepository objects can reference a provider that no longer exists.",
    ),
];

/// What is said of an object of this family while it is being deleted.
pub(in super::super) fn deletion(object: &Object) -> Option<String> {
    if object.group() != "promoter.argoproj.io" {
        return None;
    }
    let kind = object.kind();
    let words = words(kind)?;
    let subject = if words.unknown.is_some() { kind } else { words.title };
    if !FINALIZERS.iter().any(|(of, ..)| *of == kind) {
        return Some(format!("{subject} is being deleted"));
    }
    let mut message = format!("{subject} is being deleted.");
    for finalizer in list(object, &["metadata", "finalizers"]) {
        let known = FINALIZERS.iter().find(|(of, name, ..)| *of == kind && finalizer == name);
        if let Some((_, name, wait, risk)) = known {
            message.push_str(&format!(" {name}: {wait} Risk if removed manually: {risk}"));
        }
    }
    Some(message)
}

pub(super) fn health(object: &Object) -> Option<Health> {
    let kind = object.kind();
    let words = words(kind)?;
    if !has(object, &["status"]) {
        return Some(Health::new(Progressing, format!("Initializing {}", words.noun)));
    }
    Some(readiness(object, &words).unwrap_or_else(|| match kind {
        "ArgoCDCommitStatus" => tracked(object),
        "ChangeTransferPolicy" => transfer(object),
        "CommitStatus" => commit_status(object),
        "PromotionStrategy" => strategy(object),
        "PullRequest" => pull_request(object),
        "GitCommitStatus" => environments(object, &words, "Git commit validation", "passed"),
        "TimedCommitStatus" => environments(object, &words, "Timed commit gate", "satisfied"),
        "WebRequestCommitStatus" => environments(object, &words, "Web request validation", "passed"),
        _ => Health::new(Healthy, format!("{} is ready", words.title)),
    }))
}

/// What the Ready condition says, where it does not say that all is well.
fn readiness(object: &Object, words: &Words) -> Option<Health> {
    let subject = words.subject(object.kind());
    let mut found = false;
    for condition in raw_conditions(object) {
        let kind = text(condition, "type").unwrap_or_default();
        if kind != "Ready" && !(kind == "Reconciled" && object.kind() == "PullRequest") {
            continue;
        }
        found = true;
        let observed = condition.get("observedGeneration").and_then(Value::as_i64);
        if observed.zip(generation(object)).is_some_and(|(observed, wanted)| observed != wanted) {
            return Some(Health::new(Progressing, format!("Waiting for {subject} spec update to be observed")));
        }
        let reason = text(condition, "reason").unwrap_or("Unknown");
        match (text(condition, "status"), words.unknown) {
            (Some("False"), _) => {
                let message = text(condition, "message").unwrap_or("Unknown error");
                let text = match reason {
                    "ReconciliationError" => format!("{} {}: {message}", words.title, words.failed),
                    _ => format!("{} {} ({reason}): {message}", words.title, words.unready),
                };
                return Some(Health::new(Degraded, text));
            }
            (Some("Unknown"), Some(unknown)) => {
                let message = text(condition, "message").unwrap_or("Unknown");
                return Some(Health::new(Progressing, format!("{} {unknown} ({reason}): {message}", words.title)));
            }
            _ => {}
        }
    }
    let missing = match words.unknown {
        Some(_) => format!("{subject} Ready condition is missing"),
        None => format!("{} is not ready yet", words.title),
    };
    (!found).then(|| Health::new(Progressing, missing))
}

fn tracked(object: &Object) -> Health {
    match list(object, &["status", "applicationsSelected"]).count() {
        0 => Health::new(Degraded, "Argo CD commit status has no applications configured"),
        count => {
            let text = format!("Argo CD commit status is healthy and is tracking {count} applications");
            Health::new(Healthy, text)
        }
    }
}

fn commit_status(object: &Object) -> Health {
    let text = match (object.text(&["status", "sha"]), object.text(&["status", "phase"])) {
        (Some(sha), Some(phase)) => format!("Commit status for commit {sha} reports {phase}"),
        _ => "Commit status is healthy".to_owned(),
    };
    Health::new(Healthy, text)
}

fn pull_request(object: &Object) -> Health {
    let text = match (object.text(&["status", "id"]), object.text(&["status", "state"])) {
        (Some(id), Some(state)) => format!("Pull request is {state} as PR {id}"),
        _ => "Pull request is healthy".to_owned(),
    };
    Health::new(Healthy, text)
}

fn environments(object: &Object, words: &Words, title: &str, verb: &str) -> Health {
    if list(object, &["status", "environments"]).next().is_none() {
        return Health::new(Healthy, format!("{} reconciled", words.title));
    }
    let (mut failed, mut pending, mut succeeded) = (Vec::new(), Vec::new(), 0);
    for environment in list(object, &["status", "environments"]) {
        let branch = text(environment, "branch").unwrap_or("?");
        match text(environment, "phase") {
            Some("failure") => failed.push(branch),
            Some("success") => succeeded += 1,
            _ => pending.push(branch),
        }
    }
    if !failed.is_empty() {
        return Health::new(Degraded, format!("{title} failed for branch(es): {}", failed.join(", ")));
    }
    if !pending.is_empty() {
        return Health::new(Progressing, format!("{title} pending for branch(es): {}", pending.join(", ")));
    }
    Health::new(Healthy, format!("{title} {verb} for {succeeded} environment(s)"))
}

/// How the commit statuses of a side stand.
#[derive(Default)]
struct Tally<'a> {
    pending: Vec<&'a str>,
    failed: Vec<&'a str>,
    succeeded: usize,
}

impl<'a> Tally<'a> {
    fn of(side: Option<&'a Value>) -> Self {
        let mut tally = Self::default();
        for status in side.into_iter().flat_map(|side| items(side, "commitStatuses")) {
            let key = text(status, "key").unwrap_or_default();
            match text(status, "phase") {
                Some("pending") => tally.pending.push(key),
                Some("failure") => tally.failed.push(key),
                Some("success") => tally.succeeded += 1,
                _ => {}
            }
        }
        tally
    }

    fn is_settled(&self) -> bool {
        self.pending.is_empty() && self.failed.is_empty()
    }

    fn told(&self) -> String {
        let (pending, succeeded, failed) = (self.pending.len(), self.succeeded, self.failed.len());
        let mut told = format!("{pending} pending, {succeeded} successful, {failed} failed. ");
        if pending > 0 {
            told.push_str(&format!("Pending commit statuses: {}. ", self.pending.join(", ")));
        }
        if failed > 0 {
            told.push_str(&format!("Failed commit statuses: {}. ", self.failed.join(", ")));
        }
        told
    }
}

fn dry_sha(side: Option<&Value>) -> Option<&str> {
    side?.pointer("/dry/sha").and_then(Value::as_str).filter(|sha| !sha.is_empty())
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

fn transfer(object: &Object) -> Health {
    let side = |name| object.get(&["status", name]);
    let missing = |name| Health::new(Progressing, format!("The {name} commit DRY SHA is missing or empty."));
    let Some(active) = dry_sha(side("active")) else { return missing("active") };
    let Some(proposed) = dry_sha(side("proposed")) else { return missing("proposed") };
    if active != proposed {
        let told = Tally::of(side("proposed")).told();
        let way = format!("from '{}' to '{}'", short(active), short(proposed));
        return Health::new(Healthy, format!("Promotion in progress {way}: {told}"));
    }
    let tally = Tally::of(side("active"));
    if !tally.is_settled() {
        let intro = "Environment is up-to-date, but there are non-successful active commit statuses";
        return Health::new(Healthy, format!("{intro}: {}", tally.told()));
    }
    Health::new(Healthy, format!("Environment is up-to-date on commit {}.", short(active)))
}

/// The dry commit that the hydrator has reached for an environment.
fn hydrated(environment: &Value) -> Option<&str> {
    let noted = environment.pointer("/proposed/note/drySha").and_then(Value::as_str).filter(|sha| !sha.is_empty());
    noted.or_else(|| dry_sha(environment.get("proposed")))
}

fn strategy(object: &Object) -> Health {
    let all = || list(object, &["status", "environments"]);
    let Some(first) = all().next() else {
        return Health::new(Degraded, "Promotion strategy has no environments configured");
    };
    for environment in all() {
        let branch = text(environment, "branch").unwrap_or_default();
        let active = dry_sha(environment.get("active")).is_some();
        let missing = match (active, hydrated(environment)) {
            (false, _) => "active",
            (true, None) => "proposed",
            _ => continue,
        };
        let text = format!("The {missing} commit DRY SHA is missing or empty in environment '{branch}'.");
        return Health::new(Progressing, text);
    }
    if all().any(|environment| hydrated(environment) != hydrated(first)) {
        let text = "Not all environments have the same proposed commit SHA. This likely means the hydrator has not run \
                    for all environments yet.";
        return Health::new(Progressing, text);
    }
    let reached = short(hydrated(first).unwrap_or_default());
    for environment in all() {
        let active = dry_sha(environment.get("active")).unwrap_or_default();
        let proposed = environment.pointer("/proposed/dry/sha").and_then(Value::as_str).unwrap_or_default();
        if active != proposed {
            let branch = text(environment, "branch").unwrap_or_default();
            let told = Tally::of(environment.get("proposed")).told();
            let way = format!("environment '{branch}' from '{}' to '{}'", short(active), short(proposed));
            let end = format!("Hydrator has processed dry commit '{reached}'. ");
            return Health::new(Healthy, format!("Promotion in progress for {way}: {told}{end}"));
        }
    }
    let unsettled: Vec<String> = all().filter_map(unsettled).collect();
    if !unsettled.is_empty() {
        let intro = "Environments are up-to-date, but some environments have non-successful commit statuses";
        return Health::new(Healthy, format!("{intro}: {}.", unsettled.join(", ")));
    }
    let active = short(dry_sha(first.get("active")).unwrap_or_default());
    let text =
        format!("All environments are up-to-date on commit '{active}'. Hydrator has processed dry commit '{reached}'.");
    Health::new(Healthy, text)
}

fn unsettled(environment: &Value) -> Option<String> {
    let tally = Tally::of(environment.get("active"));
    let branch = text(environment, "branch").unwrap_or_default();
    let (failed, pending) = (tally.failed.len(), tally.pending.len());
    (!tally.is_settled()).then(|| format!("{branch} ({failed} failed, {pending} pending)"))
}
