//! Why a request fails inside the cluster, before it is worded for a client.

use gitops_merge::server::ServerError;
use rusqlite::ErrorCode;

/// Why a request fails.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The API server's refusal.
    Refused(Box<ServerError>),
    /// The kind is not served; what was asked for, as text.
    UnknownKind(String),
    /// The store failed.
    Storage(rusqlite::Error),
    /// What is stored cannot be read.
    Damaged(String),
    /// The cluster is being closed.
    Closed,
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        Self::Refused(Box::new(error))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error)
    }
}

/// A refusal with a code that `gitops-merge` has no words for.
pub(crate) fn refusal(code: u16, reason: &'static str, message: impl Into<String>) -> ServerError {
    let mut error = ServerError::bad_request(message);
    error.code = code;
    error.reason = reason;
    error
}

impl Failure {
    /// 410: the history does not reach back that far.
    pub(crate) fn expired(after: u64, oldest: u64) -> Self {
        refusal(410, "Expired", format!("too old resource version: {after} ({oldest})")).into()
    }

    /// The answer to a client.
    pub(crate) fn into_refusal(self) -> ServerError {
        match self {
            Self::Refused(error) => *error,
            Self::UnknownKind(_) => refusal(404, "NotFound", "the server could not find the requested resource"),
            Self::Storage(error) if is_busy(&error) => refusal(503, "ServiceUnavailable", storage_words(&error)),
            Self::Storage(error) => refusal(500, "InternalError", storage_words(&error)),
            Self::Damaged(what) => refusal(500, "InternalError", what),
            Self::Closed => refusal(503, "ServiceUnavailable", "the embedded cluster is being closed"),
        }
    }
}

pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What a person should know about a failure of the store. Never holds a stored value.
pub(crate) fn storage_words(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full, nothing was written".to_owned(),
        Some(ErrorCode::ReadOnly) => "the store is read-only, nothing was written".to_owned(),
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => "no permission to open the store".to_owned(),
        Some(ErrorCode::NotADatabase) => "not a database".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => "the store is damaged".to_owned(),
        Some(ErrorCode::SystemIoFailure) => "the disk failed, nothing was written".to_owned(),
        _ if is_busy(error) => "another process keeps the store locked, nothing was written".to_owned(),
        _ => format!("the store failed: {error}"),
    }
}
