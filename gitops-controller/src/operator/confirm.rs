//! The short look: at an Application that would be found as it was found before.

use std::time::Instant;

use gitops_core::annotations::REFRESH;

use super::look::Look;
use super::places::Errand;
use super::rivals::Rivals;
use crate::applications::{ApplicationError, Applications};
use crate::engine::Engine;

/// The look at an Application that stands, whose status is at the commits of its sources afterwards; none where it has to be compared.
///
/// # Errors
/// Where the cluster cannot read or write the Application.
pub(super) async fn confirm(
    engine: &Engine,
    rivals: &Rivals,
    errand: &Errand,
) -> Result<Option<Look>, ApplicationError> {
    let Some(ground) = &errand.ground else { return Ok(None) };
    let (application, Some(standing)) = (&ground.application, &ground.standing) else { return Ok(None) };
    // Whoever asks for a hard refresh wants nothing that was remembered.
    if application.metadata.annotation(REFRESH).is_some_and(|kind| kind != "normal")
        || rivals.find(engine, &errand.key, application).await?.is_some()
    {
        return Ok(None);
    }
    let Some(revisions) = standing.holds(engine, application, errand.since).await else { return Ok(None) };
    errand.leave_sources(Instant::now());
    let now = engine.clock.now();
    let written = Applications::of(engine.cluster.as_ref()).confirm(application, &revisions, now).await?;
    Ok(Some(Look::confirmed(written.then_some(now))))
}
