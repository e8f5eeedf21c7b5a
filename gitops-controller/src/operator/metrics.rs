//! What is counted of an operator's work, in the names of Argo CD's metrics where they mean the same.
//!
//! See "Metrics" in Argo CD's operator manual. The text is Prometheus' exposition format, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gitops_core::api::{Application, ApplicationSetConditionType, ApplicationSetStatus};

use super::queue::Key;

/// Upper bounds of a look's duration in seconds, as Argo CD has them.
const BOUNDS: [f64; 7] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];

/// What is counted, shared by who counts and who asks.
#[derive(Debug, Default)]
pub struct Metrics {
    ready: AtomicBool,
    waiting: AtomicU64,
    renders: AtomicU64,
    confirmed: AtomicU64,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    applications: BTreeMap<Key, Arc<Application>>,
    syncs: BTreeMap<Sync, u64>,
    looks: BTreeMap<Place, Looks>,
    git: BTreeMap<String, u64>,
    sets: BTreeMap<Key, Set>,
}

/// An ApplicationSet: why its Applications are as they should or not, how many they are, and the looks at it.
#[derive(Debug, Default)]
struct Set {
    reason: Option<String>,
    owned: usize,
    looks: Looks,
}

/// A sync by its Application, project, destination, end, and whether nothing was written.
type Sync = (Key, String, String, String, bool);
/// A namespace of Applications and a destination.
type Place = (String, String);

#[derive(Debug, Default)]
struct Looks {
    /// How many took no longer than each bound.
    within: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

impl Looks {
    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.seconds += took.as_secs_f64();
        for (bound, within) in BOUNDS.iter().zip(&mut self.within) {
            *within += u64::from(took.as_secs_f64() <= *bound);
        }
    }
}

impl Metrics {
    /// Whether the Applications of the cluster are known.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(super) fn begin(&self) {
        self.ready.store(true, Ordering::Release);
    }

    pub(super) fn wait(&self, waiting: usize) {
        self.waiting.store(u64::try_from(waiting).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn know(&self, key: &Key, application: Arc<Application>) {
        self.counted().applications.insert(key.clone(), application);
    }

    /// An Application is gone, and what was counted of it.
    pub(super) fn forget(&self, key: &Key) {
        let mut counted = self.counted();
        counted.applications.remove(key);
        counted.syncs.retain(|(of, ..), _| of != key);
    }

    pub(super) fn look(&self, key: &Key, took: Duration) {
        let mut counted = self.counted();
        let server = counted.applications.get(key).map(|one| server(one)).unwrap_or_default();
        counted.looks.entry((key.namespace.clone(), server)).or_default().add(took);
    }

    pub(super) fn know_set(&self, key: &Key, status: &ApplicationSetStatus) {
        let up_to_date = |one: &&gitops_core::api::ApplicationSetCondition| {
            one.condition_type == ApplicationSetConditionType::ResourcesUpToDate
        };
        let mut counted = self.counted();
        let set = counted.sets.entry(key.clone()).or_default();
        set.reason = status.conditions.iter().flatten().find(up_to_date).map(|one| one.reason.clone());
        set.owned = status.resources.as_ref().map_or(0, Vec::len);
    }

    pub(super) fn look_at_set(&self, key: &Key, took: Duration) {
        if let Some(set) = self.counted().sets.get_mut(key) {
            set.looks.add(took);
        }
    }

    pub(super) fn forget_set(&self, key: &Key) {
        self.counted().sets.remove(key);
    }

    pub(super) fn sync(&self, key: &Key, phase: &str, dry_run: bool) {
        let mut counted = self.counted();
        let Some(application) = counted.applications.get(key) else { return };
        let of = (key.clone(), application.spec.project().to_owned(), server(application), phase.to_owned(), dry_run);
        *counted.syncs.entry(of).or_default() += 1;
    }

    /// A look found an Application as it was found before.
    pub(super) fn confirm(&self) {
        self.confirmed.fetch_add(1, Ordering::Relaxed);
    }

    /// So many sources were rendered; those whose result was known are not among them.
    pub(super) fn render(&self, sources: usize) {
        self.renders.fetch_add(u64::try_from(sources).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// A repository was asked what its revisions stand for.
    pub(super) fn ask(&self, repository: &str) {
        *self.counted().git.entry(repository.to_owned()).or_default() += 1;
    }

    /// Everything that is counted, as Prometheus reads it.
    pub fn text(&self) -> String {
        let counted = self.counted();
        let mut text = String::new();
        head(&mut text, "argocd_app_info", "gauge", "What an Application is, and how it is.");
        for (key, application) in &counted.applications {
            let labels = info(key, application);
            line(&mut text, "argocd_app_info", &labels, "1");
        }
        head(&mut text, "argocd_app_sync_total", "counter", "Syncs by how they ended.");
        for ((key, project, server, phase, dry_run), count) in &counted.syncs {
            let dry_run = dry_run.to_string();
            let labels = [
                ("namespace", key.namespace.as_str()),
                ("name", &key.name),
                ("project", project),
                ("dest_server", server),
                ("phase", phase),
                ("dry_run", &dry_run),
            ];
            line(&mut text, "argocd_app_sync_total", &labels, &count.to_string());
        }
        head(&mut text, "argocd_app_reconcile", "histogram", "Seconds that looks at Applications took.");
        for ((namespace, server), looks) in &counted.looks {
            let labels = [("namespace", namespace.as_str()), ("dest_server", server)];
            histogram(&mut text, "argocd_app_reconcile", &labels, looks);
        }
        head(&mut text, "argocd_appset_info", "gauge", "Why an ApplicationSet's Applications are as it says, or not.");
        for (key, set) in &counted.sets {
            let reason = set.reason.as_deref().unwrap_or("Unknown");
            let [namespace, name] = names(key);
            line(&mut text, "argocd_appset_info", &[namespace, name, ("resource_update_status", reason)], "1");
        }
        head(&mut text, "argocd_appset_owned_applications", "gauge", "Applications that an ApplicationSet owns.");
        for (key, set) in &counted.sets {
            line(&mut text, "argocd_appset_owned_applications", &names(key), &set.owned.to_string());
        }
        head(&mut text, "argocd_appset_reconcile", "histogram", "Seconds that looks at ApplicationSets took.");
        for (key, set) in &counted.sets {
            histogram(&mut text, "argocd_appset_reconcile", &names(key), &set.looks);
        }
        head(&mut text, "argocd_git_request_total", "counter", "Questions to repositories.");
        for (repository, count) in &counted.git {
            let labels = [("repo", repository.as_str()), ("request_type", "ls-remote")];
            line(&mut text, "argocd_git_request_total", &labels, &count.to_string());
        }
        head(&mut text, "gitops_renders_total", "counter", "Sources that were rendered.");
        line(&mut text, "gitops_renders_total", &[], &self.renders.load(Ordering::Relaxed).to_string());
        let words = "Looks at Applications that were as they were found before, so that nothing was compared.";
        head(&mut text, "gitops_looks_confirmed_total", "counter", words);
        line(&mut text, "gitops_looks_confirmed_total", &[], &self.confirmed.load(Ordering::Relaxed).to_string());
        head(&mut text, "workqueue_depth", "gauge", "Applications that wait to be looked at.");
        let waiting = self.waiting.load(Ordering::Relaxed).to_string();
        line(&mut text, "workqueue_depth", &[("name", "app_reconciliation_queue")], &waiting);
        text
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn names(key: &Key) -> [(&'static str, &str); 2] {
    [("namespace", &key.namespace), ("name", &key.name)]
}

fn server(application: &Application) -> String {
    let destination = &application.spec.destination;
    destination.server().or(destination.name()).unwrap_or_default().to_owned()
}

fn info<'a>(key: &'a Key, application: &'a Application) -> [(&'static str, &'a str); 10] {
    let status = application.status.as_ref();
    let sync = status.and_then(|status| status.sync.as_ref()).map_or("Unknown", |sync| sync.status.as_str());
    let health =
        status.and_then(|status| status.health.as_ref()?.status.as_ref()).map_or("Unknown", |one| one.as_str());
    let destination = &application.spec.destination;
    let repository = application.spec.source.as_ref().or(application.spec.sources.iter().flatten().next());
    let deleted = application.metadata.deletion_timestamp.is_some();
    [
        ("namespace", &key.namespace),
        ("name", &key.name),
        ("project", application.spec.project()),
        ("repo", repository.map_or("", |source| source.repo_url.as_str())),
        ("dest_server", destination.server().or(destination.name()).unwrap_or_default()),
        ("dest_namespace", destination.namespace().unwrap_or_default()),
        ("sync_status", sync),
        ("health_status", health),
        (
            "operation",
            if deleted {
                "delete"
            } else if application.operation.is_some() {
                "sync"
            } else {
                ""
            },
        ),
        ("autosync_enabled", if application.automated().is_some() { "true" } else { "false" }),
    ]
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: &str) {
    text.push_str(name);
    for (place, (label, content)) in labels.iter().enumerate() {
        let before = if place == 0 { '{' } else { ',' };
        let content = content.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(text, "{before}{label}=\"{content}\"");
    }
    let _ = writeln!(text, "{} {value}", if labels.is_empty() { "" } else { "}" });
}

fn histogram(text: &mut String, name: &str, labels: &[(&str, &str)], looks: &Looks) {
    let bucket = format!("{name}_bucket");
    let bounds = BOUNDS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
    for (bound, count) in bounds.zip(looks.within.iter().chain([&looks.count])) {
        let labels: Vec<_> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
        line(text, &bucket, &labels, &count.to_string());
    }
    line(text, &format!("{name}_sum"), labels, &looks.seconds.to_string());
    line(text, &format!("{name}_count"), labels, &looks.count.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_as_argo_cd_names_it() {
        let metrics = Metrics::default();
        let key = Key::new("argocd", "web");
        let mut application = Application::new("web", Some("argocd".into()));
        application.spec.project = "shop".into();
        metrics.know(&key, Arc::new(application));
        metrics.look(&key, Duration::from_millis(700));
        metrics.sync(&key, "Succeeded", false);
        metrics.sync(&key, "Succeeded", false);
        metrics.ask("https://a.example/\"x\"");
        let set = Key::new("argocd", "set");
        metrics.know_set(&set, &ApplicationSetStatus::default());
        metrics.look_at_set(&set, Duration::from_millis(700));
        let text = metrics.text();
        for expected in [
            "argocd_app_info{namespace=\"argocd\",name=\"web\",project=\"shop\",",
            "sync_status=\"Unknown\",health_status=\"Unknown\",operation=\"\",autosync_enabled=\"false\"} 1\n",
            "phase=\"Succeeded\",dry_run=\"false\"} 2\n",
            "argocd_appset_info{namespace=\"argocd\",name=\"set\",resource_update_status=\"Unknown\"} 1\n",
            "argocd_appset_owned_applications{namespace=\"argocd\",name=\"set\"} 0\n",
            "argocd_appset_reconcile_count{namespace=\"argocd\",name=\"set\"} 1\n",
            "le=\"0.5\"} 0\n",
            "le=\"1\"} 1\n",
            "le=\"+Inf\"} 1\n",
            "repo=\"https://a.example/\\\"x\\\"\",request_type=\"ls-remote\"} 1\n",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        metrics.forget(&key);
        metrics.forget_set(&set);
        assert!(!metrics.text().contains("name=\"web\"") && !metrics.text().contains("name=\"set\""));
    }
}
