//! A plan for people: phase by phase, wave by wave.

use std::fmt::Write as _;

use gitops_apply::ApplyPlan;
use gitops_apply::plan::{Step, StepAction};
use gitops_diff::{Change, FieldDiff, Shown};

use super::paint;

/// Fields that are shown of one object.
const FIELDS: usize = 8;

/// A plan as text.
pub(crate) fn text(plan: &ApplyPlan) -> String {
    let mut out = String::new();
    for warning in &plan.warnings {
        let _ = writeln!(out, "{} {warning}", paint::warning("warning:"));
    }
    if plan.is_empty() {
        let _ = writeln!(out, "{} {} resources are as Git says", paint::good("nothing to do:"), plan.unchanged);
    } else {
        let _ = writeln!(out, "{}: {}", paint::title("plan"), summary(plan));
    }
    for phase in &plan.phases {
        for wave in phase.waves.iter().filter(|wave| !wave.batches.is_empty()) {
            let only = if phase.phase == gitops_apply::hook::Phase::SyncFail { " (after a failure only)" } else { "" };
            let _ = writeln!(out, "  {}{only}", paint::title(&format!("{} wave {}", phase.phase, wave.wave)));
            for step in wave.batches.iter().flatten() {
                write_step(&mut out, step);
            }
        }
    }
    for kept in &plan.kept {
        let _ = writeln!(out, "  {} {}: {}", paint::warning("kept"), kept.object, kept.reason);
    }
    out
}

/// The counts of a plan, such as `2 to create, 1 to update`.
pub(crate) fn summary(plan: &ApplyPlan) -> String {
    let counts = [
        (plan.count(StepAction::Create), "to create"),
        (plan.count(StepAction::Update), "to update"),
        (plan.count(StepAction::Prune), "to prune"),
        (plan.count(StepAction::Hook), "to run as hooks"),
        (plan.unchanged, "unchanged"),
        (plan.kept.len(), "kept"),
    ];
    let parts: Vec<_> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    parts.join(", ")
}

fn write_step(out: &mut String, step: &Step) {
    let sign = match step.action {
        StepAction::Create => paint::good("+ create"),
        StepAction::Update => paint::warning("~ update"),
        StepAction::Prune => paint::error("- prune "),
        StepAction::Hook => paint::hint("> hook  "),
    };
    let after = match step.after.as_slice() {
        [] => String::new(),
        numbers => format!(" after step {}", numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")),
    };
    let _ = writeln!(out, "    {sign} {}{}", step.object, paint::faint(&format!("  {}{after}", step.reason)));
    if step.action != StepAction::Update {
        return;
    }
    for field in step.change.iter().take(FIELDS) {
        let _ = writeln!(out, "        {}", change(field));
    }
    if step.change.len() > FIELDS {
        let _ = writeln!(out, "        and {} more fields", step.change.len() - FIELDS);
    }
}

fn change(field: &FieldDiff) -> String {
    let owner = field.owner.as_ref().map(|owner| paint::faint(&format!("  set by {owner}"))).unwrap_or_default();
    let old = field.old.as_ref().map(short).unwrap_or_default();
    let new = field.new.as_ref().map(short).unwrap_or_default();
    let words = match field.change {
        Change::Added => new,
        Change::Removed => format!("{old} removed"),
        Change::Changed => format!("{old} -> {new}"),
    };
    format!("{}: {words}{owner}", field.path)
}

fn short(shown: &Shown) -> String {
    let text = match shown {
        Shown::Secret => return "[secret]".into(),
        Shown::Value(value) => value.to_string(),
    };
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}
