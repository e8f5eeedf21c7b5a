//! An Application that a file defines: the cluster mostly holds it so already.

use std::pin::pin;

use futures::future::{Either, select};
use gitops_core::api::{Application, ResourceStatus};

use crate::applications::{ApplicationError, Applications, Defined};
use crate::compare::{CompareError, CompareOptions, Comparison};
use crate::engine::Engine;
use crate::reconcile::Observer;

impl Engine {
    /// What a definition comes to, and how it compares, where the cluster holds it so already: its objects are compared while the
    /// cluster is asked for the Application, whose status is the longest answer of all. Where the cluster holds something else there is
    /// no comparison, and what the observer was told is void.
    ///
    /// # Errors
    /// Where the cluster fails, or would refuse the definition.
    pub async fn compare_defined(
        &self,
        definition: &Application,
        options: &CompareOptions,
        observer: Observer<'_>,
    ) -> Result<(Defined, Option<Result<Comparison, CompareError>>), ApplicationError> {
        let applications = Applications::of(self.cluster.as_ref());
        let (asked, comparing) =
            (pin!(applications.held(definition)), pin!(self.compare(definition, options, observer)));
        let (held, compared) = match select(asked, comparing).await {
            Either::Left((held, comparing)) => match held? {
                Some(application) => (Some(application), Some(comparing.await)),
                None => (None, None),
            },
            Either::Right((compared, asked)) => (asked.await?, Some(compared)),
        };
        match held {
            Some(application) => {
                let known = compared.filter(|compared| is_whole(compared.as_ref().ok(), &application));
                Ok((Defined { application, held: true }, known))
            }
            None => Ok((applications.rehearse(definition).await?, None)),
        }
    }
}

/// Whether a comparison without the status is as one with it. What was never recorded is looked up there, and hooks that were left.
fn is_whole(comparison: Option<&Comparison>, application: &Application) -> bool {
    let Some(status) = &application.status else { return true };
    let is_recorded = comparison.is_none_or(|comparison| comparison.inventory.stored_parts > 0);
    is_recorded && !status.resources.iter().flatten().any(ResourceStatus::is_hook)
}
