use std::fmt::Write as _;

use crate::plan::{ApplyPlan, Step, StepAction};

/// The plan's graph for Graphviz: a cluster a wave, an edge for each `depends-on` and from wave to wave.
pub fn dot(plan: &ApplyPlan) -> String {
    let mut out = String::from(
        "digraph plan {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n  compound=true;\n",
    );
    let mut last: Option<(usize, u32)> = None;
    let waves = plan.phases.iter().flat_map(|phase| phase.waves.iter().map(move |wave| (phase.phase, wave)));
    for (index, (phase, wave)) in waves.filter(|(_, wave)| !wave.batches.is_empty()).enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{index} {{\n    label=\"{phase} wave {}\";", wave.wave);
        for step in wave.batches.iter().flatten() {
            let label = escape(&format!("{}\n{}", step.action.as_str(), step.object));
            let _ = writeln!(out, "    s{} [label=\"{label}\", fillcolor=\"{}\"];", step.number, colour(step));
        }
        out.push_str("  }\n");
        let first = wave.batches.iter().flatten().next().map_or(0, |step| step.number);
        if let Some((before, number)) = last {
            let _ =
                writeln!(out, "  s{number} -> s{first} [ltail=cluster_{before}, lhead=cluster_{index}, style=bold];");
        }
        last = Some((index, first));
    }
    for step in plan.steps() {
        for before in &step.after {
            let _ = writeln!(out, "  s{before} -> s{} [color=\"#3267d6\"];", step.number);
        }
    }
    out.push_str("}\n");
    out
}

fn colour(step: &Step) -> &'static str {
    match step.action {
        StepAction::Create => "#c9efd0",
        StepAction::Update => "#fbe8b6",
        StepAction::Prune => "#f6c9c9",
        StepAction::Hook => "#d5def8",
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
