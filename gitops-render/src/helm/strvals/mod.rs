//! Stub until the parser lands.
#![allow(missing_docs)]
#[derive(Debug, Clone)]
pub enum Setting {
    Set(String),
    SetString(String),
    SetJson(String),
    SetLiteral(String),
    SetFile(String),
}
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct StrvalsError;
pub fn apply(
    _: &Setting,
    _: &mut serde_json::Value,
    _: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<(), StrvalsError> {
    Ok(())
}
