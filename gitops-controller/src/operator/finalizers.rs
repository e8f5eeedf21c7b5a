//! Argo CD's finalizers of hooks that run when an Application is deleted (`hasPreDeleteHooks` and `hasPostDeleteHooks` in
//! controller/appcontroller.go, v3.6): set for as long as its manifests have such hooks.

use gitops_apply::hook::{Phase, Role};
use gitops_core::annotations::{POST_DELETE_FINALIZER, PRE_DELETE_FINALIZER, RESOURCES_FINALIZER};
use gitops_core::api::Application;

use crate::applications::{ApplicationError, Applications};
use crate::compare::Comparison;
use crate::deletion::Cascade;

/// What the second finalizer of a kind of hooks has behind the first's name: it stays until what the hooks left is gone.
const CLEANUP: &str = "/cleanup";

/// Sets the finalizers of hooks that there are, and takes away those of hooks that there are not.
pub(super) async fn note_hooks(
    applications: &Applications<'_>,
    application: &Application,
    comparison: &Comparison,
) -> Result<(), ApplicationError> {
    let runs_in = |phase: Phase| {
        let hooks = comparison.desired.deletion_hooks.iter();
        hooks.map(|hook| &hook.role).any(|role| matches!(role, Role::Hook { phases, .. } if phases.contains(&phase)))
    };
    let wanted = wanted(application, runs_in(Phase::PreDelete), runs_in(Phase::PostDelete));
    if wanted.as_slice() == application.metadata.finalizers.as_deref().unwrap_or_default() {
        return Ok(());
    }
    applications.set_finalizers(application, &wanted).await
}

/// The finalizers of an Application with hooks of these kinds, in the order in which they are.
fn wanted(application: &Application, pre: bool, post: bool) -> Vec<String> {
    let mut finalizers = application.metadata.finalizers.clone().unwrap_or_default();
    for (runs, name) in [(pre, PRE_DELETE_FINALIZER), (post, POST_DELETE_FINALIZER)] {
        for finalizer in [name.to_owned(), format!("{name}{CLEANUP}")] {
            match runs {
                true if !finalizers.contains(&finalizer) => finalizers.push(finalizer),
                true => {}
                false => finalizers.retain(|one| *one != finalizer),
            }
        }
    }
    finalizers
}

/// What has to go or to run before an Application goes; none where no finalizer asks for anything.
pub(super) fn cascade(application: &Application) -> Option<Cascade> {
    if has(application, RESOURCES_FINALIZER) {
        Some(Cascade::Everything)
    } else if has_hooks(application) {
        Some(Cascade::Hooks)
    } else {
        None
    }
}

/// Whether hooks have to run before an Application goes.
pub(super) fn has_hooks(application: &Application) -> bool {
    has(application, PRE_DELETE_FINALIZER) || has(application, POST_DELETE_FINALIZER)
}

fn has(application: &Application, name: &str) -> bool {
    application.metadata.finalizers.iter().flatten().any(|finalizer| finalizer.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(finalizers: &[&str]) -> Application {
        let mut application = Application::new("web", None);
        application.metadata.finalizers = Some(finalizers.iter().map(|one| (*one).to_owned()).collect());
        application
    }

    #[test]
    fn hooks_have_two_finalizers_each_and_others_stay() {
        let pre = ["pre-delete-finalizer.argocd.argoproj.io", "pre-delete-finalizer.argocd.argoproj.io/cleanup"];
        let post = ["post-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io/cleanup"];
        let application = with(&["mine", RESOURCES_FINALIZER]);
        assert_eq!(wanted(&application, false, false), ["mine", RESOURCES_FINALIZER]);
        let all = [&["mine", RESOURCES_FINALIZER][..], &pre, &post].concat();
        assert_eq!(wanted(&application, true, true), all);
        assert_eq!(wanted(&with(&all), true, true), all);
        assert_eq!(wanted(&with(&all), false, true), [&["mine", RESOURCES_FINALIZER][..], &post].concat());
        assert_eq!(cascade(&with(&all)), Some(Cascade::Everything));
        assert_eq!(cascade(&with(&post)), Some(Cascade::Hooks));
        assert_eq!(cascade(&with(&["mine"])), None);
    }
}
