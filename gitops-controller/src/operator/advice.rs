//! What a person does about sources that cost too much.

use gitops_render::RenderError;

use crate::budget::{DIRECTORY_SIZE, RENDER_TIMEOUT};
use crate::compare::CompareError;
use crate::rendering::RenderingError;

/// What to do; nothing where the error itself says it.
pub(super) fn advice(error: &CompareError) -> String {
    let more = match error {
        CompareError::Render(RenderingError::Late(_)) => format!(", or raise `{RENDER_TIMEOUT}` of the operator"),
        CompareError::Render(RenderingError::Source { source: RenderError::Budget { what, .. }, .. }) => match *what {
            "bytes of manifests" => format!(", or raise `{DIRECTORY_SIZE}` of the operator"),
            "objects" => ", or raise `--max-objects` of the operator".into(),
            _ => String::new(),
        },
        _ => return String::new(),
    };
    format!("; divide the source among several Applications{more}")
}

/// Whether another look may end well although nothing has changed: the machine was busy.
pub(super) fn is_late(error: &CompareError) -> bool {
    matches!(error, CompareError::Render(RenderingError::Late(_)))
}
