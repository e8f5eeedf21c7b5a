/// One recorded case.
pub struct Case {
    /// Its id, unique in the folder.
    pub id: String,
    /// The area that it counts for, such as `kustomize/krusty`.
    pub area: &'static str,
    /// Runs it.
    pub check: Box<dyn FnOnce() -> Verdict + Send>,
}

impl Case {
    /// A case that runs this check.
    pub fn new(area: &'static str, id: impl Into<String>, check: impl FnOnce() -> Verdict + Send + 'static) -> Self {
        Self { id: id.into(), area, check: Box::new(check) }
    }
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The result is the recorded one.
    Passed,
    /// It is not; the first difference.
    Failed(String),
}

impl Verdict {
    /// A pass, or the failure's words.
    pub fn from_result(result: Result<(), String>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(difference) => Self::Failed(difference),
        }
    }
}
