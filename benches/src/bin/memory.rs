//! Peak memory of render, diff and plan of 10,000 Deployments, live objects included; Linux only.

use std::sync::Arc;

use gitops_benches::{Failure, desired, live, peak_memory, planned, rendered, tree};
use gitops_diff::DiffContext;
use gitops_merge::schema::Kinds;

fn main() -> Result<(), Failure> {
    let kinds = Kinds::builtin()?;
    let context = DiffContext::new().with_kinds(&kinds);
    let wanted = desired(rendered(&Arc::new(tree(10_000)))?)?;
    let seen = live(&wanted, |number| number % 10 == 0)?;
    let plan = planned(&wanted, &seen, &context)?;
    println!("{} steps, {} kB at the peak", plan.steps().count(), peak_memory()?);
    Ok(())
}
