//! How a preview looks.

use gitops_controller::preview::{ApplicationChange, ApplicationPreview, Preview};
use gitops_diff::DiffKind;
use gitops_diff::present::{self, PageOptions, Section, TextOptions};

use super::{paint, short_id};

/// What the two commits are called in front of the names of objects.
const SIDES: (&str, &str) = ("base", "head");

/// For a terminal.
pub(crate) fn text(preview: &Preview, colored: bool) -> String {
    let title = |words: &str| if colored { paint::title(words) } else { words.to_owned() };
    let mut out = format!("{}\n{}\n", title(&headline(preview)), summary(preview));
    for one in shown(preview) {
        out.push_str(&format!("\n{}\n", title(&heading(one))));
        notes(one).iter().for_each(|note| out.push_str(&format!("{note}\n")));
        out.push_str(&present::text(&one.diffs, TextOptions::new(colored).between(SIDES.0, SIDES.1)));
    }
    let remarks = remarks(preview);
    if !remarks.is_empty() {
        out.push('\n');
    }
    remarks.iter().for_each(|remark| out.push_str(&format!("warning: {remark}\n")));
    out
}

/// For a comment on a pull request.
pub(crate) fn markdown(preview: &Preview) -> String {
    let mut out = format!("### {}\n\n{}\n\n", escaped(&headline(preview)), summary(preview));
    for one in shown(preview) {
        out.push_str(&format!("#### {}\n\n", escaped(&heading(one))));
        notes(one).iter().for_each(|note| out.push_str(&format!("> {}\n\n", escaped(note))));
        out.push_str(&present::markdown(&one.diffs, SIDES));
    }
    remarks(preview).iter().for_each(|remark| out.push_str(&format!("> {}\n\n", escaped(remark))));
    out
}

/// A page that stands alone.
pub(crate) fn html(preview: &Preview) -> String {
    let shown: Vec<(String, Vec<String>, &ApplicationPreview)> =
        shown(preview).map(|one| (heading(one), notes(one), one)).collect();
    let mut sections: Vec<Section<'_>> = Vec::with_capacity(shown.len());
    for (title, notes, one) in &shown {
        sections.push(Section { title, notes, diffs: &one.diffs });
    }
    let remarks = remarks(preview);
    if !remarks.is_empty() {
        sections.push(Section { title: "Warnings", notes: &remarks, diffs: &[] });
    }
    present::html_sections(&sections, &summary(preview), &PageOptions::new(headline(preview)))
}

/// The Applications with something to say of them.
fn shown(preview: &Preview) -> impl Iterator<Item = &ApplicationPreview> {
    preview.applications.iter().filter(|one| one.change != ApplicationChange::Same)
}

fn headline(preview: &Preview) -> String {
    let (base, head) = (&preview.base, &preview.head);
    let mut text = format!("Preview of {}..{}", short_id(&base.commit), short_id(&head.commit));
    if !head.title.is_empty() {
        text.push_str(&format!(": {}", head.title));
    }
    text
}

fn summary(preview: &Preview) -> String {
    let count = |change| preview.applications.iter().filter(|one| one.change == change).count();
    let mut parts = vec![
        format!("{} changed", count(ApplicationChange::Changed)),
        format!("{} added", count(ApplicationChange::Added)),
        format!("{} removed", count(ApplicationChange::Removed)),
        format!("{} unchanged", count(ApplicationChange::Same)),
    ];
    match count(ApplicationChange::Failed) {
        0 => {}
        failed => parts.push(format!("{failed} failed")),
    }
    let (total, sets) = (preview.applications.len(), preview.unexpanded.len());
    let sets = match sets {
        0 => String::new(),
        1 => "; 1 ApplicationSet was not fully expanded".to_owned(),
        sets => format!("; {sets} ApplicationSets were not fully expanded"),
    };
    let noun = if total == 1 { "Application" } else { "Applications" };
    format!("{total} {noun}: {}{sets}", parts.join(", "))
}

fn heading(one: &ApplicationPreview) -> String {
    let change = match one.change {
        ApplicationChange::Added => "added",
        ApplicationChange::Removed => "removed",
        ApplicationChange::Failed => "failed",
        ApplicationChange::Same => "unchanged",
        _ => "changed",
    };
    let count = |kind| one.diffs.iter().filter(|diff| diff.kind == kind).count();
    format!(
        "{}/{} ({change}): {} to create, {} to update, {} to delete",
        one.namespace,
        one.name,
        count(DiffKind::Create),
        count(DiffKind::Update),
        count(DiffKind::Delete)
    )
}

fn notes(one: &ApplicationPreview) -> Vec<String> {
    let failures = one.failures.iter().map(|failure| format!("does not render at {}: {}", failure.at, failure.message));
    failures.chain(one.warnings.iter().map(|warning| format!("warning: {warning}"))).collect()
}

fn remarks(preview: &Preview) -> Vec<String> {
    let sets = preview.unexpanded.iter().map(|set| {
        let (origin, name, reasons) = (&set.origin, &set.name, set.reasons.join("; "));
        format!("{origin}: the ApplicationSet `{name}` was not fully expanded: {reasons}")
    });
    sets.chain(preview.warnings.iter().cloned()).collect()
}

/// Words of a repository in Markdown, where they mean nothing but themselves.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '|' | '@' | '&' => {
                out.push('\\');
                out.push(letter);
            }
            letter => out.push(letter),
        }
    }
    out
}
