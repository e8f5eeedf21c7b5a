use std::fmt::Write as _;

use crate::plan::{ApplyPlan, PlannedWave, Step};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--create:#2e9e4f;--update:#c98a00;--prune:#d03b3b;--hook:#3a62d0}\
body{font:15px/1.45 system-ui,sans-serif;margin:2rem;max-width:none}h1{font-size:1.3rem}\
.meta{color:#888}.flow{display:flex;gap:1.2rem;align-items:flex-start;overflow-x:auto;padding:1rem 0}\
.wave{border:1px solid var(--line);border-radius:10px;padding:.6rem .8rem;min-width:19rem;position:relative}\
.wave:not(:last-child)::after{content:'\\2192';position:absolute;right:-1.05rem;top:1rem;color:#888}\
.wave h2{font-size:.95rem;margin:.1rem 0 .5rem}.batch{border-top:1px dashed var(--line);padding-top:.4rem;margin-top:.4rem}\
.batch:first-of-type{border:0;margin:0;padding:0}.step{border-left:4px solid;border-radius:4px;padding:.2rem .55rem;margin:.3rem 0}\
.create{border-color:var(--create)}.update{border-color:var(--update)}.prune{border-color:var(--prune)}.hook{border-color:var(--hook)}\
.step b{font-weight:600}.step small,.step li{color:#888;font-size:.82rem}ul{margin:.2rem 0;padding-left:1.1rem}code{font-size:.82rem}";

/// A page that stands alone: the waves from left to right, what each step does and why.
pub fn html(plan: &ApplyPlan) -> String {
    let mut out = String::new();
    let title = escape(&format!("Plan of {}", plan.target.application));
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style>\n<h1>{title}</h1>\n"
    );
    for revision in &plan.source.revisions {
        let text = format!("{} {} at {}", revision.repository, revision.revision, revision.commit);
        let _ = writeln!(out, "<p class=\"meta\">{}</p>", escape(&text));
    }
    let steps = plan.steps().count();
    let _ = writeln!(
        out,
        "<p>{steps} writes, {} unchanged, {} kept</p>\n<div class=\"flow\">",
        plan.unchanged,
        plan.kept.len()
    );
    for phase in &plan.phases {
        for wave in phase.waves.iter().filter(|wave| !wave.batches.is_empty()) {
            write_wave(&mut out, phase.phase.as_str(), wave);
        }
    }
    out.push_str("</div>\n");
    if !plan.kept.is_empty() {
        out.push_str("<h2>Kept</h2>\n<ul>\n");
        for kept in &plan.kept {
            let _ = writeln!(out, "<li>{}: {}</li>", escape(&kept.object.to_string()), escape(&kept.reason));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</html>\n");
    out
}

fn write_wave(out: &mut String, phase: &str, wave: &PlannedWave) {
    let _ = writeln!(out, "<section class=\"wave\"><h2>{phase}, wave {}</h2>", wave.wave);
    for batch in &wave.batches {
        out.push_str("<div class=\"batch\">\n");
        batch.iter().for_each(|step| write_step(out, step));
        out.push_str("</div>\n");
    }
    out.push_str("</section>\n");
}

fn write_step(out: &mut String, step: &Step) {
    let action = step.action.as_str();
    let object = escape(&step.object.to_string());
    let _ = write!(out, "<div class=\"step {action}\" id=\"s{}\"><b>{action}</b> {object}", step.number);
    let _ = write!(out, "<br><small>{}</small>", escape(&step.reason));
    if !step.after.is_empty() {
        let numbers: Vec<_> = step.after.iter().map(|number| format!("<a href=\"#s{number}\">{number}</a>")).collect();
        let _ = write!(out, "<br><small>after {}</small>", numbers.join(", "));
    }
    if !step.change.is_empty() && step.action == crate::plan::StepAction::Update {
        out.push_str("<ul>");
        for field in step.change.iter().take(20) {
            let _ = write!(out, "<li><code>{}</code></li>", escape(&field.path.to_string()));
        }
        if step.change.len() > 20 {
            let _ = write!(out, "<li>and {} more</li>", step.change.len() - 20);
        }
        out.push_str("</ul>");
    }
    out.push_str("</div>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
