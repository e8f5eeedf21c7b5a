mod budgets;
mod functions;
mod hostile;
mod names;
mod semver;
mod support;
mod vectors;
