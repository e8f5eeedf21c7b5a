//! The tutorial's history: what each commit changes, and what to look at afterwards.

/// One commit of the story.
pub(super) struct Chapter {
    /// What the chapter is about, for people.
    pub title: &'static str,
    /// The commit.
    pub change: Change,
    /// Applications to sync afterwards: files under `applications/`.
    pub sync: &'static [&'static str],
}

/// How a commit comes about.
pub(super) enum Change {
    /// These files are written.
    Files {
        /// The commit's message.
        message: &'static str,
        /// Paths and their new text.
        files: Vec<(&'static str, String)>,
    },
    /// The commit before is reverted.
    RevertLast,
}

macro_rules! tutorial {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../../examples/tutorial/", $path)).to_owned())
    };
}

const WEB_APP: &str = "apps/web-app/deployment.yaml";

/// The chapters, in order.
pub(super) fn chapters() -> Vec<Chapter> {
    let (_, deployment) = tutorial!("apps/web-app/deployment.yaml");
    let three = deployment.replace("replicas: 5", "replicas: 3");
    let broken = deployment.replace("myapp:v1.0", "myapp:v2.0-broken").replace(
        "  labels:\n    app: web-app\nspec:",
        "  labels:\n    app: web-app\n  annotations:\n    gitops.engine/simulate: fail\nspec:",
    );
    vec![
        Chapter {
            title: "A web application, three replicas",
            change: Change::Files {
                message: "Add web-app with 3 replicas",
                files: vec![
                    (WEB_APP, three),
                    tutorial!("apps/web-app/service.yaml"),
                    tutorial!("applications/web-app.yaml"),
                ],
            },
            sync: &["web-app"],
        },
        Chapter {
            title: "Scale to five through Git: one field changes",
            change: Change::Files { message: "Scale web-app to 5 replicas", files: vec![(WEB_APP, deployment)] },
            sync: &["web-app"],
        },
        Chapter {
            title: "One base, two overlays: staging and production",
            change: Change::Files {
                message: "Add the shop as a base with staging and production overlays",
                files: vec![
                    tutorial!("apps/shop/base/kustomization.yaml"),
                    tutorial!("apps/shop/base/deployment.yaml"),
                    tutorial!("apps/shop/base/service.yaml"),
                    tutorial!("apps/shop/overlays/staging/kustomization.yaml"),
                    tutorial!("apps/shop/overlays/staging/patches.yaml"),
                    tutorial!("apps/shop/overlays/production/kustomization.yaml"),
                    tutorial!("apps/shop/overlays/production/patches.yaml"),
                    tutorial!("applications/shop-staging.yaml"),
                    tutorial!("applications/shop-production.yaml"),
                ],
            },
            sync: &["shop-staging", "shop-production"],
        },
        Chapter {
            title: "Order: waves 0 to 3, a migration before, a smoke test after",
            change: Change::Files {
                message: "Add the database in waves, with hooks",
                files: vec![
                    tutorial!("apps/database/waves.yaml"),
                    tutorial!("apps/database/hooks.yaml"),
                    tutorial!("applications/database.yaml"),
                ],
            },
            sync: &["database"],
        },
        Chapter {
            title: "A bad commit: the new version never becomes ready",
            change: Change::Files { message: "Update web-app to v2.0-broken", files: vec![(WEB_APP, broken)] },
            sync: &["web-app"],
        },
        Chapter { title: "Its git revert brings the old version back", change: Change::RevertLast, sync: &["web-app"] },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_of_the_deployment_differs() {
        let texts: Vec<_> = chapters()
            .into_iter()
            .filter_map(|chapter| match chapter.change {
                Change::Files { files, .. } => files.into_iter().find(|(path, _)| *path == WEB_APP),
                Change::RevertLast => None,
            })
            .map(|(_, text)| text)
            .collect();
        assert_eq!(texts.len(), 3);
        assert!(texts[0].contains("replicas: 3") && texts[1].contains("replicas: 5"));
        assert!(texts[2].contains("v2.0-broken") && texts[2].contains("gitops.engine/simulate: fail"));
    }
}
