//! Peak memory of render, diff and plan of 10,000 Deployments, live objects included; Linux only.

use std::sync::Arc;

use gitops_benches::{Failure, desired, live, planned, rendered, tree};
use gitops_diff::DiffContext;
use gitops_merge::schema::Kinds;

fn main() -> Result<(), Failure> {
    let kinds = Kinds::builtin()?;
    let context = DiffContext::new().with_kinds(&kinds);
    let wanted = desired(rendered(&Arc::new(tree(10_000)))?)?;
    let seen = live(&wanted, |number| number % 10 == 0)?;
    let plan = planned(&wanted, &seen, &context)?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    println!("{} steps, {peak}", plan.steps().count());
    Ok(())
}
