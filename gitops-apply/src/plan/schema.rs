use gitops_core::Value;

use super::ApplyPlan;

/// The JSON schema of a saved plan.
pub fn json_schema() -> Value {
    schemars::schema_for!(ApplyPlan).to_value()
}
