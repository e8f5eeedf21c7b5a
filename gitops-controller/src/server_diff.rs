//! Argo CD's `ServerSideDiff`: the API server is asked what an apply would make of each object, admission included.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use gitops_apply::plan::{Live, WriteMethod};
use gitops_apply::{Desired, FIELD_MANAGER};
use gitops_core::annotations::COMPARE_OPTIONS;
use gitops_core::api::Application;
use gitops_core::cluster::{Cluster, ClusterError, ErrorKind, Precondition, Verb, Write};
use gitops_core::{Object, ObjectId};

use crate::compare::CompareError;

/// Questions that are out at the same time.
const PARALLEL: usize = 16;

/// What the server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerDiff {
    /// Whether what admission webhooks change counts as a difference (`IncludeMutationWebhook=true`).
    pub webhook_changes: bool,
}

impl ServerDiff {
    /// What the compare options of an Application ask for: none with `ServerSideDiff=false`, and without `ServerSideDiff=true` what
    /// is done where nothing is said.
    pub fn of(application: &Application, otherwise: bool) -> Option<Self> {
        let options = application.metadata.annotation(COMPARE_OPTIONS).unwrap_or_default();
        let has = |wanted: &str| options.split(',').any(|option| option.trim() == wanted);
        let asked = (otherwise || has("ServerSideDiff=true")) && !has("ServerSideDiff=false");
        asked.then(|| Self { webhook_changes: has("IncludeMutationWebhook=true") })
    }
}

/// What the server said.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// What objects that are there would be.
    pub(crate) predicted: BTreeMap<ObjectId, Object>,
    /// Why objects would be refused.
    pub(crate) refused: BTreeMap<ObjectId, String>,
}

/// Which object is asked about, whether it is there, and what the server says of it.
type Question<'a> = BoxFuture<'a, (&'a ObjectId, bool, Result<Object, ClusterError>)>;

/// Asks the server of every desired object: of one that is there, what it would be; of one that is not, whether it would be let
/// in. An object that may not be asked about, that is written in another way than by an apply, whose fields change hands first
/// (`predecessors`), or whose kind or namespace is not there yet, is compared without.
pub(crate) async fn ask(
    cluster: &dyn Cluster,
    desired: &Desired,
    live: &Live,
    predecessors: &[String],
) -> Result<Answers, CompareError> {
    let mut questions: Vec<Question<'_>> = Vec::new();
    for (id, one) in &desired.resources {
        let seen = live.get(id);
        let method = WriteMethod::of(&one.object, seen, &desired.sync_options);
        let moves = |live: &Object| !gitops_diff::taken_over(live, FIELD_MANAGER, predecessors).is_empty();
        if !one.served || !method.is_server_side() || seen.is_some_and(moves) {
            continue;
        }
        let mut write = Write::new(&one.object, Verb::Apply { force: true }, FIELD_MANAGER).dry_run();
        write.precondition = match seen.and_then(Object::uid) {
            Some(uid) => Precondition::Live { uid: uid.into(), resource_version: None },
            None => Precondition::Absent,
        };
        let is_there = seen.is_some();
        questions
            .push(Box::pin(async move { (id, is_there, cluster.write(write).await.map(|applied| applied.object)) }));
    }
    let mut answers = Answers::default();
    let mut coming = stream::iter(questions).buffer_unordered(PARALLEL);
    while let Some((id, is_there, answer)) = coming.next().await {
        match answer {
            Ok(object) if is_there => drop(answers.predicted.insert(id.clone(), object)),
            Ok(_) => {}
            Err(error) => match error.kind {
                ErrorKind::Forbidden if !is_admission(&error) => {}
                ErrorKind::NotFound | ErrorKind::UnknownKind | ErrorKind::AlreadyExists | ErrorKind::Conflict => {}
                ErrorKind::Unavailable | ErrorKind::Internal => return Err(CompareError::Cluster(error)),
                _ => {
                    drop(answers.refused.insert(id.clone(), format!("the cluster would refuse it: {}", error.message)))
                }
            },
        }
    }
    Ok(answers)
}

/// Whether it is admission that refuses an object, and not the rights of who asks.
fn is_admission(error: &ClusterError) -> bool {
    error.trouble() != Some(gitops_core::cluster::Trouble::NotPermitted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_compare_options_of_the_application_ask() {
        let with = |options: &str, otherwise: bool| {
            let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "metadata": {"name": "web", "annotations": {COMPARE_OPTIONS: options}}, "spec": {"project": "default", "destination": {}}});
            ServerDiff::of(&serde_json::from_value(application).unwrap(), otherwise)
        };
        let of = |options: &str| with(options, false);
        assert_eq!(of(""), None);
        assert_eq!(of("IncludeMutationWebhook=true"), None);
        assert_eq!(of("ServerSideDiff=true"), Some(ServerDiff { webhook_changes: false }));
        assert_eq!(of("ServerSideDiff=true, IncludeMutationWebhook=true"), Some(ServerDiff { webhook_changes: true }));
        assert_eq!(of("ServerSideDiff=true,ServerSideDiff=false"), None);
        assert_eq!(with("", true), Some(ServerDiff { webhook_changes: false }));
        assert_eq!(with("ServerSideDiff=false", true), None);
    }
}
