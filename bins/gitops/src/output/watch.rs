//! What a person sees while a command works: lines where the output is kept, a moving line below them on a terminal.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use gitops_apply::{ApplyPlan, Progress};
use gitops_controller::SyncEvent;
use gitops_core::api::Application;
use indicatif::{ProgressBar, ProgressStyle};

use super::{paint, plan_text, short_id, stream};

/// Shows events as they come.
pub(crate) struct Watcher {
    spinner: ProgressBar,
    /// Results go to standard output; quiet commands print their own there.
    quiet: bool,
    steps: usize,
    done: usize,
    /// What is waited for, until it is told: a wait that ends at once is no news.
    untold: Option<(Instant, String)>,
    /// What is not printed until it is known to hold.
    held: Option<String>,
}

/// How long a wait is before it is told.
const TOLD_AFTER: Duration = Duration::from_millis(150);

impl Watcher {
    /// Watches the sync of an Application. A quiet one shows only the moving line.
    pub(crate) fn new(application: &Application, quiet: bool) -> Self {
        let spinner = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            spinner.set_style(style);
        }
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner.set_message(format!("resolving the sources of {}", application.name()));
        Self { spinner, quiet, steps: 0, done: 0, untold: None, held: None }
    }

    /// Prints nothing until [`Watcher::release`].
    pub(crate) fn hold(&mut self) {
        self.held = Some(String::new());
    }

    /// Prints what was held back, where it holds.
    pub(crate) fn release(&mut self, holds: bool) {
        if let Some(text) = self.held.take().filter(|_| holds) {
            self.print(&text);
        }
    }

    /// Says in the moving line what is done.
    pub(crate) fn message(&self, text: &'static str) {
        self.spinner.set_message(text);
    }

    /// Takes the moving line away.
    pub(crate) fn finish(&self) {
        self.spinner.finish_and_clear();
    }

    /// Shows an event.
    pub(crate) fn on(&mut self, event: &SyncEvent<'_>) {
        match event {
            SyncEvent::Resolved(resolved) => {
                for source in &resolved.sources {
                    match source.commit() {
                        Some(commit) => {
                            let head = format!("commit {}", short_id(&commit.id.to_string()));
                            let signed = if commit.signature.is_some() { ", signed" } else { "" };
                            let head = paint::title(&head);
                            self.line(&format!("{head} {} ({}{signed})", commit.title(), commit.author));
                        }
                        None => self.line(&paint::title(&source.facts().subject)),
                    }
                    self.line(&paint::faint(&format!(
                        "  {} {}",
                        source.source.repo_url,
                        source.source.path().unwrap_or(".")
                    )));
                }
                self.spinner.set_message("rendering");
            }
            SyncEvent::Rendered(rendering) => {
                let types: Vec<_> =
                    rendering.source_types.iter().map(|kind| kind.as_str().to_ascii_lowercase()).collect();
                let (objects, reads) = (rendering.objects.len(), rendering.reads);
                let how = if rendering.recalled < types.len() { "rendered" } else { "recalled" };
                self.line(&format!("{how} {objects} objects from {reads} reads ({})", types.join(", ")));
                self.spinner.set_message("comparing with the cluster");
            }
            SyncEvent::Planned(plan) => self.planned(plan),
            SyncEvent::Progress(progress) => self.progress(progress),
            _ => {}
        }
    }

    fn planned(&mut self, plan: &ApplyPlan) {
        self.steps = plan.steps().count();
        if !self.quiet {
            self.print(&plan_text::text(plan));
        }
        self.spinner.set_message("applying");
    }

    fn progress(&mut self, progress: &Progress) {
        match progress {
            Progress::Wave { phase, wave } => {
                self.untold = None;
                self.line(&paint::title(&format!("{phase} wave {wave}")));
            }
            Progress::Started { object, action } => {
                self.spinner.set_message(format!("[{}/{}] {} {object}", self.done, self.steps, action.as_str()));
            }
            Progress::Finished(outcome) => {
                self.tell();
                self.done += 1;
                let well = !outcome.state.is_failure();
                let sign = if well { paint::good("ok") } else { paint::error("failed") };
                self.line(&format!("  {sign} {} {}", outcome.object, paint::faint(&outcome.message)));
            }
            Progress::Waiting { reason } => {
                self.tell();
                self.untold = Some((Instant::now(), reason.clone()));
                self.spinner.set_message(reason.clone());
            }
            Progress::Healthy { object } => {
                let told = self.tell();
                if told {
                    self.line(&format!("  {} {object}", paint::good("healthy")));
                }
            }
            Progress::Retrying { object, reason } => {
                self.line(&format!("  {} {object}: {reason}", paint::warning("again")));
            }
            _ => {}
        }
    }

    /// Tells what is waited for, where that takes its time already; whether it is told by now.
    fn tell(&mut self) -> bool {
        let Some((since, reason)) = &self.untold else { return true };
        if since.elapsed() < TOLD_AFTER {
            self.untold = None;
            return false;
        }
        let line = paint::faint(&format!("  {reason}"));
        self.untold = None;
        self.line(&line);
        true
    }

    fn line(&mut self, text: &str) {
        if !self.quiet {
            self.print(&format!("{text}\n"));
        }
    }

    /// What is under way goes on where nobody can read of it; the command's last words say so.
    fn print(&mut self, text: &str) {
        if let Some(held) = &mut self.held {
            held.push_str(text);
            return;
        }
        let _ = self.spinner.suspend(|| stream::text(text));
    }
}
